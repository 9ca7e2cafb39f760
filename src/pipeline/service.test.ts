import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite, test } from 'node:test'
import { FakeClock } from '../../test/support/fake-clock.ts'
import {
  configuredService,
  type FakeService,
  fakeExporter,
  fakeExtension,
  fakeProcessor,
  fakeReceiver,
} from '../../test/support/service.ts'
import type { Host, Outputs, Settings } from '../component/define.ts'
import type { Component } from '../component/lifecycle.ts'
import { Batch } from '../signal/batch.ts'
import type { Consumer } from '../signal/consumer.ts'
import { createLogger, type RootLogger } from '../telemetry/logger.ts'
import { planGraph } from './plan.ts'
import { type RunningService, startService } from './service.ts'

interface World {
  /** What happened, in order: `start exporter e`, `stop receiver r`. */
  readonly events: string[]
  readonly clock: FakeClock
  readonly lines: Record<string, unknown>[]
  readonly logger: RootLogger
  outputs: Outputs
  host: Host | undefined
}

function createWorld(): World {
  const clock = new FakeClock()
  const lines: Record<string, unknown>[] = []
  const logger = createLogger({
    clock,
    level: 'debug',
    write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
  })
  return { events: [], clock, lines, logger, outputs: {}, host: undefined }
}

type Over = Partial<Component> & { readonly failCreate?: string }

/** A service of fakes that note when they start and stop; `over` replaces the lifecycle of one of them. */
function serviceOf(world: World, over: Readonly<Record<string, Over>> = {}): FakeService {
  const noted = (settings: Settings<object>, kind: string): Component => {
    const name = `${kind} ${settings.id}`
    const own = over[settings.id] ?? {}
    if (own.failCreate !== undefined) throw new Error(own.failCreate)
    return {
      start: async () => {
        world.events.push(`start ${name}`)
        await own.start?.()
      },
      stop: async (abort) => {
        world.events.push(`stop ${name}`)
        await own.stop?.(abort)
      },
    }
  }
  const deliver: Consumer['consume'] = (batch, { ledger }) => {
    ledger.exporter('e').delivered += batch.itemCount
    return Promise.resolve()
  }
  return {
    extensions: {
      x: fakeExtension({
        create: (settings, host) => {
          world.host = host
          return noted(settings, 'extension')
        },
      }),
    },
    exporters: {
      e: fakeExporter({
        create: (settings) => ({ ...noted(settings, 'exporter'), consume: deliver }),
      }),
    },
    processors: Object.fromEntries(
      ['p1', 'p2'].map((id) => [
        id,
        fakeProcessor({
          create: (settings, next) => ({
            ...noted(settings, 'processor'),
            consume: (batch, context) => next.consume(batch, context),
          }),
        }),
      ]),
    ),
    receivers: {
      r: fakeReceiver({
        create: (settings, outputs) => {
          world.outputs = outputs
          return noted(settings, 'receiver')
        },
      }),
    },
    pipelines: { logs: 'r | p1 p2 | e' },
  }
}

const noExporter = {
  start: () => Promise.resolve(),
  stop: () => Promise.resolve(),
  consume: () => Promise.resolve(),
}

function start(world: World, service: FakeService): Promise<RunningService> {
  const planned = planGraph(configuredService(service))
  assert.ok(planned.ok, JSON.stringify(planned))
  return startService(planned.plan, { clock: world.clock, logger: world.logger })
}

