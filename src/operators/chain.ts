import type { Counter, Logger } from '../component/telemetry.ts'
import type { Code } from '../errors/codes.ts'
import type { DirectStage } from './direct/direct-path.ts'
import type { Entry } from './entry.ts'
import type { Condition } from './expr/compile.ts'
import type { Gate, Joiner, Operator, Switch } from './operator.ts'
import { OperatorError } from './operator-error.ts'

export type OnError = 'send' | 'send_quiet' | 'drop' | 'drop_quiet'

/** What an operator does with an entry, by kind. */
export type Work =
  | { readonly kind: 'edit'; readonly operator: Operator }
  | { readonly kind: 'gate'; readonly gate: Gate; readonly filtered: Counter }
  | { readonly kind: 'switch'; readonly router: Switch; readonly filtered: Counter }
  | { readonly kind: 'join'; readonly joiner: Joiner }

/** Where entries go: the index of a step, or -1 behind the last one. */
export type Target = number

export interface Step {
  /** The id, or the type where none is given: in logs, metrics and the attribute of a failure. */
  readonly name: string
  readonly work: Work
  readonly condition: Condition | undefined
  /** Steps that get what comes out. */
  readonly outputs: readonly Target[]
  /** Those of the routes of a router, which has no outputs otherwise. */
  readonly routes: readonly (readonly Target[])[]
  readonly onError: OnError
  readonly errors: Counter
  readonly dropped: Counter
}

/** Why an operator could not handle a record that is sent on nevertheless: `json_parser: it is not JSON`. */
export const errorAttribute = 'log.parse.error'

/** The reason where values nest so deep that no operator can walk them. */
export const nestsTooDeep = 'value nests too deep'

/** Hears of each entry that ends in the chain: `parse_failed` by `on_error`, `filtered` by a filter or a router. */
export type OnDropped = (reason: Extract<Code, 'parse_failed' | 'filtered'>) => void

export type Sink = (entry: Entry) => void

/**
 * Operators and the ways between them: a line from the first to the last, unless `output` says otherwise.
 *
 * A failure never loses an entry unless `on_error` says so; it is always counted.
 */
export class Chain {
  /** The short way, for operators that have one. */
  readonly direct: DirectStage | undefined
  readonly #steps: readonly Step[]
  readonly #joining: readonly number[]
  readonly #logger: Logger
  readonly #onDropped: OnDropped

  constructor(
    steps: readonly Step[],
    direct: DirectStage | undefined,
    logger: Logger,
    onDropped: OnDropped,
  ) {
    this.#onDropped = onDropped
    this.#steps = steps
    this.direct = direct
    this.#logger = logger
    this.#joining = [...steps.keys()].filter((index) => steps[index]?.work.kind === 'join')
  }

  /** Whether some operator holds entries back. */
  get joins(): boolean {
    return this.#joining.length > 0
  }

  /** Whether an operator may look at this attribute, one that joins records aside. */
  reads(attribute: string): boolean {
    return this.#steps.some(
      ({ work, condition }) =>
        condition !== undefined ||
        (work.kind !== 'edit' && work.kind !== 'join') ||
        (work.kind === 'edit' &&
          work.operator.fields.some(
            ({ root, keys }) =>
              root === 'attributes' && (keys.length === 0 || keys[0] === attribute),
          )),
    )
  }

  /** Sends an entry through; `sink` gets what comes out, once for each way there is. */
  run(entry: Entry, nowMs: number, sink: Sink): void {
    this.#walk(0, entry, nowMs, sink)
  }

  /** Gives up what is held for too long, or all that is held. */
  flush(nowMs: number, everything: boolean, sink: Sink): void {
    // In order: what the first gives up may be held again by a later one.
    for (const index of this.#joining) {
      const step = this.#steps[index] as Step
      if (step.work.kind !== 'join') continue
      step.work.joiner.flush(nowMs, everything, (entry) => {
        this.#give(step, entry, nowMs, sink)
      })
    }
  }

  /** What this operator, which joins records, gives up aside from `run` and `flush`. */
  released(operator: number, entry: Entry, nowMs: number, sink: Sink): void {
    this.#give(this.#steps[operator] as Step, entry, nowMs, sink)
  }

  *held(): Iterable<Entry> {
    for (const index of this.#joining) {
      const { work } = this.#steps[index] as Step
      if (work.kind === 'join') yield* work.joiner.held()
    }
  }

  #walk(from: Target, entry: Entry, nowMs: number, sink: Sink): void {
    let index = from
    while (index >= 0 && index < this.#steps.length) {
      const step = this.#steps[index] as Step
      let targets: readonly Target[] | undefined
      try {
        targets = this.#work(step, entry, nowMs, sink)
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error
        if (!this.#failed(step, error, entry)) return
        targets = step.outputs
      }
      if (targets === undefined || targets.length === 0) return
      if (targets.length > 1) {
        this.#goOn(targets, entry, nowMs, sink)
        return
      }
      index = targets[0] as Target
    }
    sink(entry)
  }

  /** Undefined when the entry ends here. */
  #work(step: Step, entry: Entry, nowMs: number, sink: Sink): readonly Target[] | undefined {
    const { work, condition } = step
    if (condition !== undefined && !condition(entry)) return step.outputs
    switch (work.kind) {
      case 'edit':
        work.operator.process(entry)
        return step.outputs
      case 'gate':
        if (work.gate.passes(entry)) return step.outputs
        work.filtered.add(1)
        this.#onDropped('filtered')
        return undefined
      case 'switch': {
        const route = work.router.route(entry)
        if (route < 0) {
          work.filtered.add(1)
          this.#onDropped('filtered')
        }
        return step.routes[route]
      }
      case 'join':
        work.joiner.take(entry, nowMs, (joined) => {
          this.#give(step, joined, nowMs, sink)
        })
        return undefined
    }
  }

  /** What was joined goes on. It is nobody's else now, so it may not be lost by what comes next. */
  #give(step: Step, joined: Entry, nowMs: number, sink: Sink): void {
    try {
      this.#goOn(step.outputs, joined, nowMs, sink)
    } catch (error) {
      // The stack is full: a value of the record nests thousands of levels deep.
      if (!(error instanceof RangeError)) throw error
      joined.attributes[errorAttribute] = nestsTooDeep
      sink(joined)
    }
  }

  #goOn(targets: readonly Target[], entry: Entry, nowMs: number, sink: Sink): void {
    for (let index = 0; index < targets.length; index++) {
      const last = index === targets.length - 1
      this.#walk(targets[index] as Target, last ? entry : entry.clone(), nowMs, sink)
    }
  }

  #failed(step: Step, error: OperatorError, entry: Entry): boolean {
    step.errors.add(1)
    const isDropped = step.onError === 'drop' || step.onError === 'drop_quiet'
    if (step.onError === 'send' || step.onError === 'drop') {
      const fields = { operator: step.name, message: error.message, path: entry.path }
      if (isDropped)
        this.#logger.warn('an operator cannot handle a record, which is dropped', fields)
      else this.#logger.warn('an operator cannot handle a record, which goes on as it was', fields)
    }
    if (isDropped) {
      step.dropped.add(1)
      this.#onDropped('parse_failed')
      return false
    }
    // What fails further on mostly does so because of the first failure, which is what people look for.
    entry.attributes[errorAttribute] ??= `${step.name}: ${error.message}`
    return true
  }
}
