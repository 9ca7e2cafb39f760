import assert from 'node:assert/strict'
import * as v from 'valibot'
import { Chain } from '../../src/operators/chain.ts'
import { compileOperators } from '../../src/operators/compile.ts'
import { Entry, type Value, type Values } from '../../src/operators/entry.ts'
import { operators } from '../../src/operators/schema.ts'
import { FakeClock } from './fake-clock.ts'
import { RecordingLogger, RecordingMeter } from './settings.ts'

export interface OperatorRow {
  readonly name: string
  readonly ops: readonly object[]
  readonly body?: Value
  readonly attributes?: Values
  readonly want: object
}

/** Runs operators on one entry and compares what `want` names. */
export function checkOperators({ ops, body = 'body', attributes = {}, want }: OperatorRow): void {
  const logger = new RecordingLogger()
  const meter = new RecordingMeter()
  const ends: string[] = []
  const chain = compileOperators(
    v.parse(operators, ops),
    meter,
    logger,
    new FakeClock(),
    (reason) => ends.push(reason),
  )
  assert.ok(chain instanceof Chain)
  const entry = new Entry()
  entry.reset(body, structuredClone(attributes), { base: 'r' })
  entry.path = '/var/log/pods/shop_cart-5d_0c6c-1/app/3.log'
  let kept = false
  chain.run(entry, 0, (out) => {
    assert.equal(out, entry)
    kept = true
  })
  const total = (name: string): number =>
    [...meter.counters]
      .filter(([key]) => key.startsWith(name))
      .reduce((sum, [, cell]) => sum + (cell as { total: number }).total, 0)
  const got: Record<string, unknown> = {
    kept,
    body: entry.body,
    attributes: entry.attributes,
    keys: Object.keys(entry.attributes),
    resource: entry.resource,
    scope: entry.scopeName,
    traceId: entry.traceId && Buffer.from(entry.traceId).toString('hex'),
    spanId: entry.spanId && Buffer.from(entry.spanId).toString('hex'),
    traceFlags: entry.traceFlags,
    filtered: total('remora_operator_filtered'),
    severity: [entry.severityNumber, entry.severityText],
    time: entry.timeUnixNano === undefined ? undefined : iso(entry.timeUnixNano),
    errors: total('remora_operator_errors'),
    dropped: total('remora_operator_dropped'),
    warnings: logger.messages('warn').length,
    ends,
    said: logger.entries.map(({ message, fields }) => ({ message, ...fields })),
  }
  for (const [key, value] of Object.entries(want)) assert.deepEqual(got[key], value, key)
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
}

function iso(nanos: bigint): string {
  const text = new Date(Number(nanos / 1_000_000n)).toISOString()
  const rest = String(nanos % 1_000_000n)
    .padStart(6, '0')
    .replace(/(000)?000$/, '')
  return text.replace('Z', `${rest}Z`)
}

/** Compiles operators, sends entries with these bodies through, and returns the chain and what came out. */
export function runOperators(
  ops: readonly object[],
  bodies: readonly Value[],
): { chain: Chain; out: Entry[]; meter: RecordingMeter } {
  const meter = new RecordingMeter()
  const clock = new FakeClock()
  const chain = compileOperators(
    v.parse(operators, ops),
    meter,
    new RecordingLogger(),
    clock,
    () => {},
  )
  const out: Entry[] = []
  const entry = new Entry()
  entry.path = '/var/log/pods/shop_cart-5d_0c6c-1/app/3.log'
  for (const [index, body] of bodies.entries()) {
    entry.reset(body, {}, {})
    chain.run(entry, index, (done) => out.push(done.clone()))
  }
  return { chain, out, meter }
}