suite('startService', () => {
  test('starts towards the data and stops with it', async () => {
    const world = createWorld()
    const running = await start(world, serviceOf(world))
    assert.deepEqual(world.events.splice(0), [
      'start extension x',
      'start exporter e',
      'start processor p2',
      'start processor p1',
      'start receiver r',
    ])
    await Promise.all([running.stop(), running.stop()])
    assert.deepEqual(world.events, [
      'stop receiver r',
      'stop processor p1',
      'stop processor p2',
      'stop exporter e',
      'stop extension x',
    ])
    assert.equal(world.clock.pending, 0)
  })

  test('stops what runs and names the component when one cannot start', async () => {
    const world = createWorld()
    const service = serviceOf(world, {
      p1: { start: () => Promise.reject(new Error('cannot open "/x": no')) },
    })
    await assert.rejects(start(world, service), {
      message: 'cannot start processor "p1" of pipeline "logs": cannot open "/x": no',
    })
    assert.deepEqual(world.events, [
      'start extension x',
      'start exporter e',
      'start processor p2',
      'start processor p1',
      'stop processor p2',
      'stop exporter e',
      'stop extension x',
    ])
    assert.equal(world.clock.pending, 0)
  })

  test('starts nothing when a component cannot be created', async () => {
    const world = createWorld()
    const service = serviceOf(world, { r: { failCreate: 'bad certificate' } })
    await assert.rejects(start(world, service), {
      message: 'cannot create receiver "r": bad certificate',
    })
    assert.deepEqual(world.events, [])
  })

  test('starts nothing when the port of the metrics is taken', async (t) => {
    const world = createWorld()
    const other = createServer()
    t.after(() => other.close())
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    const service = { ...serviceOf(world), metricsEndpoint: `127.0.0.1:${port}` }
    await assert.rejects(start(world, service), {
      message: `cannot serve /metrics: cannot listen on "127.0.0.1:${port}": the address is already in use; service.telemetry.metrics.readers sets another address, or none with []`,
    })
    assert.deepEqual(world.events, [])
  })

  test('aborts at the timeout, leaves behind what hangs, and stops the rest', async () => {
    const world = createWorld()
    let abortedAfterMs = -1
    const service = serviceOf(world, {
      r: { stop: () => new Promise<void>(() => {}) },
      e: {
        stop: (abort) =>
          new Promise<void>((resolve) => {
            abort.addEventListener('abort', () => {
              abortedAfterMs = world.clock.monotonicMs()
              resolve()
            })
          }),
      },
    })
    const running = await start(world, { ...service, shutdownTimeoutMs: 4000 })
    const stopped = running.stop()
    // Intake has half of the time and 1 s of grace; the exporters have the rest.
    await world.clock.advance(3000)
    assert.ok(world.events.includes('stop exporter e'))
    await world.clock.advance(1000)
    await stopped
    assert.equal(abortedAfterMs, 4000)
    assert.equal(world.events.at(-1), 'stop extension x')
    const messages = world.lines.map((line) => line['msg'])
    assert.ok(messages.includes('a component does not stop; leaving it behind'))
    assert.equal(world.clock.pending, 0)
  })

  test('gives a drain its time, and half of the rest to what was read', async () => {
    const world = createWorld()
    let abortedAfterMs = -1
    const stop = async (abort: AbortSignal): Promise<void> => {
      await new Promise((resolve) => abort.addEventListener('abort', resolve))
      abortedAfterMs = world.clock.monotonicMs()
    }
    const draining = fakeReceiver({
      drain: () => ({ option: ['drain'], deadlineMs: 3000 }),
      create: () => ({ start: () => Promise.resolve(), stop }),
    })
    const running = await start(world, {
      receivers: { draining },
      exporters: { e: fakeExporter() },
      pipelines: { logs: 'draining | | e' },
      shutdownTimeoutMs: 4000,
    })
    const stopped = running.stop()
    await world.clock.advance(4000)
    await stopped
    assert.equal(abortedAfterMs, 3500)
  })

  test('ends when all inputs that have an end have ended', async () => {
    const world = createWorld()
    const ends: (() => void)[] = []
    const finite = fakeReceiver({
      create: ({ endsByItself }) => {
        ends.push(endsByItself())
        return { start: () => Promise.resolve(), stop: () => Promise.resolve() }
      },
    })
    const running = await start(world, {
      receivers: { a: finite, b: finite, endless: fakeReceiver() },
      exporters: { e: fakeExporter() },
      pipelines: { logs: 'a b endless | | e' },
    })
    let ended = false
    void running.ended.then(() => {
      ended = true
    })
    ends[0]?.()
    ends[0]?.()
    await Promise.resolve()
    assert.equal(ended, false)
    ends[1]?.()
    await running.ended
    await running.stop()
  })

  test('goes on stopping when a component fails to', async () => {
    const world = createWorld()
    const service = serviceOf(world, { p1: { stop: () => Promise.reject(new Error('stuck')) } })
    const running = await start(world, service)
    await running.stop()
    assert.equal(world.events.at(-1), 'stop extension x')
  })

  test('shows extensions how every component is', async () => {
    const world = createWorld()
    const running = await start(world, serviceOf(world))
    const states = (): string[] =>
      [...(world.host?.statuses() ?? [])].map(([key, { state }]) => `${key} ${state}`)
    const keys = [
      'extension:x',
      'exporter:e',
      'processor:p2:logs',
      'processor:p1:logs',
      'receiver:r',
    ]
    assert.deepEqual(
      states(),
      keys.map((key) => `${key} ok`),
    )
    await running.stop()
    assert.deepEqual(
      states(),
      keys.map((key) => `${key} stopped`),
    )
  })

  test('says when a component is in trouble, and when it is well again', async () => {
    const world = createWorld()
    const service = serviceOf(world)
    let report: Settings<object>['status'] = () => {}
    const exporters = {
      e: fakeExporter({
        create: (settings) => {
          report = (status) => settings.status(status)
          return { start: async () => {}, stop: async () => {}, consume: async () => {} }
        },
      }),
    }
    const running = await start(world, { ...service, exporters })
    report({ state: 'recoverable_error', reason: 'no answer' })
    await world.clock.advance(90_000)
    report({ state: 'ok' })
    await running.stop()
    const said = world.lines.filter(
      ({ level, component }) => component === 'exporter:e' && level !== 'debug',
    )
    assert.deepEqual(
      said.map(({ ts: _, ...line }) => line),
      [
        {
          level: 'warn',
          msg: 'a component is in trouble',
          component: 'exporter:e',
          state: 'recoverable_error',
          message: 'no answer',
        },
        {
          level: 'info',
          msg: 'a component is well again',
          component: 'exporter:e',
          state: 'ok',
          after_seconds: 90,
        },
      ],
    )
  })

  const recovered: readonly { name: string; from: string; account: string }[] = [
    { name: 'that feeds the exporter', from: 'logs', account: 'logs' },
    { name: 'that is gone', from: 'logs/old', account: 'recovered:logs/old' },
  ]
  for (const { name, from, account } of recovered) {
    test(`counts what an exporter finds on its disk, of a pipeline ${name}`, async () => {
      const world = createWorld()
      const service = serviceOf(world)
      const exporters = {
        e: fakeExporter({
          create: (settings) => ({
            ...noExporter,
            start: () => {
              const found = settings.ledger(from, 'logs')
              assert.equal(settings.ledger(from, 'logs'), found)
              found.recovered += 7
              found.queued += 5
              found.delivered += 2
              return Promise.resolve()
            },
          }),
        }),
      }
      const running = await start(world, { ...service, exporters })
      const ledger = running.ledgers.find(({ pipeline }) => pipeline === account)
      assert.equal(ledger?.imbalance('e'), 0)
      assert.equal(ledger?.received, 0)
      await running.stop()
      const lines = world.lines.filter((line) => line['msg'] === 'pipeline stopped')
      const last = lines.find((line) => line['pipeline'] === account)
      assert.deepEqual([last?.['received'], last?.['delivered'], last?.['queued']], [7, 2, 5])
    })
  }

  test('carries batches and keeps the account, also on /metrics and in the log', async () => {
    const world = createWorld()
    const resource = { 'service.instance.id': 'a-1' }
    const service = { ...serviceOf(world), metricsEndpoint: '127.0.0.1:0', resource }
    const running = await start(world, service)
    const batch = new Batch('logs', [Uint8Array.of(10, 0)], 3)
    await world.outputs.logs?.consume(batch, { until: 'accepted', onFull: 'refuse' })
    const answer = await fetch(`http://${running.metricsAddress}/metrics`)
    const text = await answer.text()
    const item = 'remora_pipeline_items{pipeline="logs",signal="logs",exporter="e"'
    assert.match(text, new RegExp(`^${item},outcome="received"} 3$`, 'm'))
    assert.match(text, new RegExp(`^${item},outcome="delivered"} 3$`, 'm'))
    assert.match(text, /^otelcol_processor_incoming_items\{processor="p2",pipeline="logs"\} 3$/m)
    assert.match(text, /^otelcol_processor_outgoing_items\{processor="p2",pipeline="logs"\} 3$/m)
    const target = 'service_name="remora",service_version="unknown",service_instance_id="a-1"'
    assert.match(text, new RegExp(`^target_info{${target}} 1$`, 'm'))
    assert.match(text, /^remora_pipeline_latency_seconds_count\{pipeline="logs"\} 1$/m)
    assert.match(text, /^remora_component_state\{component="exporter:e",state="ok"\} 1$/m)
    await running.stop()
    const last = world.lines.find((line) => line['msg'] === 'pipeline stopped')
    assert.equal(last?.['received'], 3)
    assert.equal(last?.['delivered'], 3)
  })
})
