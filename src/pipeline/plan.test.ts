import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  configuredService,
  type FakeService,
  fakeExporter,
  fakeExtension,
  fakeProcessor,
  fakeReceiver,
} from '../../test/support/service.ts'
import { type Planned, planGraph } from './plan.ts'

const storage = fakeExtension({ providesStorage: true })

const parts = {
  receivers: {
    otlp: fakeReceiver(),
    logfile: fakeReceiver({ stability: { logs: 'beta' } }),
    stored: [fakeReceiver(), { storage: 'disk' }],
    lost: [fakeReceiver(), { storage: 'disc' }],
    unused: [fakeReceiver(), { storage: 'nowhere' }],
    draining: [
      fakeReceiver({ drain: () => ({ option: ['drain', 'deadline'], deadlineMs: 5000 }) }),
      { drain: {} },
    ],
  },
  processors: { batch: fakeProcessor(), 'batch/2': fakeProcessor() },
  exporters: {
    otlp: fakeExporter(),
    debug: fakeExporter(),
    queued: [fakeExporter(), { sending_queue: { storage: 'health' } }],
  },
  extensions: { disk: storage, health: fakeExtension(), spare: storage },
} satisfies Partial<FakeService>

function plan(over: Partial<FakeService> & Pick<FakeService, 'pipelines'>): Planned {
  return planGraph(configuredService({ ...parts, ...over }))
}

function problemsOf(planned: Planned): string[] {
  if (planned.ok) return []
  return planned.problems.map(({ path, message, suggestion }) => {
    return `${path.join('.')}: ${message}${suggestion === undefined ? '' : ` (${suggestion})`}`
  })
}

interface Row {
  readonly name: string
  readonly pipelines: Readonly<Record<string, string>>
  readonly enabled?: readonly string[]
  readonly want: readonly string[]
}

const refusals: readonly Row[] = [
  {
    name: 'a drain that takes longer than the whole stop may',
    pipelines: { logs: 'draining | | debug' },
    want: [
      'receivers.draining.drain.deadline: must be shorter than service.shutdown_timeout (5s), the time of the whole stop (set service.shutdown_timeout to more than 5s)',
    ],
  },
  { name: 'no pipelines', pipelines: {}, want: ['service.pipelines: needs at least one pipeline'] },
  {
    name: 'an exporter not configured, with the nearest name',
    pipelines: { traces: 'otlp | batch | debgu' },
    want: [
      'service.pipelines.traces.exporters.0: exporter "debgu" is not configured (did you mean "debug"?)',
    ],
  },
  {
    name: 'a component in the list of another kind',
    pipelines: { logs: 'otlp | debug | debug' },
    want: [
      'service.pipelines.logs.processors.0: processor "debug" is not configured (there is an exporter of that name)',
    ],
  },
  {
    name: 'a signal not handled',
    pipelines: { traces: 'logfile | | otlp' },
    want: [
      'service.pipelines.traces.receivers.0: receiver "logfile" does not handle traces (it handles logs)',
    ],
  },
  {
    name: 'every problem at once',
    pipelines: { traces: ' | batch batch | ', 'logs/a': 'nope | | otlp otlp' },
    want: [
      'service.pipelines.traces.receivers: needs at least one receiver',
      'service.pipelines.traces.processors.1: processor "batch" is listed twice',
      'service.pipelines.traces.exporters: needs at least one exporter',
      'service.pipelines.logs/a.receivers.0: receiver "nope" is not configured (one of "otlp", "logfile", "stored", "lost", "unused", "draining")',
      'service.pipelines.logs/a.exporters.1: exporter "otlp" is listed twice',
    ],
  },
  {
    name: 'extensions not configured or listed twice',
    pipelines: { logs: 'otlp | | otlp' },
    enabled: ['disk', 'disk', 'pprof'],
    want: [
      'service.extensions.1: extension "disk" is listed twice',
      'service.extensions.2: extension "pprof" is not configured (one of "disk", "health", "spare")',
    ],
  },
  {
    name: 'a storage that is not configured',
    pipelines: { logs: 'lost | | otlp' },
    want: ['receivers.lost.storage: extension "disc" is not configured (did you mean "disk"?)'],
  },
  {
    name: 'a storage that is not enabled',
    pipelines: { logs: 'stored | | otlp' },
    enabled: ['health'],
    want: [
      'receivers.stored.storage: extension "disk" is not enabled (add "disk" to service.extensions)',
    ],
  },
  {
    name: 'an extension that is no storage',
    pipelines: { logs: 'otlp | | queued' },
    want: ['exporters.queued.sending_queue.storage: extension "health" is not a storage'],
  },
]

suite('planGraph refuses', () => {
  for (const { name, want, ...service } of refusals) {
    test(name, () => assert.deepEqual(problemsOf(plan(service)), want))
  }
})

suite('planGraph plans', () => {
  const planned = plan({
    pipelines: {
      logs: 'otlp logfile | batch batch/2 | otlp debug',
      'logs/b': 'otlp | batch | otlp',
      traces: 'otlp | | debug',
    },
  })
  assert.ok(planned.ok)
  const { receivers, pipelines, exporters, extensions } = planned.plan

  test('one receiver for all the pipelines that it feeds', () => {
    assert.deepEqual(
      receivers.map(({ id, feeds }) => [id, Object.fromEntries(feeds)]),
      [
        ['otlp', { logs: ['logs', 'logs/b'], traces: ['traces'] }],
        ['logfile', { logs: ['logs'] }],
      ],
    )
  })

  test('one exporter for all the pipelines that name it', () => {
    assert.deepEqual(
      exporters.map(({ id }) => id),
      ['otlp', 'debug'],
    )
  })

  test('the processors of each pipeline in the order of the data', () => {
    assert.deepEqual(
      pipelines.map(({ name, processors }) => [name, processors.map(({ id }) => id)]),
      [
        ['logs', ['batch', 'batch/2']],
        ['logs/b', ['batch']],
        ['traces', []],
      ],
    )
  })

  test('enabled extensions in their order', () => {
    assert.deepEqual(
      extensions.map(({ id }) => id),
      ['disk', 'health', 'spare'],
    )
  })
})
