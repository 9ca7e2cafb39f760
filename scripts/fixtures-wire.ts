import { readFileSync, writeFileSync } from 'node:fs'
import { signals } from '../src/signal/signal.ts'
import { oracleEncode } from '../test/support/wire/oracle.ts'

/** Encodes the hand-written requests of fixtures/wire with the foreign codec: `node scripts/fixtures-wire.ts`. */
for (const signal of signals) {
  const path = new URL(`../fixtures/wire/${signal}`, import.meta.url).pathname
  const document: unknown = JSON.parse(readFileSync(`${path}.json`, 'utf8'))
  writeFileSync(`${path}.binpb`, oracleEncode(signal, document))
}
