import { must } from '../errors/bug.ts'
import type { Attempt } from './attempt.ts'
import { Backoff } from './backoff.ts'
import type { Piece } from './piece.ts'
import type { RetryConfig } from './schema.ts'

/** What one consumer of the queue works on: pieces, one after the other, each until it is out or given up. */
export class Job {
  /** What is still to be sent; the last one is next. */
  readonly pieces: Piece[]
  /** Under way. */
  attempt: Attempt | undefined
  /** Waits for the circuit to close, or to take it as a probe: no timer of its own. */
  parked = false
  /** Given by the circuit breaker for one attempt, which may still wait for the rate limit. */
  pass: number | undefined
  /** Ends the wait for the next try, or for the rate limit. */
  #cancelWait: (() => void) | undefined
  #firstTryMs: number | undefined
  #backoff: Backoff | undefined

  /** `pieces` in the order in which they are to be sent. */
  constructor(pieces: Piece[]) {
    this.pieces = pieces.reverse()
  }

  get next(): Piece {
    const piece = this.pieces.at(-1)
    must(piece !== undefined, 'a job without pieces goes on')
    return piece
  }

  /** The first try of the present piece, unless it was begun before, is at this time. */
  begin(nowMs: number): void {
    this.#firstTryMs ??= nowMs
  }

  get waiting(): boolean {
    return this.#cancelWait !== undefined
  }

  /** `cancel` ends the wait. */
  wait(cancel: () => void): void {
    this.#cancelWait = cancel
  }

  stopWaiting(): void {
    this.#cancelWait?.()
    this.#cancelWait = undefined
  }

  park(): void {
    this.stopWaiting()
    this.parked = true
    this.pass = undefined
  }

  /** Nothing of it counts any more. */
  abort(): void {
    this.stopWaiting()
    this.attempt?.abort()
    this.attempt = undefined
  }

  /** The attempt that it was for is over. */
  takePass(): number {
    const { pass } = this
    must(pass !== undefined, 'an attempt without a pass ends')
    this.pass = undefined
    return pass
  }

  /** An attempt of the present piece has failed. */
  get hasFailed(): boolean {
    return this.#backoff !== undefined
  }

  /** The waits of the present piece, from its first try on. */
  backoff(config: RetryConfig, random: () => number): Backoff {
    this.#backoff ??= new Backoff(config, this.#firstTryMs ?? 0, random)
    return this.#backoff
  }

  /** The present piece goes out as these instead. */
  replace(pieces: readonly Piece[]): void {
    this.pieces.pop()
    this.pieces.push(...pieces.toReversed())
    this.#startAfresh()
  }

  /** The present piece is done. False: it was the last. */
  advance(): boolean {
    this.pieces.pop()
    this.#startAfresh()
    return this.pieces.length > 0
  }

  #startAfresh(): void {
    this.#firstTryMs = undefined
    this.#backoff = undefined
  }
}
