import type { Node } from '../../regex/parse.ts'

/**
 * Thompson's automaton of patterns over bytes: a state either reads one byte of a set, or splits without reading.
 * Characters above 0xff cannot be in the text (it is bytes) and are left out of the sets.
 */
export interface Nfa {
  /** For a reading state 256 flags, shared by all that read the same; undefined for a splitting one. */
  readonly sets: readonly (Uint8Array | undefined)[]
  /** Where a reading state goes on, or where a splitting one may. */
  readonly targets: readonly (readonly number[])[]
  /** For an end state the number of its pattern, else -1. */
  readonly ends: readonly number[]
  readonly starts: readonly number[]
}

/** What a pattern of the prefilter must not use, because it would need to look around. */
export class UnsupportedAnchor extends Error {}

export function buildNfa(patterns: readonly Node[]): Nfa {
  const builder = new Builder()
  const starts = patterns.map((pattern, index) => builder.add(pattern, builder.end(index)))
  return { sets: builder.sets, targets: builder.targets, ends: builder.ends, starts }
}

class Builder {
  readonly sets: (Uint8Array | undefined)[] = []
  readonly targets: number[][] = []
  readonly ends: number[] = []
  readonly #flagsBySet = new Map<string, Uint8Array>()

  end(pattern: number): number {
    return this.#state(undefined, [], pattern)
  }

  /** The state in which `node` begins, if what follows it begins in `next`. */
  add(node: Node, next: number): number {
    switch (node.kind) {
      case 'set':
        return this.#state(this.#flagsOf(node.set), [next])
      case 'capture':
        return this.add(node.node, next)
      case 'cat':
        return node.nodes.reduceRight((after, part) => this.add(part, after), next)
      case 'alt':
        return this.#state(
          undefined,
          node.nodes.map((part) => this.add(part, next)),
        )
      case 'repeat':
        return this.#repeat(node, next)
      case 'assert':
        throw new UnsupportedAnchor('an anchor of the prefilter must not look around')
    }
  }

  #repeat(node: Extract<Node, { kind: 'repeat' }>, next: number): number {
    let first = next
    if (node.max === Number.POSITIVE_INFINITY) {
      const loop = this.#state(undefined, [next])
      ;(this.targets[loop] as number[]).push(this.add(node.node, loop))
      first = loop
    } else {
      for (let round = node.min; round < node.max; round++) {
        first = this.#state(undefined, [next, this.add(node.node, first)])
      }
    }
    for (let round = 0; round < node.min; round++) first = this.add(node.node, first)
    return first
  }

  #flagsOf(ranges: readonly number[]): Uint8Array {
    const key = ranges.join()
    let flags = this.#flagsBySet.get(key)
    if (flags === undefined) {
      flags = flagsOf(ranges)
      this.#flagsBySet.set(key, flags)
    }
    return flags
  }

  #state(set: Uint8Array | undefined, targets: number[], end = -1): number {
    this.sets.push(set)
    this.targets.push(targets)
    this.ends.push(end)
    return this.sets.length - 1
  }
}

function flagsOf(ranges: readonly number[]): Uint8Array {
  const flags = new Uint8Array(256)
  for (let at = 0; at < ranges.length; at += 2) {
    const last = Math.min(ranges[at + 1] as number, 255)
    for (let byte = ranges[at] as number; byte <= last; byte++) flags[byte] = 1
  }
  return flags
}
