import { Entry, type Value, type Values } from '../entry.ts'
import type { Recombine } from '../flow/recombine.ts'
import { OperatorError } from '../operator-error.ts'
import type { BodyTest } from './body-test.ts'
import type { DirectHost, DirectJoin, DirectPath, DirectSource } from './direct-path.ts'

const textBytes = 16 * 1024
/** What is kept from one record to the next; a longer one gets a buffer of its own. */
const keptMaxBytes = 1024 * 1024

/** Lines of one file put together in a buffer of bytes, while a block is read. */
export class DirectRecombine implements DirectJoin {
  readonly #joiner: Recombine
  readonly #isFirst: BodyTest | undefined
  readonly #isLast: BodyTest | undefined
  readonly #next: DirectPath | undefined
  readonly #separator: Buffer
  readonly #entry = new Entry()
  #host: DirectHost | undefined
  #key: Value
  #nowMs = 0
  #text: Buffer = Buffer.allocUnsafeSlow(textBytes)
  #length = 0
  /** Lines that are held; 0 for none. */
  #count = 0
  #matched = false

  /** `next` gets the records. */
  constructor(
    joiner: Recombine,
    tests: { readonly isFirst: BodyTest | undefined; readonly isLast: BodyTest | undefined },
    next: DirectPath | undefined,
  ) {
    this.#joiner = joiner
    this.#isFirst = tests.isFirst
    this.#isLast = tests.isLast
    this.#next = next
    this.#separator = Buffer.from(joiner.settings.combineWith)
  }

  begin(source: DirectSource, host: DirectHost, nowMs: number): Readonly<Values> | undefined {
    this.#host = host
    this.#nowMs = nowMs
    const entry = this.#entry
    entry.reset('', source.attributes, source.resource)
    entry.path = source.path
    this.#key = this.#joiner.sourceOf(entry)
    // A list or map is another one in each entry.
    if (typeof this.#key === 'object') return undefined
    return this.#next === undefined ? source.resource : this.#next.begin(source)
  }

  line(bytes: Buffer, start: number, end: number): boolean {
    let first: boolean
    let last: boolean
    try {
      first = this.#isFirst?.(bytes, start, end) === true
      last = this.#isLast?.(bytes, start, end) === true
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error
      this.settle()
      return false
    }
    const joiner = this.#joiner
    const host = this.#host as DirectHost
    if (first) {
      this.#release(host)
      joiner.release(this.#key, host.release)
    }
    // What was held at the end of the last block goes on there, until a new group begins.
    if (this.#count === 0 && !joiner.hasRoomFor(this.#key)) return false
    this.#add(bytes, start, end)
    this.#matched ||= first || last
    if (last || joiner.isFull(this.#count, this.#length, this.#matched)) this.#release(host)
    return true
  }

  settle(): void {
    if (this.#count === 0) return
    const entry = (this.#host as DirectHost).entry(this.#text.toString('utf8', 0, this.#length))
    const held = { sizeBytes: this.#length, count: this.#count, matched: this.#matched }
    this.#clear()
    this.#joiner.adopt(this.#key, entry, held, this.#nowMs)
  }

  #add(bytes: Buffer, start: number, end: number): void {
    const separator = this.#count === 0 ? 0 : this.#separator.length
    const length = this.#length + separator + end - start
    if (length > this.#text.length) this.#grow(length)
    if (separator > 0) this.#separator.copy(this.#text, this.#length)
    bytes.copy(this.#text, this.#length + separator, start, end)
    this.#length = length
    this.#count++
  }

  #grow(length: number): void {
    const grown = Buffer.allocUnsafeSlow(2 * length)
    this.#text.copy(grown, 0, 0, this.#length)
    this.#text = grown
  }

  #release(host: DirectHost): void {
    if (this.#count === 0) return
    const writer = host.open()
    if (this.#next === undefined) writer.bodyBytes(this.#text, 0, this.#length)
    else if (!this.#next.write(this.#text, 0, this.#length, writer)) {
      host.cancel()
      this.settle()
      this.#joiner.release(this.#key, host.release)
      return
    }
    host.end()
    this.#clear()
  }

  #clear(): void {
    this.#length = 0
    this.#count = 0
    this.#matched = false
    if (this.#text.length > keptMaxBytes) this.#text = Buffer.allocUnsafeSlow(textBytes)
  }
}
