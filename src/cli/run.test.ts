import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { type Clock, systemClock } from '../component/clock.ts'
import { defineExporter, defineProcessor, defineReceiver } from '../component/define.ts'
import type { Component } from '../component/lifecycle.ts'
import { createRegistry } from '../component/registry.ts'
import type { Logger, Status } from '../component/telemetry.ts'
import { run } from './run.ts'

interface Behaviour {
  readonly endsByItself?: boolean
  readonly start?: (abort?: AbortSignal) => Promise<void>
  readonly stop?: (abort: AbortSignal) => Promise<void>
}

/** Of the receiver of the last `start` that ends by itself. */
let end: () => void
/** Of the exporter of the last `start`. */
let report: (status: Status) => void
let log: Logger

/** `remora run` in this process, with a receiver and processors that behave as told. */
function start(behaviour: Behaviour = {}, shutdownTimeout = '10s', clock: Clock = systemClock) {
  const lines: Record<string, unknown>[] = []
  const exits: number[] = []
  const waiting: { text: string; resolve: () => void }[] = []
  let signal: (name: string) => void = () => {}
  let bug: (error: unknown) => void = () => {}
  const component: Component = {
    start: behaviour.start ?? (() => Promise.resolve()),
    stop: behaviour.stop ?? (() => Promise.resolve()),
  }
  const registry = createRegistry([
    defineReceiver({
      type: 'toy',
      summary: '',
      stability: { logs: 'beta' },
      config: v.strictObject({}),
      metrics: {},
      examples: [],
      create: ({ endsByItself }) => {
        if (behaviour.endsByItself === true) end = endsByItself()
        return component
      },
    }),
    defineProcessor({
      type: 'toy',
      summary: '',
      stability: { logs: 'beta' },
      config: v.strictObject({}),
      metrics: {},
      examples: [],
      create: () => ({ ...component, consume: () => Promise.resolve() }),
    }),
    defineExporter({
      type: 'toy',
      summary: '',
      stability: { logs: 'beta' },
      config: v.strictObject({}),
      metrics: {},
      examples: [],
      create: ({ status, logger }) => {
        report = status
        log = logger
        return { start: async () => {}, stop: async () => {}, consume: async () => {} }
      },
    }),
  ])
  const yaml = `
receivers: {toy: }
processors: {toy/1: , toy/2: , toy/3: }
exporters: {toy: , toy/unused: }
service:
  shutdown_timeout: ${shutdownTimeout}
  telemetry: {metrics: {level: none}}
  pipelines: {logs: {receivers: [toy], processors: [toy/1, toy/2, toy/3], exporters: [toy]}}`
  const code = run(
    { command: 'run', config: [`yaml:${yaml}`], set: [], format: undefined, mode: 'redacted' },
    {
      env: {},
      stdout: () => {},
      stderr: (text) => {
        for (const line of text.split('\n')) if (line !== '') lines.push(JSON.parse(line))
        for (const { text: wanted, resolve } of waiting) if (text.includes(wanted)) resolve()
      },
      readFile: () => '',
      loadRegistry: async () => registry,
    },
    {
      clock,
      onSignal: (receive) => {
        signal = receive
      },
      leaveSignals: () => {},
      onBug: (receive) => {
        bug = receive
      },
      exit: (exitCode) => exits.push(exitCode),
    },
  )
  const logged = (text: string): Promise<void> => {
    if (lines.some((line) => JSON.stringify(line).includes(text))) return Promise.resolve()
    return new Promise((resolve) => waiting.push({ text, resolve }))
  }
  return {
    code,
    lines,
    exits,
    logged,
    signal: (name: string) => signal(name),
    bug: (error: unknown) => bug(error),
    messages: () => lines.map(({ msg }) => msg),
  }
}

