import { type Window, windowLength } from './windows.ts'

/** How far behind a window, in order of their bytes, one may stand that it is joined with. */
const reach = 4
/**
 * Of a look at one byte for eight windows, in nanoseconds, and of a place found by chance. Following the automaton from it
 * takes some 80, but bytes of words do not stand beside each other by chance: more places are found than that would be.
 */
const costOfBank = 0.15
const costOfPlace = 900

interface Bucket {
  readonly window: Window
  /** How likely bytes of a log fit by chance. */
  readonly chance: number
  /** What is joined with it at the least price, and that price: how much likelier. */
  partner: Bucket | undefined
  price: number
}

/**
 * Joins windows that are alike until no more than `bucketsMax` are left, and on as long as fewer to look for are worth more
 * places found by chance. What begins alike stands side by side in order of the bytes, so that no pair is tried that is far apart:
 * this happens at each start.
 */
export function bucketsOf(windows: readonly Window[], bucketsMax: number): readonly Window[] {
  const buckets = windows.toSorted(compare).map(bucketOf)
  for (let at = 0; at < buckets.length; at++) findPartner(buckets, at)
  let best: readonly Window[] = []
  let least = Number.POSITIVE_INFINITY
  while (buckets.length > 0) {
    if (buckets.length <= bucketsMax) {
      const cost = costOf(buckets)
      if (cost > 2 * least) break
      if (cost < least) {
        least = cost
        best = buckets.map(({ window }) => window)
      }
    }
    if (buckets.length === 1) break
    joinCheapest(buckets)
  }
  return best
}

function costOf(buckets: readonly Bucket[]): number {
  const chance = buckets.reduce((sum, bucket) => sum + bucket.chance, 0)
  return Math.ceil(buckets.length / 8) * costOfBank + chance * costOfPlace
}

function joinCheapest(buckets: Bucket[]): void {
  let at = 0
  for (let other = 1; other < buckets.length; other++) {
    if ((buckets[other] as Bucket).price < (buckets[at] as Bucket).price) at = other
  }
  const one = buckets[at] as Bucket
  const two = one.partner as Bucket
  buckets.splice(buckets.indexOf(two), 1)
  buckets[at] = bucketOf(join(one.window, two.window))
  const last = Math.min(at + reach, buckets.length - 1)
  for (let near = Math.max(0, at - reach); near <= last; near++) {
    const { partner } = buckets[near] as Bucket
    if (near === at || partner === one || partner === two) findPartner(buckets, near)
  }
}

function findPartner(buckets: readonly Bucket[], at: number): void {
  const one = buckets[at] as Bucket
  one.partner = undefined
  one.price = Number.POSITIVE_INFINITY
  const last = Math.min(at + reach, buckets.length - 1)
  for (let next = at + 1; next <= last; next++) {
    const two = buckets[next] as Bucket
    const price = chanceOf(join(one.window, two.window)) - one.chance - two.chance
    if (price >= one.price) continue
    one.price = price
    one.partner = two
  }
}

function bucketOf(window: Window): Bucket {
  return { window, chance: chanceOf(window), partner: undefined, price: Number.POSITIVE_INFINITY }
}

function compare(one: Window, two: Window): number {
  const at = one.findIndex((nibbles, index) => nibbles !== two[index])
  return at < 0 ? 0 : (one[at] as number) - (two[at] as number)
}

function join(one: Window, two: Window): Window {
  return one.map((nibbles, at) => nibbles | (two[at] as number))
}

function chanceOf(window: Window): number {
  let chance = 1
  for (let place = 0; place < windowLength; place++) {
    chance *= shareIn(window[2 * place] as number, window[2 * place + 1] as number)
  }
  return chance
}

/** How often bytes of these kinds are met in logs, in hundredths. */
const kinds: readonly (readonly [first: number, last: number, share: number])[] = [
  [0x00, 0x1f, 6],
  [0x20, 0x20, 8],
  [0x21, 0x2f, 8],
  [0x30, 0x39, 12],
  [0x3a, 0x40, 4],
  [0x41, 0x5a, 6],
  [0x5b, 0x60, 2],
  [0x61, 0x7a, 48],
  [0x7b, 0x7f, 2],
  [0x80, 0xff, 4],
]
const shareOfByte = new Float64Array(256)
for (const [first, last, share] of kinds) {
  shareOfByte.fill(share / 100 / (last - first + 1), first, last + 1)
}

/** By high nibble, half of the low ones, and set of nibbles in that half: the share of those bytes, from 0 to 1. */
const shares = new Float64Array(16 * 2 * 256)
for (let half = 0; half < 32; half++) {
  for (let set = 1; set < 256; set++) {
    // That of the set without its lowest byte, and of that byte.
    const rest = shares[(half << 8) | (set & (set - 1))] as number
    const lowest = 31 - Math.clz32(set & -set)
    shares[(half << 8) | set] = rest + (shareOfByte[(half << 3) | lowest] as number)
  }
}

function shareIn(low: number, high: number): number {
  if (low === 0xffff && high === 0xffff) return 1
  let share = 0
  for (let left = high; left !== 0; left &= left - 1) {
    const row = (31 - Math.clz32(left & -left)) << 9
    share += (shares[row | (low & 0xff)] as number) + (shares[row | 0x100 | (low >> 8)] as number)
  }
  return share
}
