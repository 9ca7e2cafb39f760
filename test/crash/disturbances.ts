/**
 * What happened during a run that may make the same record arrive twice, and when. Times are of `performance.now()`.
 */
export type Disturbance = 'kill' | 'backend down' | 'stall'

/**
 * How long before each of them a record may have arrived for the first time. After a kill comes again what was delivered
 * since the last save of the cursor (docs/disk-queue.md: at most a second) and what was being sent; half a second more
 * is for the save itself on a busy disk.
 */
const beforeMs: Readonly<Record<Disturbance, number>> = {
  kill: 1500,
  'backend down': 500,
  stall: 1500,
}
/** What was in the sockets arrives a little later. */
const afterMs = 500

export class Disturbances {
  readonly #kinds: Disturbance[] = []
  readonly #timesMs: number[] = []

  note(kind: Disturbance): void {
    this.#kinds.push(kind)
    this.#timesMs.push(performance.now())
  }

  count(kind: Disturbance): number {
    return this.#kinds.filter((one) => one === kind).length
  }

  /** Whether one of them accounts for a record that arrived at this time and has just arrived again. */
  explain(arrivedMs: number): boolean {
    for (let index = this.#kinds.length - 1; index >= 0; index--) {
      const timeMs = this.#timesMs[index] as number
      if (timeMs + afterMs < arrivedMs) return false
      if (arrivedMs >= timeMs - beforeMs[this.#kinds[index] as Disturbance]) return true
    }
    return false
  }
}
