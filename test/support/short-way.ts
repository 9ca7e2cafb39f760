import assert from 'node:assert/strict'
import type { Chain } from '../../src/operators/chain.ts'
import { bareHead } from '../../src/operators/direct/line-head.ts'
import { Entry } from '../../src/operators/entry.ts'
import { LogWriter } from '../../src/wire/otlp/log-writer.ts'

/** Whether operators take this line, alone in its block, from the bytes into the batch. */
export function takesShortWay(
  chain: Chain,
  line: string,
  reserved: readonly string[] = [],
): boolean {
  const { direct } = chain
  assert.ok(direct !== undefined)
  const writer = new LogWriter(64)
  writer.beginResource(new Uint8Array(0))
  const host = {
    open: () => {
      writer.beginRecord()
      return writer
    },
    end: () => writer.endRecord(),
    cancel: () => writer.cancelRecord(),
    entry: (body: unknown) => Object.assign(new Entry(), { body }),
    release: () => assert.fail('a record was given up'),
  }
  direct.begin({ path: 'a', attributes: {}, resource: {}, reserved }, host, 0)
  const bytes = Buffer.from(`{${line}"`)
  return direct.take(bytes, 1, bytes.length - 1, bareHead)
}
