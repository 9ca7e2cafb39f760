import type { Logger } from '../component/telemetry.ts'
import type { FormatName } from './catalogue.ts'
import { detect, type Verdict } from './detect.ts'
import type { Format } from './format.ts'

/** A verdict on fewer lines is looked at again when there are more. */
const linesEnough = 20
/** Of so many records in a row more than half unread: the file is of another kind now. */
const recordsWatched = 50
/** Where nothing fits it is tried again after so many records. */
const recordsUntilRetry = 1000

/** What `auto` says about a file, for people. */
export interface Choice {
  readonly preset: string
  readonly confidence: number
  readonly reason: string
  /** What to configure, where no preset can see the lines of the program. */
  readonly hint: string | undefined
}

/** How one file, or one stream, is read. */
export interface Session {
  /** Undefined where nothing fits: records go on as they are. */
  readonly format: Format | undefined
  readonly choice: Choice | undefined
  /** Whether `look` wants to see lines. */
  readonly due: boolean
  /** Lines come that begin a record; asked once a block, so that `auto` can look at them. */
  look(source: Buffer, start: number, end: number): void
  /** Whether the last record could be read. */
  note(isRead: boolean): void
}

export class FixedSession implements Session {
  readonly format: Format
  readonly choice = undefined
  readonly due = false

  constructor(format: Format) {
    this.format = format
  }

  look(): void {
    // There is nothing to choose.
  }

  note(): void {
    // The counter of the operator has it.
  }
}

/** Chooses by the first lines, again while there were few of them, and when what was chosen fits no more. */
export class AutoSession implements Session {
  readonly #formats: ReadonlyMap<FormatName, Format>
  readonly #logger: Logger
  readonly #file: string
  #verdict: Verdict | undefined
  #records = 0
  #unread = 0
  #due = true
  /** What was chosen does not fit what came since. */
  #failing = false

  constructor(formats: ReadonlyMap<FormatName, Format>, logger: Logger, file: string) {
    this.#formats = formats
    this.#logger = logger
    this.#file = file
  }

  get format(): Format | undefined {
    return this.#verdict?.format
  }

  get due(): boolean {
    return this.#due
  }

  get choice(): Choice | undefined {
    return this.#verdict && choiceOf(this.#verdict)
  }

  look(source: Buffer, start: number, end: number): void {
    if (!this.#due) return
    const found = detect(source, start, end, this.#formats)
    if (found.lines === 0) return
    const before = this.#verdict
    if (before !== undefined && this.#outweighs(before, found)) return
    // What was seen of the beginning says more than some line further on.
    const hint = before?.format === found.format ? (before?.hint ?? found.hint) : found.hint
    const verdict = { ...found, hint }
    this.#verdict = verdict
    this.#due = verdict.lines < linesEnough
    this.#failing = false
    this.#records = 0
    this.#unread = 0
    if (before === undefined || before.format !== verdict.format) this.#say(verdict, before)
  }

  note(isRead: boolean): void {
    this.#records++
    if (!isRead) this.#unread++
    const watched = this.format === undefined ? recordsUntilRetry : recordsWatched
    if (this.#records < watched) return
    if (this.#unread * 2 > this.#records) {
      this.#due = true
      this.#failing = true
    }
    this.#records = 0
    this.#unread = 0
  }

  /** A few lines that look like something else, at the end of a file or of a block, say less than more lines did before. */
  #outweighs(before: Verdict, found: Verdict): boolean {
    if (before.format === undefined || before.format === found.format) return false
    return !this.#failing && found.lines < before.lines
  }

  #say(verdict: Verdict, before: Verdict | undefined): void {
    const { preset, confidence, reason, hint } = choiceOf(verdict)
    const instead = before && { instead_of: before.format?.name ?? 'none' }
    const advice = hint === undefined ? {} : { hint }
    const fields = { file: this.#file, preset, confidence, why: reason, ...instead, ...advice }
    if (hint !== undefined)
      this.#logger.warn('preset auto cannot see the lines of the program', fields)
    else if (verdict.format === undefined)
      this.#logger.warn('preset auto finds nothing that fits', fields)
    else this.#logger.info('preset auto chose a preset', fields)
  }
}

function choiceOf({ format, lines, fitting, confidence, others, hint }: Verdict): Choice {
  const rounded = Math.floor(confidence * 100) / 100
  const as = format?.name === 'java_stack' ? 'have stack traces of a JVM' : 'fit'
  const also = others.length === 0 ? '' : `, and ${others.join(' and ')} as well`
  const best = format === undefined ? ' the best preset' : ''
  return {
    preset: format?.name ?? 'none',
    confidence: rounded,
    hint,
    reason: `${fitting} of the first ${lines} lines ${as}${best}${also}`,
  }
}
