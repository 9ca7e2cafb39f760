import type { Entry } from '../entry.ts'
import { copyValue, setKey } from '../entry.ts'
import type { Condition, Expr } from '../expr/compile.ts'
import type { Gate, Switch } from '../operator.ts'
import { OperatorError } from '../operator-error.ts'

export interface Route {
  readonly condition: Condition
  /** Added to what takes this route. */
  readonly attributes: Readonly<Record<string, Expr>>
}

/** Sends an entry along the first route whose condition holds, or along the default behind the last one. */
export class Router implements Switch {
  readonly #routes: readonly Route[]
  readonly #hasDefault: boolean

  constructor(routes: readonly Route[], hasDefault: boolean) {
    this.#routes = routes
    this.#hasDefault = hasDefault
  }

  /** A route whose expression fails is not taken; its failure counts only if no other way is. */
  route(entry: Entry): number {
    let failure: OperatorError | undefined
    for (let index = 0; index < this.#routes.length; index++) {
      const { condition, attributes } = this.#routes[index] as Route
      try {
        if (!condition(entry)) continue
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error
        failure ??= error
        continue
      }
      for (const key of Object.keys(attributes)) {
        setKey(entry.attributes, key, copyValue((attributes[key] as Expr)(entry)))
      }
      return index
    }
    if (this.#hasDefault) return this.#routes.length
    if (failure !== undefined) throw failure
    return -1
  }
}

/** Drops what the condition holds for, or a part of it. */
export class Filter implements Gate {
  readonly #condition: Condition
  readonly #dropRatio: number
  readonly #random: () => number

  constructor(condition: Condition, dropRatio: number, random: () => number) {
    this.#condition = condition
    this.#dropRatio = dropRatio
    this.#random = random
  }

  passes(entry: Entry): boolean {
    if (!this.#condition(entry)) return true
    return this.#dropRatio < 1 && this.#random() >= this.#dropRatio
  }
}
