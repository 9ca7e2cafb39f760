import type { Counter, Histogram, Labels } from '../component/telemetry.ts'

/** One time series: plain numbers that the hot path adds to. Text is made from them at a scrape, never before. */
export class CounterCell implements Counter {
  readonly labels: Labels
  value = 0

  constructor(labels: Labels) {
    this.labels = labels
  }

  add(amount: number): void {
    this.value += amount
  }
}

export class GaugeCell {
  readonly labels: Labels
  /** Of all components that asked for this cell; the newest instance of a component answers. */
  read: () => number

  constructor(labels: Labels, read: () => number) {
    this.labels = labels
    this.read = read
  }
}

export class HistogramCell implements Histogram {
  readonly labels: Labels
  readonly #bounds: readonly number[]
  /** Not cumulative; the last one is `+Inf`. */
  readonly #counts: Float64Array
  sum = 0

  constructor(labels: Labels, bounds: readonly number[]) {
    this.labels = labels
    this.#bounds = bounds
    this.#counts = new Float64Array(bounds.length + 1)
  }

  record(value: number): void {
    let index = 0
    while (index < this.#bounds.length && value > (this.#bounds[index] as number)) index += 1
    this.#counts[index] = (this.#counts[index] as number) + 1
    this.sum += value
  }

  /** Cumulative counts by upper bound, as Prometheus wants them; the last bound is `+Inf` and its count the total. */
  *buckets(): Generator<readonly [bound: string, count: number]> {
    let total = 0
    for (const [index, count] of this.#counts.entries()) {
      total += count
      yield [index < this.#bounds.length ? String(this.#bounds[index]) : '+Inf', total]
    }
  }
}
