import { type Clock, sleep } from '../component/clock.ts'
import type { Framer } from '../tail/framer.ts'
import type { LineTarget } from '../tail/line-target.ts'
import type { DeliveryWindow } from '../tail/window.ts'
import type { ByteFlow, ByteSink } from './byte-flow.ts'
import type { StreamSource } from './stream-source.ts'
import type { Tee } from './tee.ts'

/** What a pipe of Linux holds: most is read at once. */
const readBytes = 64 * 1024
// As large as the blocks of a tail: some thousand lines a batch.
const blockBytes = 256 * 1024
/** Lines that come one by one wait this long for others: a batch for each would cost ten times the CPU. */
const gatherMs = 100

export interface LineStreamParts {
  readonly framer: Framer
  readonly target: LineTarget<StreamSource>
  readonly window: DeliveryWindow<StreamSource>
  readonly clock: Clock
  /** An unfinished record is taken as it is after this long; 0: when the stream ends. */
  readonly forceFlushMs: number
  /** The stream may stand still for this long for lack of room; then what comes is dropped. Infinity: never dropped. */
  readonly maxBlockMs: number
  /** Counts what was read. */
  received(bytes: number): void
  dropped(records: number): void
  /** Reading goes on, and what comes is dropped. */
  overflowing(source: StreamSource): void
}

/**
 * Makes records of one stream.
 *
 *   buffer  [ framed, forgotten | unfinished record | room for the next read ]
 *                               from                filled
 *
 * `room` moves the unfinished record to the front, and nothing else moves it: a read that is under way writes behind it.
 * The buffer grows with the unfinished record, which the framer cuts when it passes `max_log_size`: to twice that at most.
 */
export class LineStream implements ByteSink {
  readonly source: StreamSource
  /** Resolves when nothing more comes; with the error, if one was the reason. */
  readonly ended: Promise<Error | undefined>
  readonly #parts: LineStreamParts
  readonly #tee: Tee | undefined
  readonly #end = Promise.withResolvers<Error | undefined>()
  #flow: ByteFlow | undefined
  #buffer: Buffer = Buffer.allocUnsafeSlow(readBytes)
  #from = 0
  #filled = 0
  /** Bytes that no framer has seen. */
  #fresh = 0
  #cancelFrame: (() => void) | undefined
  #cancelFlush: (() => void) | undefined
  #soon: NodeJS.Immediate | undefined
  #holding = false
  #dropping = false
  #finished = false
  #lastReadMs: number

  constructor(source: StreamSource, parts: LineStreamParts, tee?: Tee) {
    this.source = source
    this.ended = this.#end.promise
    this.#parts = parts
    this.#tee = tee
    this.#lastReadMs = parts.clock.monotonicMs()
  }

  /** Begins to read. */
  start(flow: ByteFlow): void {
    this.#flow = flow
    flow.resume()
  }

