import type { Counter, Logger } from '../component/telemetry.ts'
import type { DirectChain } from './direct/direct-chain.ts'
import type { Entry } from './entry.ts'
import { type Operator, OperatorError } from './operator.ts'

export type OnError = 'send' | 'send_quiet' | 'drop' | 'drop_quiet'

export interface Step {
  /** The id, or the type where none is given: in logs, metrics and the attribute of a failure. */
  readonly name: string
  readonly operator: Operator
  readonly onError: OnError
  readonly errors: Counter
  readonly dropped: Counter
}

/** Why an operator could not handle a record that is sent on nevertheless: `json_parser: it is not JSON`. */
export const errorAttribute = 'log.parse.error'

/** Operators, one after the other. A failure never loses an entry unless `on_error` says so; it is always counted. */
export class Chain {
  /** The short way, for operators that have one. */
  readonly direct: DirectChain | undefined
  readonly #steps: readonly Step[]
  readonly #logger: Logger

  constructor(steps: readonly Step[], direct: DirectChain | undefined, logger: Logger) {
    this.#steps = steps
    this.direct = direct
    this.#logger = logger
  }

  /** Whether an operator may look at this attribute, or at all of them. */
  reads(attribute: string): boolean {
    return this.#steps.some(({ operator }) =>
      operator.fields.some(({ root, keys }) => root === 'attributes' && keys[0] === attribute),
    )
  }

  /** False when the entry is to be dropped. */
  run(entry: Entry): boolean {
    const steps = this.#steps
    for (let index = 0; index < steps.length; index++) {
      const step = steps[index] as Step
      try {
        step.operator.process(entry)
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error
        if (!this.#failed(step, error, entry)) return false
      }
    }
    return true
  }

  #failed(step: Step, error: OperatorError, entry: Entry): boolean {
    step.errors.add(1)
    if (step.onError === 'send' || step.onError === 'drop') {
      this.#logger.warn(`operator "${step.name}" cannot handle a record: ${error.message}`)
    }
    if (step.onError === 'drop' || step.onError === 'drop_quiet') {
      step.dropped.add(1)
      return false
    }
    entry.attributes[errorAttribute] = `${step.name}: ${error.message}`
    return true
  }
}
