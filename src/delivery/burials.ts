import type { LetterHead } from '../buffer/dead-letters/letter.ts'
import type { Ending } from '../buffer/entry.ts'
import type { Clock } from '../component/clock.ts'
import type { Batch } from '../signal/batch.ts'
import type { Signal } from '../signal/signal.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { Piece } from './piece.ts'
import { RejectionNotes } from './rejection-notes.ts'

/** A letter is for people: what a backend says beyond this is cut. */
const reasonLengthMax = 4000

/**
 * What failed for good, while it is being written to the dead letters. Until then the items are still held: after a
 * crash a disk queue has them, and they are refused, and kept, again. Consumers go on meanwhile.
 */
export class Burials {
  readonly #letters: DeadLetters
  readonly #clock: Clock
  readonly #exporterId: string
  readonly #signal: Signal
  readonly #onEnd: () => void
  readonly #notes: RejectionNotes
  readonly #open = new Set<(kept: boolean) => void>()

  /** `onEnd` is called after each of the `end`s below. */
  constructor(
    letters: DeadLetters,
    {
      clock,
      exporterId,
      signal,
      onEnd,
    }: { clock: Clock; exporterId: string; signal: Signal; onEnd: () => void },
  ) {
    this.#letters = letters
    this.#clock = clock
    this.#exporterId = exporterId
    this.#signal = signal
    this.#onEnd = onEnd
    this.#notes = new RejectionNotes(clock, ({ pipelines, items, message }) => {
      const head = this.#head([...pipelines], items, 'partial_success', message)
      this.#keep(head, { segments: [], sizeBytes: 0 }, () => {})
    })
  }

  get length(): number {
    return this.#open.size
  }

  /** Keeps the items of a piece; then `end` is called, once: with whether they are kept. */
  add(piece: Piece, ending: Ending, end: (kept: boolean) => void): void {
    const { reason, error } = ending
    const head = this.#head(piece.pipelines, piece.batch.itemCount, reason, error.message)
    this.#keep(head, piece.batch, end)
  }

  /** The backend took the piece but for some items, and does not say which: only that is kept. */
  note(piece: Piece, rejectedItems: number, message: string): void {
    this.#notes.add(piece.pipelines, rejectedItems, message)
  }

  /** remora stops: nothing waits for more to join any longer. Call before `forget` and `abandon`. */
  hurry(): void {
    this.#notes.hurry()
  }

  /** The time to stop is over, and the items are still in a disk queue: they are refused again after the restart. */
  forget(): void {
    this.#open.clear()
  }

  /** The time to stop is over: what is not written is not kept. */
  abandon(): void {
    for (const once of [...this.#open]) once(false)
  }

  #keep(
    head: LetterHead,
    { segments, sizeBytes }: Pick<Batch, 'segments' | 'sizeBytes'>,
    end: (kept: boolean) => void,
  ): void {
    const once = (kept: boolean): void => {
      if (!this.#open.delete(once)) return
      end(kept)
      this.#onEnd()
    }
    this.#open.add(once)
    void this.#letters.keep(head, segments, sizeBytes).then(once)
  }

  #head(
    pipelines: readonly string[],
    items: number,
    code: Ending['reason'],
    reason: string,
  ): LetterHead {
    return {
      timeMs: this.#clock.nowMs(),
      exporter: this.#exporterId,
      pipelines,
      signal: this.#signal,
      items,
      code,
      reason: reason.slice(0, reasonLengthMax),
    }
  }
}
