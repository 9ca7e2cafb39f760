import * as v from 'valibot'
import type {
  Configured,
  ConfiguredService,
  PipelineConfig,
} from '../../src/component/configured.ts'
import {
  type AnyDefinition,
  defineExporter,
  defineExtension,
  defineProcessor,
  defineReceiver,
  type ExporterDefinition,
  type ExtensionDefinition,
  type ProcessorDefinition,
  type ReceiverDefinition,
  type SignalStability,
} from '../../src/component/define.ts'
import type { Component } from '../../src/component/lifecycle.ts'
import { type Signal, signals } from '../../src/signal/signal.ts'

const idle: Component = { start: () => Promise.resolve(), stop: () => Promise.resolve() }
const anyConfig = v.looseObject({})
const allSignals: SignalStability = { logs: 'beta', metrics: 'beta', traces: 'beta' }
const bare = { summary: 'For a test.', config: anyConfig, metrics: {}, examples: [] }

/** A receiver that does nothing unless `create` is given. */
export function fakeReceiver(over: Partial<ReceiverDefinition> = {}): ReceiverDefinition {
  return defineReceiver({
    ...bare,
    type: 'fake',
    stability: allSignals,
    create: () => idle,
    ...over,
  })
}

/** A processor that hands everything on. */
export function fakeProcessor(over: Partial<ProcessorDefinition> = {}): ProcessorDefinition {
  return defineProcessor({
    ...bare,
    type: 'fake',
    stability: allSignals,
    create: (_settings, next) => ({
      ...idle,
      consume: (batch, context) => next.consume(batch, context),
    }),
    ...over,
  })
}

/** An exporter that delivers everything at once. */
export function fakeExporter(over: Partial<ExporterDefinition> = {}): ExporterDefinition {
  return defineExporter({
    ...bare,
    type: 'fake',
    stability: allSignals,
    create: ({ id }) => ({
      ...idle,
      consume: (batch, context) => {
        context.ledger.exporter(id).delivered += batch.itemCount
        return Promise.resolve()
      },
    }),
    ...over,
  })
}

export function fakeExtension(over: Partial<ExtensionDefinition> = {}): ExtensionDefinition {
  return defineExtension({ ...bare, type: 'fake', stability: 'beta', create: () => idle, ...over })
}

/** Definitions by the id under which they are configured; `[definition, config]` where the configuration matters. */
type Entries<D> = Readonly<Record<string, D | readonly [D, object]>>

export interface FakeService {
  readonly receivers?: Entries<ReceiverDefinition>
  readonly processors?: Entries<ProcessorDefinition>
  readonly exporters?: Entries<ExporterDefinition>
  readonly extensions?: Entries<ExtensionDefinition>
  /** `service.extensions`; all of `extensions` unless given. */
  readonly enabled?: readonly string[]
  /** `logs/a: 'otlp | batch | debug file'`: receivers | processors | exporters. */
  readonly pipelines: Readonly<Record<string, string>>
  /** Where metrics are served; off unless given. */
  readonly metricsEndpoint?: string
  readonly shutdownTimeoutMs?: number
  /** `service.telemetry.resource`. */
  readonly resource?: Readonly<Record<string, string>>
}

/** A parsed configuration without YAML. */
export function configuredService(fake: FakeService): ConfiguredService {
  return {
    receivers: entries(fake.receivers),
    processors: entries(fake.processors),
    exporters: entries(fake.exporters),
    extensions: entries(fake.extensions),
    enabledExtensions: fake.enabled ?? Object.keys(fake.extensions ?? {}),
    pipelines: Object.entries(fake.pipelines).map(([name, text]) => pipeline(name, text)),
    telemetry: {
      logs: { level: 'info' },
      metrics: { endpoint: fake.metricsEndpoint, suffixes: { type: false, unit: false } },
      resource: fake.resource ?? {},
    },
    shutdownTimeoutMs: fake.shutdownTimeoutMs ?? 5000,
  }
}

function entries<D extends AnyDefinition>(
  given: Entries<D> = {},
): ReadonlyMap<string, Configured<D>> {
  const found = new Map<string, Configured<D>>()
  for (const [id, entry] of Object.entries(given)) {
    const [definition, config] = Array.isArray(entry)
      ? (entry as readonly [D, object])
      : [entry as D, {}]
    found.set(id, { id, definition, config })
  }
  return found
}

function pipeline(name: string, text: string): PipelineConfig {
  const [receivers = [], processors = [], exporters = []] = text
    .split('|')
    .map((list) => list.split(' ').filter((id) => id !== ''))
  const signal = name.split('/')[0] as Signal
  if (!signals.includes(signal)) throw new Error(`${name} names no signal`)
  return { name, signal, receivers, processors, exporters }
}
