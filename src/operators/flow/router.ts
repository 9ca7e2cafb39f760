import type { Entry, Values } from '../entry.ts'
import { copyValue, setKey } from '../entry.ts'
import type { Condition } from '../expr/compile.ts'
import type { Gate, Switch } from '../operator.ts'

export interface Route {
  readonly condition: Condition
  /** Added to what takes this route. */
  readonly attributes: Values
}

/** Sends an entry along the first route whose condition holds, or along the default behind the last one. */
export class Router implements Switch {
  readonly #routes: readonly Route[]
  readonly #hasDefault: boolean

  constructor(routes: readonly Route[], hasDefault: boolean) {
    this.#routes = routes
    this.#hasDefault = hasDefault
  }

  route(entry: Entry): number {
    for (let index = 0; index < this.#routes.length; index++) {
      const { condition, attributes } = this.#routes[index] as Route
      if (!condition(entry)) continue
      for (const key of Object.keys(attributes)) {
        setKey(entry.attributes, key, copyValue(attributes[key]))
      }
      return index
    }
    return this.#hasDefault ? this.#routes.length : -1
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
