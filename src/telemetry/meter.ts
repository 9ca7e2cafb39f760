import type { Counter, Histogram, Labels, Meter } from '../component/telemetry.ts'
import { must } from '../errors/bug.ts'
import { CounterCell, GaugeCell, HistogramCell } from './cells.ts'
import { durationBuckets, type MetricInfo, metrics, sizeBuckets } from './metrics.ts'

export interface Sample {
  readonly labels: Labels
  readonly value: number
}

type Cell = CounterCell | GaugeCell | HistogramCell

/** All series of one name. */
export interface Family {
  readonly name: string
  readonly type: MetricInfo['type']
  readonly unit: MetricInfo['unit']
  readonly help: string
  readonly cells: ReadonlyMap<string, Cell>
  /** Series that are read from elsewhere at a scrape, instead of cells. */
  readonly sources: readonly (() => Iterable<Sample>)[]
}

interface OpenFamily extends Family {
  readonly cells: Map<string, Cell>
  readonly sources: (() => Iterable<Sample>)[]
  readonly buckets: readonly number[]
}

/** Every metric of the process. Asking for the same name and labels again gives the same cell. */
export class MetricRegistry {
  readonly #families = new Map<string, OpenFamily>()

  /**
   * The meter of one component. `labels` name it and are added to each of its series; `declared` are the metrics of
   * its definition. Any other name that is not in the table of metrics.ts is a Bug.
   */
  meter(labels: Labels, declared: Readonly<Record<string, string>> = {}): Meter {
    return new ComponentMeter(this, labels, declared)
  }

  /** Series that exist elsewhere as numbers, read at each scrape. */
  addSource(name: string, samples: () => Iterable<Sample>): void {
    this.family(name, undefined, 'gauge').sources.push(samples)
  }

  get families(): ReadonlyMap<string, Family> {
    return this.#families
  }

  /** For ComponentMeter. `help` is given for metrics that a definition declares. */
  family(name: string, help: string | undefined, type: MetricInfo['type']): OpenFamily {
    const known = this.#families.get(name)
    if (known !== undefined) return known
    const info: MetricInfo | undefined =
      metrics[name] ?? (help === undefined ? undefined : { type, help })
    must(info !== undefined, `the metric ${name} is not in the table of metrics`)
    const family: OpenFamily = {
      name,
      type: info.type,
      unit: info.unit,
      help: info.help,
      cells: new Map(),
      sources: [],
      buckets: info.buckets ?? bucketsFor(name),
    }
    this.#families.set(name, family)
    return family
  }
}

class ComponentMeter implements Meter {
  readonly #registry: MetricRegistry
  readonly #labels: Labels
  readonly #declared: Readonly<Record<string, string>>

  constructor(
    registry: MetricRegistry,
    labels: Labels,
    declared: Readonly<Record<string, string>>,
  ) {
    this.#registry = registry
    this.#labels = labels
    this.#declared = declared
  }

  counter(name: string, labels: Labels = {}): Counter {
    return this.#cell(name, 'counter', labels, CounterCell, (all) => new CounterCell(all))
  }

  histogram(name: string, labels: Labels = {}): Histogram {
    return this.#cell(
      name,
      'histogram',
      labels,
      HistogramCell,
      (all, family) => new HistogramCell(all, family.buckets),
    )
  }

  gauge(name: string, labels: Labels, read: () => number): void {
    this.#cell(name, 'gauge', labels, GaugeCell, (all) => new GaugeCell(all, read)).read = read
  }

  #cell<C extends Cell>(
    name: string,
    type: MetricInfo['type'],
    labels: Labels,
    shape: new (...args: never) => C,
    make: (labels: Labels, family: OpenFamily) => C,
  ): C {
    const family = this.#registry.family(name, this.#declared[name], type)
    must(family.type === type, `the metric ${name} is a ${family.type}, not a ${type}`)
    const all = { ...this.#labels, ...labels }
    const key = seriesKey(all)
    const known = family.cells.get(key)
    if (known !== undefined) {
      must(known instanceof shape, `the metric ${name} has another type`)
      return known
    }
    const cell = make(all, family)
    family.cells.set(key, cell)
    return cell
  }
}

function seriesKey(labels: Labels): string {
  const names = Object.keys(labels).sort()
  return names.map((name) => `${name}\0${labels[name] as string}`).join('\0')
}

/** A definition declares only name and help; the name says what is measured. */
function bucketsFor(name: string): readonly number[] {
  return /_(?:seconds|duration)$/.test(name) ? durationBuckets : sizeBuckets
}