  /** At the end, or to leave unread what is unread: what was read becomes records. */
  end(error?: Error): void {
    if (this.#finished) return
    this.#finished = true
    this.#flow?.close()
    this.#frame(true)
    this.#end.resolve(error)
  }

  /** Since when nothing has come, by the monotonic clock; now, while it is not read. */
  get quietSinceMs(): number {
    return this.#holding ? this.#parts.clock.monotonicMs() : this.#lastReadMs
  }

  get finished(): boolean {
    return this.#finished
  }

  /** It is not read, because there is no room. */
  get waits(): boolean {
    return this.#holding && !this.#finished
  }

  /** Does not wait for room any longer: what comes is dropped and counted. */
  overflow(): void {
    this.#tee?.giveUp()
    this.#dropping = true
    this.#flow?.resume()
  }

  room(): Buffer {
    if (this.#from > 0) {
      this.#buffer.copyWithin(0, this.#from, this.#filled)
      this.#filled -= this.#from
      this.#from = 0
    }
    const wanted = this.#filled === this.#buffer.length ? this.#filled * 2 : this.#buffer.length
    const idle = this.#filled < readBytes && this.#buffer.length > blockBytes
    if (wanted !== this.#buffer.length || idle) {
      const larger = Buffer.allocUnsafeSlow(idle ? blockBytes : wanted)
      this.#buffer.copy(larger, 0, 0, this.#filled)
      this.#buffer = larger
    }
    return this.#buffer.subarray(this.#filled, this.#filled + readBytes)
  }

  filled(count: number): boolean {
    this.#tee?.write(this.#buffer.subarray(this.#filled, this.#filled + count))
    this.#filled += count
    this.#fresh += count
    this.#lastReadMs = this.#parts.clock.monotonicMs()
    this.#parts.received(count)
    this.#cancelFlush?.()
    this.#cancelFlush = undefined
    this.#schedule()
    if (this.#mayRead) return true
    void this.#hold()
    return false
  }

  get #mayRead(): boolean {
    return (this.#tee?.ready ?? true) && (this.#dropping || this.#parts.window.hasRoom)
  }

  #schedule(): void {
    const full = this.#filled === this.#buffer.length
    if (full && this.#buffer.length >= blockBytes) this.#frame(false)
    // A record that goes on and on is looked at again when it has doubled, not at each read.
    else if (this.#fresh >= readBytes / 2 && this.#fresh * 2 >= this.#filled - this.#from) {
      this.#soon ??= setImmediate(() => this.#frame(false))
    } else {
      this.#cancelFrame ??= this.#parts.clock.after(gatherMs, () => this.#frame(false))
    }
  }

  #frame(flush: boolean): void {
    this.#cancel()
    this.#fresh = 0
    if (this.#from === this.#filled) return
    const view = this.#buffer.subarray(0, this.#filled)
    const drops = this.#dropping && !this.#parts.window.hasRoom
    this.#dropping = drops
    const end = drops ? this.#drop(view, flush) : this.#write(view, flush)
    this.source.offset += end - this.#from
    this.#from = end
    const { clock, forceFlushMs } = this.#parts
    if (end < this.#filled && forceFlushMs > 0 && !this.#finished) {
      this.#cancelFlush = clock.after(forceFlushMs, () => this.#frame(true))
    }
  }

  #write(view: Buffer, flush: boolean): number {
    const { framer, target, window, clock } = this.#parts
    target.begin(this.source, clock.nowMs())
    const end = framer.frame(this.source, view, this.#from, view.length, flush, target)
    target.end()
    const batch = target.finish()
    if (end > this.#from) window.push(batch, target.progress([this.source]))
    return end
  }

  #drop(view: Buffer, flush: boolean): number {
    const { framer, dropped } = this.#parts
    let records = 0
    const count = (): void => {
      records++
    }
    const sink = { line: count, binary: count, blank: () => undefined }
    const end = framer.frame(this.source, view, this.#from, view.length, flush, sink)
    if (records > 0) dropped(records)
    return end
  }

  #cancel(): void {
    if (this.#soon !== undefined) clearImmediate(this.#soon)
    this.#soon = undefined
    this.#cancelFrame?.()
    this.#cancelFrame = undefined
    this.#cancelFlush?.()
    this.#cancelFlush = undefined
  }

  /** Waits until reading may go on. */
  async #hold(): Promise<void> {
    if (this.#holding) return
    this.#holding = true
    const { clock, maxBlockMs } = this.#parts
    const untilMs = clock.monotonicMs() + maxBlockMs
    while (!this.#finished && !this.#mayRead) await this.#untilRoom(untilMs)
    this.#holding = false
    if (!this.#finished) this.#flow?.resume()
  }

  async #untilRoom(untilMs: number): Promise<void> {
    const { window, clock, overflowing } = this.#parts
    if (this.#tee?.ready === false) return this.#tee.drained()
    if (untilMs === Infinity) return window.room()
    const waited = new AbortController()
    const late = sleep(clock, Math.max(0, untilMs - clock.monotonicMs()), waited.signal)
    await Promise.race([late, window.room()])
    waited.abort()
    if (window.hasRoom || clock.monotonicMs() < untilMs) return
    this.#dropping = true
    overflowing(this.source)
  }
}
