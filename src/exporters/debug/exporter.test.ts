import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Writable } from 'node:stream'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { FakeClock, settle } from '../../../test/support/fake-clock.ts'
import { numberedLogs } from '../../../test/support/numbered-logs.ts'
import { testContext } from '../../../test/support/recording-intake.ts'
import { testSettings } from '../../../test/support/settings.ts'
import { Batch } from '../../signal/batch.ts'
import type { Signal } from '../../signal/signal.ts'
import { fromJson } from '../../wire/otlp/from-json.ts'
import { scanItems } from '../../wire/otlp/scan.ts'
import { debug } from './definition.ts'
import { DebugExporter } from './exporter.ts'
import { config } from './schema.ts'

/** Takes a text when it is told to. */
class Screen extends Writable {
  text = ''
  stuck: ((error?: Error) => void)[] = []
  slow = false

  override _write(chunk: Buffer, _: string, done: (error?: Error | null) => void): void {
    this.text += chunk.toString()
    if (this.slow) this.stuck.push(done)
    else done()
  }
}

async function setup(input: v.InferInput<typeof config>) {
  const settings = testSettings(v.parse(config, input), { id: 'debug', clock: new FakeClock() })
  const screen = new Screen()
  const exporter = new DebugExporter(settings, () => Promise.resolve(screen))
  await exporter.start()
  return { settings, screen, exporter }
}

function batchOf(signal: Signal, json: object): Batch {
  const bytes = fromJson(signal, JSON.stringify(json))
  return new Batch(signal, [bytes], scanItems(signal, bytes))
}

const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] }
const logs = batchOf('logs', {
  resourceLogs: [
    {
      resource,
      scopeLogs: [
        {
          logRecords: [
            {
              timeUnixNano: '1767323045678000000',
              severityNumber: 9,
              body: { stringValue: 'order placed' },
              attributes: [
                { key: 'id', value: { intValue: '17' } },
                { key: 'to who', value: { arrayValue: { values: [{ stringValue: 'a b' }] } } },
              ],
            },
            { severityText: 'odd', body: { stringValue: 'evil \u001b[2J\nline \u009b' } },
          ],
        },
      ],
    },
  ],
})
const point = {
  timeUnixNano: '1767323045678000000',
  attributes: [{ key: 'k', value: { stringValue: 'v' } }],
}
const metrics = batchOf('metrics', {
  resourceMetrics: [
    {
      resource,
      scopeMetrics: [
        {
          metrics: [
            { name: 'up', gauge: { dataPoints: [{ ...point, asInt: '0' }] } },
            {
              name: 'took',
              histogram: {
                dataPoints: [
                  {
                    ...point,
                    count: '3',
                    sum: 1.5,
                    bucketCounts: ['1', '2'],
                    explicitBounds: [0.5],
                  },
                ],
              },
            },
            {
              name: 'q',
              summary: {
                dataPoints: [
                  { ...point, count: '1', sum: 2, quantileValues: [{ quantile: 0.9, value: 2 }] },
                ],
              },
            },
          ],
        },
      ],
    },
  ],
})
const traces = batchOf('traces', {
  resourceSpans: [
    {
      resource,
      scopeSpans: [
        {
          spans: [
            {
              traceId: '0102030405060708090a0b0c0d0e0f10',
              spanId: '0102030405060708',
              name: 'GET /pay',
              startTimeUnixNano: '1767323045678000000',
              endTimeUnixNano: '1767323045690500000',
              status: { code: 2, message: 'no' },
            },
          ],
        },
      ],
    },
  ],
})

