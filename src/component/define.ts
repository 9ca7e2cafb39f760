import type * as v from 'valibot'
import type { Consumer, Intake } from '../signal/consumer.ts'
import type { ExporterLedger } from '../signal/ledger.ts'
import type { Signal } from '../signal/signal.ts'
import type { Claim } from './claim.ts'
import type { Clock } from './clock.ts'
import type { Component } from './lifecycle.ts'
import type { Storage } from './storage.ts'
import type { Logger, Meter, Status, TimedStatus } from './telemetry.ts'

export type Stability = 'development' | 'alpha' | 'beta' | 'stable'
export type Kind = 'receiver' | 'processor' | 'exporter' | 'extension'
export type ConfigSchema = v.GenericSchema<unknown, object>

/** What the builder gives to `create`. */
export interface Settings<Config> {
  /** As written in the configuration: `otlp` or `otlp/internal`. */
  readonly id: string
  /** The parsed configuration: defaults filled in, durations in ms, sizes in bytes. */
  readonly config: Config
  readonly logger: Logger
  readonly meter: Meter
  readonly clock: Clock
  /** Fires when the stop of remora begins, before that of the first component: senders that are kept waiting get their answer now. */
  readonly stopping: AbortSignal
  /** Reports a change of health; repeating the same state is free. */
  status(status: Status): void
  /**
   * The account that an exporter has for items of a pipeline which an earlier process left in its disk queue. Call it
   * from `start` on. Where the pipeline is gone, or feeds the exporter no more, it is the account `recovered:<pipeline>`.
   */
  ledger(pipeline: string, signal: Signal): ExporterLedger
  /** The storage extension of that id. Throws an Error for a person when there is none; the planner has checked it. */
  storage(id: string): Storage
}

export type OtherReceivers = 'stop' | 'keep'

export interface ReceiverSettings<Config> extends Settings<Config> {
  /** `service.shutdown_timeout`: the time that the whole stop of the process has. */
  readonly shutdownTimeoutMs: number
  /**
   * For a receiver whose input has an end: called while it is created, returns what to call at that end. When all of
   * these inputs have ended, remora stops by itself, with 0. `others` says what that means for receivers without an end:
   * it may `stop` them, or it is to `keep` them running, and remora with them, unless another input stops them.
   */
  endsByItself(others?: OtherReceivers): () => void
}

interface Definition<K extends Kind, C extends ConfigSchema> {
  readonly kind: K
  /** The name in the configuration: lower_snake_case, unique in its kind. */
  readonly type: string
  /** Older names of the collector that mean the same, e.g. `otlphttp`. */
  readonly aliases?: readonly string[]
  /** One sentence; the first line of the docs page. */
  readonly summary: string
  /** Validation, JSON Schema, defaults and the docs table all come from this. */
  readonly config: C
  /** Metrics that only this component has: name → help. */
  readonly metrics: Readonly<Record<string, string>>
  /** Each is parsed by a test, run through the contract suite, and printed in the docs. */
  readonly examples: readonly { readonly title: string; readonly config: v.InferInput<C> }[]
  /** What is legal and hardly meant. Pure. */
  warnings?(config: v.InferOutput<C>): readonly Warning[]
  /** What no other component may have at the same time: ports, files. Pure; nothing is opened. */
  claims?(config: v.InferOutput<C>): readonly Claim[]
}

/** `must end without …`, for the option at this path below the component. */
export interface Warning {
  readonly option: readonly string[]
  readonly message: string
}

export interface Drain {
  /** Where it is written, below the component. */
  readonly option: readonly string[]
  readonly deadlineMs: number
}

/** The signals a component handles, each with its stability. There is no other list of signals. */
export type SignalStability = Readonly<Partial<Record<Signal, Stability>>>

/** The pipelines a receiver feeds; absent where the receiver is in no pipeline of that signal. */
export type Outputs = { readonly [S in Signal]?: Intake<S> }

export interface ReceiverDefinition<C extends ConfigSchema = ConfigSchema>
  extends Definition<'receiver', C> {
  readonly stability: SignalStability
  /** How long a stop may go on taking in what still comes, where the user says so. Pure. */
  drain?(config: v.InferOutput<C>): Drain | undefined
  /** One instance per id serves all its signals. */
  create(settings: ReceiverSettings<v.InferOutput<C>>, outputs: Outputs): Component
}

export interface ProcessorDefinition<C extends ConfigSchema = ConfigSchema>
  extends Definition<'processor', C> {
  readonly stability: SignalStability
  /** Whether it takes out what nobody should see. Then `validate` warns of ways around it. */
  readonly masks?: true
  /** One instance per pipeline. */
  create(settings: Settings<v.InferOutput<C>>, next: Consumer): Component & Consumer
}

export interface ExporterDefinition<C extends ConfigSchema = ConfigSchema>
  extends Definition<'exporter', C> {
  readonly stability: SignalStability
  /** One instance per id serves all its signals and pipelines. */
  create(settings: Settings<v.InferOutput<C>>): Component & Consumer
}

export interface ExtensionDefinition<C extends ConfigSchema = ConfigSchema>
  extends Definition<'extension', C> {
  readonly stability: Stability
  /** Whether its instances have a `storage`, so that other components may name it as theirs. */
  readonly providesStorage?: true
  /** Where `Storage.directory` of that name is, for a look from outside; nothing is made. */
  storagePath?(config: v.InferOutput<C>, name: string): string
  create(
    settings: Settings<v.InferOutput<C>>,
    host: Host,
  ): Component & { readonly storage?: Storage }
}

/** What extensions may see of the rest. */
export interface Host {
  /** `receiver:otlp`, `processor:batch:logs`, … with its newest status. */
  statuses(): ReadonlyMap<string, TimedStatus>
}

export type AnyDefinition =
  | ReceiverDefinition
  | ProcessorDefinition
  | ExporterDefinition
  | ExtensionDefinition

// The functions below only fix the types: `create` sees the parsed shape of its own schema.

export function defineReceiver<C extends ConfigSchema>(
  definition: Omit<ReceiverDefinition<C>, 'kind'>,
): ReceiverDefinition<C> {
  return { kind: 'receiver', ...definition }
}

export function defineProcessor<C extends ConfigSchema>(
  definition: Omit<ProcessorDefinition<C>, 'kind'>,
): ProcessorDefinition<C> {
  return { kind: 'processor', ...definition }
}

export function defineExporter<C extends ConfigSchema>(
  definition: Omit<ExporterDefinition<C>, 'kind'>,
): ExporterDefinition<C> {
  return { kind: 'exporter', ...definition }
}

export function defineExtension<C extends ConfigSchema>(
  definition: Omit<ExtensionDefinition<C>, 'kind'>,
): ExtensionDefinition<C> {
  return { kind: 'extension', ...definition }
}
