import { standsAt } from '../../operators/bytes/scan.ts'
import { TimeScanner } from '../../operators/bytes/time-scanner.ts'
import { type FormatSettings, TextFormat } from '../format.ts'
import type { Found } from '../found.ts'
import { KeyNames } from '../keys.ts'
import { scanPairs } from '../pairs.ts'
import { spanIdKeys, TraceIds, traceIdKeys } from '../trace-ids.ts'
import { levelKeys, messageKeys, readUsualLevel, readUsualTime, timeKeys } from './usual-keys.ts'

/** A range of the record, and which of the usual keys it belongs to: the smaller, the better. */
class Usual {
  readonly #keys: readonly string[]
  rank = 0
  start = 0
  end = 0

  constructor(keys: readonly string[]) {
    this.#keys = keys
  }

  reset(): void {
    this.rank = this.#keys.length
  }

  get isThere(): boolean {
    return this.rank < this.#keys.length
  }

  take(source: Uint8Array, keyStart: number, keyEnd: number, start: number, end: number): void {
    for (let rank = 0; rank < this.rank; rank++) {
      const key = this.#keys[rank] as string
      if (key.length !== keyEnd - keyStart || !standsAt(source, keyStart, keyEnd, key)) continue
      this.rank = rank
      this.start = start
      this.end = end
    }
  }
}

/** `time=2026-11-21T10:15:30Z level=info msg="order placed" order_id=4711`: pairs and nothing else, at least two. */
export class Logfmt extends TextFormat {
  readonly name = 'logfmt'
  readonly multiline = false
  readonly #times: TimeScanner
  readonly #names = new KeyNames()
  readonly #time = new Usual(timeKeys)
  readonly #level = new Usual(levelKeys)
  readonly #message = new Usual(messageKeys)
  readonly #traceId = new Usual(traceIdKeys)
  readonly #spanId = new Usual(spanIdKeys)
  readonly #ids = new TraceIds()
  readonly #onPair = (
    source: Buffer,
    keyStart: number,
    keyEnd: number,
    start: number,
    end: number,
  ): void => {
    this.#time.take(source, keyStart, keyEnd, start, end)
    this.#level.take(source, keyStart, keyEnd, start, end)
    this.#message.take(source, keyStart, keyEnd, start, end)
    // None of the others is as long as the number of digits of an id.
    if (end - start === 32) this.#traceId.take(source, keyStart, keyEnd, start, end)
    else if (end - start === 16) this.#spanId.take(source, keyStart, keyEnd, start, end)
  }

  constructor(settings: FormatSettings) {
    super(settings)
    this.#times = new TimeScanner(settings.zone, settings.nowMs)
  }

  begins(): boolean {
    return true
  }

  protected scan(source: Buffer, start: number, end: number, found: Found): string | undefined {
    const [time, level, message] = [this.#time, this.#level, this.#message]
    time.reset()
    level.reset()
    message.reset()
    this.#traceId.reset()
    this.#spanId.reset()
    const count = scanPairs(source, start, end, this.#names, found, this.#onPair)
    if (count < 0) return 'it is more than pairs such as key=value, or a key comes twice'
    if (count < 2) return 'it has less than two pairs such as key=value'
    if (time.isThere && readUsualTime(source, time.start, time.end, this.#times)) {
      found.time(this.#times.seconds, this.#times.nanos)
    }
    if (level.isThere) {
      const number = readUsualLevel(source, level.start, level.end)
      if (number > 0) found.level(number, level.start, level.end)
    }
    if (message.isThere) found.quotedMessage(message.start, message.end)
    if (this.#traceId.isThere) found.ids = this.#readIds(source)
    return undefined
  }

  #readIds(source: Buffer): TraceIds {
    const [ids, trace, span] = [this.#ids, this.#traceId, this.#spanId]
    ids.readTrace(source, trace.start, trace.end)
    if (span.isThere) ids.readSpan(source, span.start, span.end)
    return ids
  }
}
