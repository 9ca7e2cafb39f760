/** The candidate nearest to what was written, if it is near enough to be a slip of the keyboard. */
export function nearest(written: string, given: Iterable<string>): string | undefined {
  const candidates = [...given]
  // A longer text would cost time and is no slip.
  if (written.length > 100) return undefined
  const normal = normalise(written)
  const whole = wordOf(normal, candidates)
  if (whole !== undefined) return whole
  let best: string | undefined
  let bestDistance = Number.POSITIVE_INFINITY
  for (const candidate of candidates) {
    const name = normalise(candidate)
    const limit = Math.min(bestDistance, slipsMax(normal, name) + 1)
    const distance = editDistance(normal, name, limit)
    if (distance < limit) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** `did you mean "batch"?`, or else what begins like it, or all that exists if that is a short list, or nothing. */
export function suggestion(written: string, candidates: Iterable<string>): string | undefined {
  const names = [...candidates]
  const near = nearest(written, names)
  if (near !== undefined) return `did you mean "${near}"?`
  const start = normalise(written)
  const alike = start.length < 4 ? [] : names.filter((name) => normalise(name).startsWith(start))
  const listed = alike.length > 0 ? alike : names
  if (listed.length === 0 || listed.length > 12) return undefined
  return `one of ${listed.map((name) => `"${name}"`).join(', ')}`
}

/** One slip in three letters of the shorter name. Of two letters one in common says nothing: `UK` is not meant by `US`. */
function slipsMax(left: string, right: string): number {
  return Math.floor(Math.min(left.length, right.length) / 3)
}

/** The one candidate of which it is the long or the short form: `warning` for `warn`, `info` for `information`. */
function wordOf(written: string, candidates: readonly string[]): string | undefined {
  const found = candidates.filter((candidate) => {
    const name = normalise(candidate)
    const [short, long] = name.length < written.length ? [name, written] : [written, name]
    return short.length >= 4 && long.length - short.length <= 8 && long.startsWith(short)
  })
  return found.length === 1 ? found[0] : undefined
}

/** `queueSize`, `queue-size` and `queue_size` are the same word. */
function normalise(name: string): string {
  return name.replaceAll(/[-_ ]/g, '').toLowerCase()
}

/** Insertions, deletions, replacements and swaps of neighbours; `limit` where it is that or more. */
function editDistance(left: string, right: string, limit: number): number {
  if (Math.abs(left.length - right.length) >= limit) return limit
  let before: number[] = []
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1]
      let cost = Math.min(
        (previous[column] as number) + 1,
        (current[column - 1] as number) + 1,
        (previous[column - 1] as number) + (same ? 0 : 1),
      )
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      if (swapped && row > 1 && column > 1) {
        cost = Math.min(cost, (before[column - 2] as number) + 1)
      }
      current.push(cost)
    }
    before = previous
    previous = current
  }
  return previous[right.length] as number
}
