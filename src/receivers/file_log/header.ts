import type { Counter } from '../../component/telemetry.ts'
import { type Chain, errorAttribute } from '../../operators/chain.ts'
import { Entry, type Values } from '../../operators/entry.ts'
import type { Pattern } from '../../regex/pattern.ts'
import type { Encoding } from '../../tail/encoding.ts'
import type { FileHeader } from '../../tail/header.ts'
import { readRange } from '../../tail/identity.ts'
import { noAttributes, type SourceAttributes } from '../../tail/line-source.ts'
import type { RecordSink } from '../../tail/line-target.ts'
import { NewlineFramer } from '../../tail/newline-framer.ts'
import type { Source } from '../../tail/source.ts'
import type { TailedFile } from '../../tail/tailed-file.ts'

export interface HeaderSettings {
  /** Every line of a header matches it; the first that does not is a record. */
  readonly pattern: Pattern
  /** What makes attributes of a line. */
  readonly chain: Chain
  readonly encoding: Encoding
  readonly maxLogSizeBytes: number
}

interface State {
  /** Of the content that was looked at. */
  readonly generation: number
  /** What records carry without the header. */
  readonly base: SourceAttributes
  readonly values: Values
  isDone: boolean
}

// A header that is longer is not found again when reading goes on after a restart.
const headerBytesMax = 256 * 1024

/** Reads the lines in front of the records (`header`), of which all records of the file get the attributes. */
export class HeaderReader implements FileHeader, RecordSink {
  readonly #settings: HeaderSettings
  readonly #framer: NewlineFramer
  readonly #states = new WeakMap<TailedFile, State>()
  readonly #entry = new Entry()
  #values: Values = {}
  /** Where the first other line begins, in the file; -1 while none was seen. */
  #endOffset = -1

  constructor(settings: HeaderSettings) {
    this.#settings = settings
    const { encoding, maxLogSizeBytes } = settings
    this.#framer = new NewlineFramer({
      encoding,
      maxLogSizeBytes,
      oversize: 'split',
      preserveLeading: true,
      preserveTrailing: true,
      counts: { split: uncounted, truncated: uncounted, undecodable: uncounted },
    })
  }

  async prepare(file: TailedFile, source: Source): Promise<void> {
    const known = this.#states.get(file)
    if (known?.generation === file.generation) return
    const base = known?.base ?? file.attributes ?? noAttributes
    const state: State = { generation: file.generation, base, values: {}, isDone: false }
    this.#states.set(file, state)
    file.attributes = base
    if (file.offset === 0) return
    const head = await readRange(source, 0, Math.min(file.offset, headerBytesMax))
    const end = this.#read(file, state, head, 0, 0, false)
    // A position behind the header means that its end was seen.
    if (end < file.offset) state.isDone = true
  }

  take(file: TailedFile, view: Buffer, start: number, flush: boolean): number {
    const state = this.#states.get(file)
    if (state === undefined || state.isDone) return start
    return this.#read(file, state, view, start, file.offset, flush)
  }

  isDone(file: TailedFile): boolean {
    return this.#states.get(file)?.isDone ?? true
  }

  line(source: Buffer, start: number, end: number, offset: number): void {
    this.#line(source.toString('utf8', start, end), offset)
  }

  binary(source: Buffer, start: number, end: number, offset: number): void {
    this.#line(source.toString('utf8', start, end), offset)
  }

  blank(offset: number): void {
    this.#line('', offset)
  }

  #read(
    file: TailedFile,
    state: State,
    view: Buffer,
    start: number,
    offset: number,
    flush: boolean,
  ): number {
    this.#values = state.values
    this.#endOffset = -1
    const source = { offset, skipping: false }
    let end = this.#framer.frame(source, view, start, view.length, flush, this)
    if (this.#endOffset >= 0) {
      state.isDone = true
      end = start + this.#endOffset - offset
    }
    const values = { ...state.base.values, ...state.values }
    file.attributes = { ...state.base, values }
    return end
  }

  #line(text: string, offset: number): void {
    if (this.#endOffset >= 0) return
    if (this.#settings.pattern.exec(text) === null) {
      this.#endOffset = offset
      return
    }
    this.#entry.reset(text, {}, {})
    this.#settings.chain.run(this.#entry, 0, ({ attributes }) => {
      for (const key of Object.keys(attributes)) {
        // Counted and in the log; it says nothing of the records.
        if (key !== errorAttribute) this.#values[key] = attributes[key]
      }
    })
  }
}

const uncounted: Counter = { add: () => undefined }
