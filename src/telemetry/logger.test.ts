import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { Secret } from '../component/secret.ts'
import { DeliveryError } from '../errors/delivery-error.ts'
import { createLogger, type RootLogger } from './logger.ts'

type Line = Record<string, unknown>

function recorded(level: 'debug' | 'info' | 'warn' | 'error' = 'info'): {
  logger: RootLogger
  lines: Line[]
  raw: string[]
  clock: FakeClock
} {
  const clock = new FakeClock(0)
  const raw: string[] = []
  const lines: Line[] = []
  const write = (line: string): void => {
    raw.push(line)
    lines.push(JSON.parse(line) as Line)
  }
  return { logger: createLogger({ clock, level, write }), lines, raw, clock }
}

suite('a log line', () => {
  test('is one JSON object with time, level, message and who speaks', () => {
    const { logger, raw } = recorded()
    logger.child({ component_kind: 'receiver', component_id: 'otlp' }).info('ready', { port: 4317 })
    assert.deepEqual(raw, [
      '{"ts":"1970-01-01T00:00:00.000Z","level":"info","msg":"ready","component_kind":"receiver","component_id":"otlp","port":4317}\n',
    ])
  })

  test('of a lower level is not made', () => {
    const { logger, lines } = recorded('warn')
    logger.debug('a')
    logger.info('b')
    logger.warn('c')
    logger.error('d')
    assert.deepEqual(
      lines.map((line) => line['msg']),
      ['c', 'd'],
    )
  })

  const circular: Record<string, unknown> = {}
  circular['self'] = circular
  const rows: readonly { name: string; value: unknown; want: unknown }[] = [
    {
      name: 'a secret',
      value: { nested: [new Secret('hunter2')] },
      want: { nested: ['[redacted]'] },
    },
    { name: 'bytes', value: new Uint8Array(5), want: '<5 bytes>' },
    { name: 'a buffer', value: Buffer.from('hello'), want: '<5 bytes>' },
    { name: 'a bigint', value: 2n ** 60n, want: '1152921504606846976' },
    { name: 'a map', value: new Map([['a', 1]]), want: { a: 1 } },
    {
      name: 'an expected error with its code and causes',
      value: new DeliveryError('unavailable', 'no answer', { cause: new Error('ECONNREFUSED') }),
      want: { message: 'no answer', code: 'unavailable', causes: ['ECONNREFUSED'] },
    },
    {
      name: 'what the system refuses without a stack',
      value: new Error('cannot listen', {
        cause: Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' }),
      }),
      want: { message: 'cannot listen', causes: ['listen EADDRINUSE'] },
    },
    {
      name: 'a long text, cut',
      value: 'x'.repeat(5000),
      want: `${'x'.repeat(4000)}… (5000 characters)`,
    },
  ]
  for (const { name, value, want } of rows) {
    test(`prints ${name}`, () => {
      const { logger, lines } = recorded()
      logger.info('message', { value })
      assert.deepEqual(lines[0]?.['value'], want)
    })
  }

  test('keeps the stack of a bug', () => {
    const { logger, lines } = recorded()
    logger.error('broken', { error: new TypeError('x is undefined') })
    const error = lines[0]?.['error'] as Line
    assert.match(String(error['stack']), /logger\.test\.ts/)
  })

  test('shows where a bug is, also in other words, and no stack of what was put into words', () => {
    const { logger, lines } = recorded()
    const broken = new TypeError('x is undefined')
    logger.error('broken', { error: new Error('cannot start', { cause: broken }) })
    logger.error('failed', { error: new Error('cannot start', { cause: new Error('in use') }) })
    const [bug, expected] = lines.map((line) => line['error'] as Line)
    assert.match(String(bug?.['stack']), /^TypeError: x is undefined/)
    assert.deepEqual(expected, { message: 'cannot start', causes: ['in use'] })
  })

  test('survives fields that cannot be printed', () => {
    const { logger, lines } = recorded()
    logger.info('message', circular)
    assert.equal(lines[0]?.['msg'], 'message')
    assert.match(String(lines[0]?.['fields']), /circular/)
  })

  test('cannot have its message or level replaced by a field', () => {
    const { logger, lines } = recorded()
    logger.info('message', { msg: 'other', level: 'error', ts: 'never' })
    assert.equal(lines[0]?.['msg'], 'message')
    assert.equal(lines[0]?.['level'], 'info')
  })
})

suite('the rate limit', () => {
  test('lets five of a message pass and tells how many did not', async () => {
    const { logger, lines, clock } = recorded()
    const component = logger.child({ component_id: 'otlp' })
    for (let i = 0; i < 100; i++) component.warn('cannot send', { i })
    assert.equal(lines.length, 5)
    assert.equal(logger.suppressedLines, 95)
    await clock.advance(10_000)
    assert.equal(lines.length, 6)
    assert.equal(lines[5]?.['suppressed'], 95)
    assert.equal(lines[5]?.['component_id'], 'otlp')
    assert.equal(clock.pending, 0)
  })

  test('counts by component, message and level', () => {
    const { logger, lines } = recorded()
    for (let i = 0; i < 6; i++) {
      logger.child({ component_id: 'a' }).warn('x')
      logger.child({ component_id: 'b' }).warn('x')
      logger.child({ component_id: 'a' }).warn('y')
      logger.child({ component_id: 'a' }).error('x')
    }
    assert.equal(lines.length, 20)
  })

  test('starts anew in the next window', async () => {
    const { logger, lines, clock } = recorded()
    for (let i = 0; i < 5; i++) logger.warn('x')
    await clock.advance(10_001)
    logger.warn('x')
    assert.equal(lines.length, 6)
  })

  test('tells what it holds back when it is closed', () => {
    const { logger, lines, clock } = recorded()
    for (let i = 0; i < 7; i++) logger.warn('x')
    logger.close()
    assert.equal(lines.at(-1)?.['suppressed'], 2)
    assert.equal(clock.pending, 0)
  })

  test('remembers a bounded number of messages', () => {
    const { logger, lines } = recorded()
    for (let i = 0; i < 3000; i++) logger.warn(`message ${i}`)
    assert.equal(lines.length, 3000)
  })
})
