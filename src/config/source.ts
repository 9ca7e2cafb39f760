import type { Place } from '../errors/config-problem.ts'

/** 4 MiB: four times what a Kubernetes ConfigMap can hold. */
export const maxSourceBytes = 4 * 1024 * 1024

/** One text that the configuration was read from. Kept, so that problems can show the line. */
export class Source {
  /** What a person gave: a path, `env:VAR`, `--set exporters.otlp.timeout`. */
  readonly label: string
  readonly text: string
  #lineStarts: readonly number[] | undefined

  constructor(label: string, text: string) {
    this.label = label
    this.text = text
  }

  placeAt(offset: number): Place {
    const starts = this.#starts()
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] as number) <= offset) low = middle
      else high = middle - 1
    }
    return { file: this.label, line: low + 1, column: offset - (starts[low] as number) + 1 }
  }

  /** Where the line (counted from 1) begins and ends, without its line break. */
  lineSpan(line: number): readonly [start: number, end: number] {
    const starts = this.#starts()
    const start = starts[line - 1] ?? this.text.length
    const end = (starts[line] ?? this.text.length + 1) - 1
    return [start, this.text[end - 1] === '\r' ? end - 1 : end]
  }

  #starts(): readonly number[] {
    if (this.#lineStarts === undefined) {
      const starts = [0]
      for (let at = this.text.indexOf('\n'); at >= 0; at = this.text.indexOf('\n', at + 1)) {
        starts.push(at + 1)
      }
      this.#lineStarts = starts
    }
    return this.#lineStarts
  }
}

/** A stretch of a source. */
export interface Origin {
  readonly source: Source
  readonly start: number
  readonly end: number
}

export function placeOf(origin: Origin): Place {
  return origin.source.placeAt(origin.start)
}
