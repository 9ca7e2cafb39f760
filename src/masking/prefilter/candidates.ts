import { bucketsOf } from './buckets.ts'
import { chunkLength, type Kernel, kernelOf, tablesOf, windowsMax } from './kernel.ts'
import type { Window } from './windows.ts'

/** A bit of an integer each. */
const bucketsMax = 32

/** Where in some bytes an anchor may begin: places whose next bytes fit one of the windows. */
export interface Candidates {
  /** How many there are among the first `chunkLength` places of `bytes` from `from` on; they are in `places`, counted from `from`. */
  find(bytes: Uint8Array, from: number): number
  readonly places: Uint16Array
}

export function candidatesOf(windows: readonly Window[]): Candidates {
  const kernel = kernelOf()
  return kernel === undefined ? new ByteCandidates(windows) : new VectorCandidates(kernel, windows)
}

export class VectorCandidates implements Candidates {
  readonly places: Uint16Array
  readonly #kernel: Kernel
  readonly #tables: Uint8Array

  constructor(kernel: Kernel, windows: readonly Window[]) {
    this.#kernel = kernel
    this.#tables = tablesOf(bucketsOf(windows, windowsMax))
    this.places = kernel.places
  }

  find(bytes: Uint8Array, from: number): number {
    const length = Math.min(bytes.length - from, chunkLength)
    return this.#kernel.find(this.#tables, bytes, from, length)
  }
}

/** Where there are no vectors: the first places of the windows, a byte at a time. */
export class ByteCandidates implements Candidates {
  readonly places = new Uint16Array(chunkLength)
  /** By place and byte: a bit for each bucket. */
  readonly #masks: readonly Int32Array[]

  constructor(windows: readonly Window[]) {
    const buckets = bucketsOf(windows, bucketsMax)
    this.#masks = [0, 1, 2].map((place) => masksAt(buckets, place))
  }

  find(bytes: Uint8Array, from: number): number {
    const { places } = this
    const [one, two, three] = this.#masks as [Int32Array, Int32Array, Int32Array]
    const end = Math.min(bytes.length, from + chunkLength)
    let count = 0
    for (let at = from; at < end; at++) {
      const left =
        (one[bytes[at] as number] as number) &
        (two[bytes[at + 1] ?? 0] as number) &
        (three[bytes[at + 2] ?? 0] as number)
      if (left !== 0) places[count++] = at - from
    }
    return count
  }
}

function masksAt(buckets: readonly Window[], place: number): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) =>
    buckets.reduce(
      (bits, window, bucket) => (holds(window, place, byte) ? bits | (1 << bucket) : bits),
      0,
    ),
  )
}

function holds(window: Window, place: number, byte: number): boolean {
  const low = window[2 * place] as number
  const high = window[2 * place + 1] as number
  return ((low >> (byte & 15)) & (high >> (byte >> 4)) & 1) === 1
}
