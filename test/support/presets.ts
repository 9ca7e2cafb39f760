import assert from 'node:assert/strict'
import { Entry } from '../../src/operators/entry.ts'
import { findTimeZone } from '../../src/operators/time-zone.ts'
import { createFormat, type FormatName } from '../../src/presets/catalogue.ts'
import { LogWriter } from '../../src/wire/otlp/log-writer.ts'
import { readRecords } from './tail.ts'

/** Saturday noon in Berlin, where the times without a zone are from. */
export const presetNowMs = Date.UTC(2026, 10, 21, 11)

export interface ReadRecord {
  readonly time: string | undefined
  readonly level: readonly [number, string]
  readonly attributes: Readonly<Record<string, unknown>>
  readonly message: unknown
  /** Ids of trace and span, with a blank between. */
  readonly trace?: string
}

/** How a preset reads a record, both ways, which must agree; or the reason why it does not. */
export function readPreset(name: FormatName, text: string): ReadRecord | string {
  const zone = findTimeZone('Europe/Berlin')
  const format = createFormat(name, { zone, nowMs: () => presetNowMs, body: 'message' })
  const { source, start, end } = amongOthers(text)
  const entry = new Entry()
  entry.reset(text, {}, {})
  const reason = format.read(source, start, end, entry)
  const writer = new LogWriter()
  writer.observedAt(1)
  writer.beginResource(new Uint8Array(0))
  writer.beginRecord()
  const written = format.write(source, start, end, writer)
  if (reason !== undefined) {
    assert.equal(written, false, 'what cannot be read is not written')
    return reason
  }
  const read: ReadRecord = {
    time: iso(entry.timeUnixNano),
    level: [entry.severityNumber, entry.severityText],
    attributes: JSON.parse(JSON.stringify(entry.attributes)),
    message: entry.body,
    ...(entry.traceId === undefined
      ? {}
      : { trace: [entry.traceId, entry.spanId ?? new Uint8Array()].map(hex).join(' ') }),
  }
  if (!written) return read
  writer.endRecord()
  const [seen] = readRecords(writer.finish().bytes)
  assert.ok(seen !== undefined)
  const direct: ReadRecord = {
    time: seen.timeUnixNano === '0' ? undefined : iso(BigInt(seen.timeUnixNano)),
    level: [seen.severityNumber, seen.severityText],
    attributes: seen.attributes,
    message: seen.body,
    ...(seen.trace === undefined ? {} : { trace: seen.trace }),
  }
  assert.deepEqual(direct, read, 'both ways give the same record')
  return read
}

/** A record as it stands in a block: other lines around it, of which nothing may be seen. */
function amongOthers(text: string): { source: Buffer; start: number; end: number } {
  const before = Buffer.from('2026-01-01 [x] "')
  const record = Buffer.from(text)
  const after = Buffer.from('\n9"]) - : "x" 2026-01-01 00:00:00 ERROR:  x=1\n')
  const end = before.length + record.length
  return { source: Buffer.concat([before, record, after]), start: before.length, end }
}

function iso(time: bigint | undefined): string | undefined {
  if (time === undefined) return undefined
  const second = new Date(Number(time / 1_000_000_000n) * 1000).toISOString().slice(0, 19)
  const fraction = String(time % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '')
  return fraction === '' ? `${second}Z` : `${second}.${fraction}Z`
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
