import { Batch } from '../../src/signal/batch.ts'

/**
 * Log records that can be told apart: record 17 has the body `n=17;`. Each batch is one segment with one resource and
 * one scope.
 */
export function numberedLogs(first: number, count: number, paddingBytes = 0): Batch<'logs'> {
  const padding = 'x'.repeat(paddingBytes)
  const records: Buffer[] = []
  for (let number = first; number < first + count; number++) {
    const value = field(0x0a, Buffer.from(`n=${number};${padding}`))
    records.push(field(0x12, field(0x2a, value)))
  }
  const bytes = field(0x0a, field(0x12, Buffer.concat(records)))
  return new Batch('logs', [bytes], count)
}

/** The numbers in a batch, in order. */
export function numbersOf(batch: Batch): number[] {
  return numbersIn(batch.bytes())
}

/** The numbers anywhere in some bytes: a request, or a file of them. */
export function numbersIn(bytes: Uint8Array): number[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  return [...text.matchAll(/n=(\d+);/g)].map((match) => Number(match[1]))
}

function field(tag: number, payload: Buffer): Buffer {
  const length: number[] = []
  let rest = payload.byteLength
  for (; rest >= 0x80; rest >>>= 7) length.push((rest & 0x7f) | 0x80)
  length.push(rest)
  return Buffer.concat([Buffer.from([tag, ...length]), payload])
}
