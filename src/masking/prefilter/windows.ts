import type { Node } from '../../regex/parse.ts'

/** Bytes from the beginning of an anchor that its window says something about: enough to tell long numbers and codes from words. */
export const windowLength = 12

/**
 * Which bytes the first places of an anchor may have, each place by itself, as sets of nibbles: a byte is in the set of a
 * place if its low nibble and its high nibble both are. So a window holds all that its anchor begins with, and somewhat
 * more: of `[0-9A-F]` also `@` and `G`.
 *
 *     window[2 × place] = low nibbles, a bit each; window[2 × place + 1] = high nibbles
 */
export type Window = Uint16Array

const anyNibble = 0xffff
const allPlaces = (1 << windowLength) - 1

/** The windows of an anchor: one for each of the alternatives that it begins with. */
export function windowsOf(anchor: Node): Window[] {
  return alternativesOf(anchor).map(windowOf)
}

function windowOf(node: Node): Window {
  const window = new Uint16Array(2 * windowLength)
  const ends = walk(node, 1, window)
  // Behind the shortest match anything may stand.
  for (let place = 0, isBehind = false; place < windowLength; place++) {
    isBehind ||= ((ends >> place) & 1) === 1
    if (isBehind) window.fill(anyNibble, 2 * place, 2 * place + 2)
  }
  return window
}

/** `places`, a bit each, are where `node` may begin; returns those behind it. What lies behind the window is left out. */
function walk(node: Node, places: number, window: Window): number {
  if (places === 0) return 0
  switch (node.kind) {
    case 'set':
      addSet(node.set, places, window)
      return (places << 1) & allPlaces
    case 'assert':
      return places
    case 'capture':
      return walk(node.node, places, window)
    case 'cat':
      return node.nodes.reduce((at, part) => walk(part, at, window), places)
    case 'alt':
      return node.nodes.reduce((ends, part) => ends | walk(part, places, window), 0)
    case 'repeat': {
      let at = places
      let ends = node.min === 0 ? places : 0
      for (let round = 1; round <= node.max && at !== 0; round++) {
        const next = walk(node.node, at, window)
        if (round >= node.min) {
          // Another round leads nowhere new.
          if ((ends | next) === ends) break
          ends |= next
        }
        at = next
      }
      return ends
    }
  }
}

function addSet(ranges: readonly number[], places: number, window: Window): void {
  let low = 0
  let high = 0
  for (let at = 0; at < ranges.length; at += 2) {
    const last = Math.min(ranges[at + 1] as number, 255)
    for (let byte = ranges[at] as number; byte <= last; byte++) {
      low |= 1 << (byte & 15)
      high |= 1 << (byte >> 4)
    }
  }
  for (let place = 0; place < windowLength; place++) {
    if (((places >> place) & 1) === 0) continue
    window[2 * place] = (window[2 * place] as number) | low
    window[2 * place + 1] = (window[2 * place + 1] as number) | high
  }
}

/** More would be joined again where the windows are. */
const alternativesMax = 32

function alternativesOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'capture':
      return alternativesOf(node.node)
    case 'alt': {
      const parts = node.nodes.flatMap(alternativesOf)
      return parts.length <= alternativesMax ? parts : [node]
    }
    case 'cat': {
      const [first, ...rest] = node.nodes
      if (first === undefined) return [node]
      return alternativesOf(first).map((part) => ({ kind: 'cat', nodes: [part, ...rest] }))
    }
    default:
      return [node]
  }
}