suite('output', () => {
  test('basic is a line for each batch', async () => {
    const { screen, exporter } = await setup({})
    await exporter.consume(logs, testContext())
    assert.equal(
      screen.text,
      `2026-01-01T00:00:00.000Z debug: 2 log records, ${logs.sizeBytes} bytes\n`,
    )
  })

  test('normal is a line for each item, and nothing of it moves the terminal', async () => {
    const { screen, exporter } = await setup({ verbosity: 'normal' })
    for (const batch of [logs, metrics, traces]) await exporter.consume(batch, testContext())
    assert.deepEqual(screen.text.split('\n'), [
      '2026-01-02T03:04:05.678Z INFO [shop] order placed id=17 "to who"=["a b"]',
      '- odd [shop] "evil \\u001b[2J\\nline \\u009b"',
      '2026-01-02T03:04:05.678Z METRIC [shop] up{k=v} 0',
      '2026-01-02T03:04:05.678Z METRIC [shop] took{k=v} count=3 sum=1.5 le0.5=1 le+Inf=2',
      '2026-01-02T03:04:05.678Z METRIC [shop] q{k=v} count=1 sum=2 q0.9=2',
      '2026-01-02T03:04:05.678Z SPAN [shop] GET /pay 12.500ms trace=0102030405060708090a0b0c0d0e0f10 span=0102030405060708 error=no',
      '',
    ])
  })

  test('one record is not many, and an empty value is not a gap', async () => {
    const { screen, exporter } = await setup({ verbosity: 'detailed' })
    const values = [{ intValue: '1' }, {}]
    const attributes = [
      { key: 'a', value: { arrayValue: { values } } },
      { key: 'b', value: {} },
    ]
    const one = batchOf('logs', {
      resourceLogs: [{ scopeLogs: [{ logRecords: [{ attributes }] }] }],
    })
    await exporter.consume(one, testContext())
    assert.match(screen.text, /debug: 1 log record, /)
    assert.match(screen.text, / a = \[1, null\]\n +b = null\n/)
  })

  test('detailed shows every field', async () => {
    const { screen, exporter } = await setup({ verbosity: 'detailed' })
    for (const batch of [logs, metrics, traces]) await exporter.consume(batch, testContext())
    for (const line of [
      '    service.name = shop',
      '      severityNumber: 9',
      '      body: order placed',
      '      timeUnixNano: 2026-01-02T03:04:05.678Z',
      '          asInt: 0',
      '          explicitBounds: 0.5',
      '      traceId: 0102030405060708090a0b0c0d0e0f10',
      '        message: no',
    ]) {
      assert.ok(screen.text.includes(`${line}\n`), `${line} in\n${screen.text}`)
    }
  })

  const limits: readonly { name: string; max: number; batch: Batch; lines: number; end: RegExp }[] =
    [
      { name: 'fewer', max: 1, batch: logs, lines: 2, end: /order placed .*\n… and 1 more\n$/ },
      { name: 'all', max: 2, batch: logs, lines: 2, end: /line \\u009b"\n$/ },
      { name: 'more than there are', max: 9, batch: logs, lines: 2, end: /line \\u009b"\n$/ },
      { name: 'across metrics', max: 2, batch: metrics, lines: 3, end: /took.*\n… and 1 more\n$/ },
      {
        name: 'across segments',
        max: 7,
        batch: Batch.concat('logs', [numberedLogs(0, 5), numberedLogs(5, 5)]),
        lines: 8,
        end: /n=6;\n… and 3 more\n$/,
      },
    ]
  for (const { name, max, batch, lines, end } of limits) {
    test(`of ${name} by max_records`, async () => {
      const { screen, exporter } = await setup({ verbosity: 'normal', max_records: max })
      const context = testContext()
      await exporter.consume(batch, context)
      assert.equal(screen.text.split('\n').length - 1, lines, screen.text)
      assert.match(screen.text, end)
      assert.equal(context.ledger.exporter('debug').delivered, batch.itemCount)
    })
  }

  test('of max_records in detail ends with how many more there are', async () => {
    const { screen, exporter } = await setup({ verbosity: 'detailed', max_records: 1 })
    await exporter.consume(logs, testContext())
    assert.match(screen.text, /debug: 2 log records/)
    assert.match(screen.text, /order placed[\s\S]*… and 1 more\n$/)
    assert.doesNotMatch(screen.text, /evil/)
  })

  test('is sampled each second, and what is not shown is delivered', async () => {
    const { screen, exporter, settings } = await setup({
      sampling_initial: 1,
      sampling_thereafter: 3,
    })
    const context = testContext()
    for (let i = 0; i < 7; i++) await exporter.consume(logs, context)
    assert.equal(screen.text.split('\n').length - 1, 3)
    await settings.clock.advance(1000)
    await exporter.consume(logs, context)
    assert.equal(screen.text.split('\n').length - 1, 4)
    assert.equal(context.ledger.exporter('debug').delivered, 16)
  })
})

suite('the reader', () => {
  test('that is slow holds callers back, and refuses senders when much has gathered', async () => {
    const { screen, exporter } = await setup({ verbosity: 'normal' })
    screen.slow = true
    const context = testContext()
    const large = numberedLogs(0, 60, 100_000)
    const first = exporter.consume(large, context)
    await settle()
    assert.equal(context.ledger.exporter('debug').queued, 60)
    await assert.rejects(exporter.consume(logs, context), { code: 'queue_full', retry: 'backoff' })
    screen.stuck.shift()?.()
    await first
    assert.equal(context.ledger.exporter('debug').delivered, 60)
  })

  test('that goes away does not stop the pipeline; all is counted', async () => {
    const { screen, exporter, settings } = await setup({})
    screen.slow = true
    const context = testContext()
    const pending = exporter.consume(logs, context)
    screen.stuck.shift()?.(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    await pending
    await exporter.consume(logs, context)
    const account = context.ledger.exporter('debug')
    assert.deepEqual([account.queued, [...account.droppedByReason]], [0, [['write_failed', 4]]])
    assert.equal(settings.statuses.at(-1)?.state, 'permanent_error')
  })

  test('that hangs does not hold up a stop', async () => {
    const { screen, exporter } = await setup({})
    screen.slow = true
    const context = testContext()
    const pending = exporter.consume(logs, context)
    await exporter.stop(AbortSignal.abort())
    await pending
    const account = context.ledger.exporter('debug')
    assert.deepEqual([...account.droppedByReason], [['shutdown', 2]])
    await assert.rejects(exporter.consume(logs, context), { code: 'stopping' })
  })

  test('of a real pipe that is never read blocks nothing', { timeout: 20_000 }, async () => {
    const program = `
      const { openStdout } = await import(${JSON.stringify(new URL('../../lines/stdout.ts', import.meta.url))})
      const out = await openStdout()
      out.on('error', () => {})
      for (let i = 0; i < 100; i++) out.write('x'.repeat(100_000))
      setTimeout(() => { process.stderr.write('alive'); process.exit(0) }, 50)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    child.stderr.on('data', (chunk) => {
      said += chunk
    })
    const [code] = await once(child, 'exit')
    assert.deepEqual([code, said], [0, 'alive'])
  })
})

test('examples are valid', () => {
  for (const example of debug.examples) v.parse(config, example.config)
})
