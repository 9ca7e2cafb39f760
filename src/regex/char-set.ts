/** Code points as sorted, separate ranges: `[97, 122, 95, 95]` is not one, `[95, 95, 97, 122]` is `[_a-z]`. */
export type CharSet = readonly number[]

export const lastCodePoint = 0x10ffff
export const newlineOnly: CharSet = [10, 10]
export const digits: CharSet = [48, 57]
export const spaces: CharSet = [9, 10, 12, 13, 32, 32]
export const wordChars: CharSet = [48, 57, 65, 90, 95, 95, 97, 122]
export const anyChar: CharSet = [0, lastCodePoint]

export function normalize(ranges: readonly number[]): CharSet {
  const pairs: [number, number][] = []
  for (let at = 0; at < ranges.length; at += 2) {
    pairs.push([ranges[at] as number, ranges[at + 1] as number])
  }
  pairs.sort((a, b) => a[0] - b[0])
  const merged: number[] = []
  for (const [low, high] of pairs) {
    const last = merged.at(-1)
    if (last !== undefined && low <= last + 1) merged[merged.length - 1] = Math.max(last, high)
    else merged.push(low, high)
  }
  return merged
}

export function negate(set: CharSet): CharSet {
  const out: number[] = []
  let next = 0
  for (let at = 0; at < set.length; at += 2) {
    const low = set[at] as number
    if (low > next) out.push(next, low - 1)
    next = (set[at + 1] as number) + 1
  }
  if (next <= lastCodePoint) out.push(next, lastCodePoint)
  return out
}

export function overlaps(a: CharSet, b: CharSet): boolean {
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) {
    if ((a[i + 1] as number) < (b[j] as number)) i += 2
    else if ((b[j + 1] as number) < (a[i] as number)) j += 2
    else return true
  }
  return false
}

/**
 * With the other case of each letter, as RE2 folds: also the Kelvin sign for k and the long s for s. Undefined where a
 * letter outside of ASCII is meant, whose folding is not known here.
 */
export function foldCase(set: CharSet): CharSet | undefined {
  if ((set.at(-1) ?? 0) > 0x7f) return undefined
  const out = [...set]
  for (let at = 0; at < set.length; at += 2) {
    addFolded(out, set[at] as number, set[at + 1] as number, 65, 90, 32)
    addFolded(out, set[at] as number, set[at + 1] as number, 97, 122, -32)
  }
  const folded = normalize(out)
  if (overlaps(folded, [107, 107])) out.push(0x212a, 0x212a)
  if (overlaps(folded, [115, 115])) out.push(0x17f, 0x17f)
  return normalize(out)
}

function addFolded(
  out: number[],
  low: number,
  high: number,
  from: number,
  to: number,
  shift: number,
): void {
  const first = Math.max(low, from)
  const last = Math.min(high, to)
  if (first <= last) out.push(first + shift, last + shift)
}