suite('run', () => {
  test('says when it is ready, and stops on a signal with 0', async () => {
    const { code, logged, signal, messages, exits, lines } = start()
    await logged('"ready"')
    signal('SIGTERM')
    assert.equal(await code, 0)
    assert.deepEqual(messages(), [
      'configuration warning',
      'ready',
      'stopping',
      'pipeline stopped',
      'stopped',
    ])
    assert.equal(lines[0]?.['line'], 4)
    assert.deepEqual(exits, [])
  })

  test('ends with 0 when its input has ended', async () => {
    const { code, logged, messages } = start({ endsByItself: true })
    await logged('"ready"')
    end()
    assert.equal(await code, 0)
    assert.deepEqual(messages().slice(1), [
      'ready',
      'all input has ended, stopping',
      'pipeline stopped',
      'stopped',
    ])
  })

  test('says what it held back of a flood before its last line', async () => {
    const { code, logged, signal, lines } = start()
    await logged('"ready"')
    for (let i = 0; i < 9; i++) log.warn('a flood')
    signal('SIGTERM')
    await code
    assert.deepEqual(
      lines.slice(-2).map(({ msg, suppressed }) => [msg, suppressed]),
      [
        ['a flood', 4],
        ['stopped', undefined],
      ],
    )
  })

  test('says at a stop with a backend that is down how to end it at once', async () => {
    const { code, logged, signal, lines } = start()
    await logged('"ready"')
    report({ state: 'recoverable_error', reason: 'down' })
    signal('SIGINT')
    await code
    const stopping = lines.find(({ msg }) => msg === 'stopping')
    assert.match(String(stopping?.['message']), /^exporter:toy cannot deliver.*second signal/)
  })

  test('that cannot start says why, and ends with 1', async () => {
    const { code, lines } = start({
      start: () => Promise.reject(new Error('cannot listen on "localhost:1": no')),
    })
    assert.equal(await code, 1)
    assert.match(JSON.stringify(lines), /cannot listen on/)
  })

  test('a signal during the start stops it once it has started', async () => {
    const starting = Promise.withResolvers<void>()
    const { code, signal, messages } = start({ start: () => starting.promise })
    await new Promise(setImmediate)
    signal('SIGINT')
    starting.resolve()
    assert.equal(await code, 0)
    assert.ok(messages().includes('stopped'))
  })

  test('a signal during a start that would take seconds ends it, and what runs is stopped', async () => {
    let stops = 0
    const begun = Promise.withResolvers<void>()
    const { code, signal, messages, exits } = start({
      start: (abort) => {
        begun.resolve()
        return new Promise((_, reject) => {
          abort?.addEventListener('abort', () => reject(abort.reason as Error))
        })
      },
      stop: async () => {
        stops++
      },
    })
    await begun.promise
    signal('SIGTERM')
    assert.equal(await code, 0)
    assert.deepEqual(messages().slice(-2), ['stopping', 'stopped'])
    assert.deepEqual([stops, exits], [0, []])
  })

  test('a second signal ends the process at once with 130', async () => {
    const stopping = Promise.withResolvers<void>()
    const { code, logged, signal, exits } = start({ stop: () => stopping.promise })
    await logged('"ready"')
    signal('SIGTERM')
    assert.deepEqual(exits, [])
    signal('SIGTERM')
    assert.deepEqual(exits, [130])
    stopping.resolve()
    await code
  })

  test('a Ctrl-C that npm passes on as well is one signal; a later one is the second', async () => {
    const stopping = Promise.withResolvers<void>()
    const clock = new FakeClock()
    const { code, logged, signal, exits } = start({ stop: () => stopping.promise }, '10s', clock)
    await logged('"ready"')
    signal('SIGINT')
    await clock.advance(99)
    signal('SIGINT')
    assert.deepEqual(exits, [])
    await clock.advance(1)
    signal('SIGINT')
    assert.deepEqual(exits, [130])
    stopping.resolve()
    await code
  })

  test('a stop that waits for its abort is over with the shutdown timeout', async () => {
    const { code, logged, signal, exits } = start(
      {
        stop: (abort) => new Promise((resolve) => abort.addEventListener('abort', () => resolve())),
      },
      '50ms',
    )
    await logged('"ready"')
    signal('SIGTERM')
    assert.equal(await code, 0)
    assert.deepEqual(exits, [])
  })

  test('a stop in which several components hang is cut off with 3', async () => {
    const clock = new FakeClock()
    const stopping = Promise.withResolvers<void>()
    const { code, logged, signal, exits } = start({ stop: () => stopping.promise }, '10s', clock)
    await logged('"ready"')
    signal('SIGTERM')
    await clock.advance(12_999)
    assert.deepEqual(exits, [])
    await clock.advance(1)
    assert.deepEqual(exits, [3])
    stopping.resolve()
    await code
  })

  test('a bug is logged with its stack, and ends in a stop with 70', async () => {
    const { code, logged, bug, lines, exits } = start()
    await logged('"ready"')
    bug(new Error('broken'))
    assert.equal(await code, 70)
    const line = lines.find(({ msg }) => String(msg).startsWith('BUG'))
    assert.match(String(line?.['stack']), /run\.test\.ts/)
    assert.deepEqual(exits, [])
  })

  test('a second bug, during that stop, ends the process at once', async () => {
    const stopping = Promise.withResolvers<void>()
    const { code, logged, bug, exits } = start({ stop: () => stopping.promise })
    await logged('"ready"')
    bug(new Error('broken'))
    bug('again')
    assert.deepEqual(exits, [70])
    stopping.resolve()
    assert.equal(await code, 70)
  })
})
