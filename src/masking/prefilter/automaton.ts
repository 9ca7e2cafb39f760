import type { Node } from '../../regex/parse.ts'
import { type Candidates, candidatesOf } from './candidates.ts'
import { Dfa, endBit, unknown } from './dfa.ts'
import type { HitList } from './hits.ts'
import { chunkLength } from './kernel.ts'
import { buildNfa } from './nfa.ts'
import { type Window, windowsOf } from './windows.ts'

/** Patterns whose table is full so often follow each byte anew: from then on every text is looked at instead. */
const restartsMax = 8

/** Anchors as an automaton whose table grows with what it meets, and the place where a scan stands in it. */
export class Automaton {
  readonly #dfa: Dfa
  readonly #candidates: Candidates
  readonly #allBits: number
  #state = 0

  constructor(
    anchors: readonly { readonly node: Node; readonly bits: number }[],
    candidates: (windows: readonly Window[]) => Candidates = candidatesOf,
  ) {
    const nodes = anchors.map(({ node }) => node)
    this.#dfa = new Dfa(
      buildNfa(nodes),
      anchors.map(({ bits }) => bits),
    )
    this.#candidates = candidates(nodes.flatMap(windowsOf))
    this.#allBits = anchors.reduce((all, { bits }) => all | bits, 0)
  }

  get states(): number {
    return this.#dfa.states
  }

  scan(bytes: Uint8Array, hits: HitList): void {
    let at = 0
    for (let from = 0; from < bytes.length; from += chunkLength) {
      const count = this.#candidates.find(bytes, from)
      at = this.#followAll(bytes, from, count, at, hits)
    }
  }

  /**
   * From each candidate as far as an anchor may still end, none twice. What was followed already ends at `done`; returns where
   * it then does.
   */
  #followAll(bytes: Uint8Array, from: number, count: number, done: number, hits: HitList): number {
    const { places } = this.#candidates
    const { classes, shift } = this.#dfa
    let { next } = this.#dfa
    const { length } = bytes
    let at = done
    for (let index = 0; index < count; index++) {
      const place = from + (places[index] as number)
      if (place < at) continue
      at = place
      let state = 0
      while (at < length) {
        const entry = next[(state << shift) | (classes[bytes[at] as number] as number)] as number
        if (entry === unknown) {
          if (!this.#learn(state, bytes, at, hits)) return length
          state = this.#state
          ;({ next } = this.#dfa)
          continue
        }
        state = entry & stateMask
        if (entry !== state) hits.add(at, this.#dfa.bitsOf(state))
        at++
        if (state === 0) break
      }
    }
    return at
  }

  /** Fills in where the byte at `at` leads from `state`. False where that is given up, and the rest of the bytes is one hit. */
  #learn(state: number, bytes: Uint8Array, at: number, hits: HitList): boolean {
    const dfa = this.#dfa
    this.#state = dfa.makeRoom(state)
    if (dfa.restarts > restartsMax) {
      hits.addRange(at, bytes.length - 1, this.#allBits)
      return false
    }
    dfa.step(this.#state, dfa.classes[bytes[at] as number] as number)
    return true
  }
}

const stateMask = endBit - 1
