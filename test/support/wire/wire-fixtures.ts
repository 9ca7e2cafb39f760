import { readFileSync } from 'node:fs'
import type { Signal } from '../../../src/signal/signal.ts'

/** fixtures/wire: every field of a signal, written by hand and encoded by the oracle. */
export function wireFixture(signal: Signal): { bytes: Buffer; text: string; itemCount: number } {
  const url = new URL('../../../fixtures/wire/', import.meta.url)
  return {
    bytes: readFileSync(new URL(`${signal}.binpb`, url)),
    text: readFileSync(new URL(`${signal}.json`, url), 'utf8'),
    itemCount: { logs: 5, metrics: 8, traces: 4 }[signal],
  }
}
