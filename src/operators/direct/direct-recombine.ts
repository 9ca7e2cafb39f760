import { Entry, type Value, type Values } from '../entry.ts'
import type { Recombine } from '../flow/recombine.ts'
import { OperatorError } from '../operator-error.ts'
import type { BodyTest } from './body-test.ts'
import { ByteText } from './byte-text.ts'
import type { DirectHost, DirectSource, DirectStage } from './direct-path.ts'
import { LineHead } from './line-head.ts'

/** Lines of one file put together in a buffer of bytes, while a block is read. */
export class DirectRecombine implements DirectStage {
  readonly #joiner: Recombine
  readonly #isFirst: BodyTest | undefined
  readonly #isLast: BodyTest | undefined
  readonly #next: DirectStage
  readonly #separator: Buffer
  readonly #keepsOldest: boolean
  readonly #release: (entry: Entry) => void
  readonly #entry = new Entry()
  #host: DirectHost | undefined
  #key: Value
  #nowMs = 0
  readonly #text = new ByteText()
  readonly #head = new LineHead()
  /** Lines that are held; 0 for none. */
  #count = 0
  #matched = false

  /** `operator`: the index of `joiner`. `next` gets the records. */
  constructor(
    joiner: Recombine,
    operator: number,
    tests: { readonly isFirst: BodyTest | undefined; readonly isLast: BodyTest | undefined },
    next: DirectStage,
  ) {
    this.#joiner = joiner
    this.#isFirst = tests.isFirst
    this.#isLast = tests.isLast
    this.#next = next
    this.#separator = Buffer.from(joiner.settings.combineWith)
    this.#keepsOldest = joiner.settings.overwriteWith === 'oldest'
    this.#release = (entry) => this.#host?.release(entry, operator)
  }

  begin(source: DirectSource, host: DirectHost, nowMs: number): Readonly<Values> | undefined {
    this.#host = host
    this.#nowMs = nowMs
    const { root, keys } = this.#joiner.settings.sourceIdentifier
    // What differs from line to line.
    if (root === 'body') return undefined
    if (root === 'attributes' && isOfLine(keys[0], source)) return undefined
    const entry = this.#entry
    entry.reset('', source.attributes, source.resource)
    entry.path = source.path
    this.#key = this.#joiner.sourceOf(entry)
    // A list or map is another one in each entry.
    if (typeof this.#key === 'object') return undefined
    return this.#next.begin(source, host, nowMs)
  }

  take(bytes: Buffer, start: number, end: number, head: Readonly<LineHead>): boolean {
    let first: boolean
    let last: boolean
    try {
      first = this.#isFirst?.(bytes, start, end) === true
      last = this.#isLast?.(bytes, start, end) === true
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error
      return false
    }
    const joiner = this.#joiner
    if (first) {
      this.#giveOn()
      joiner.release(this.#key, this.#release)
    }
    // What was held at the end of the last block goes on there, until a new group begins.
    if (this.#count === 0 && !joiner.hasRoomFor(this.#key)) return false
    if (this.#count === 0 || !this.#keepsOldest) this.#head.copy(head)
    const text = this.#text
    if (this.#count > 0) text.add(this.#separator, 0, this.#separator.length)
    text.add(bytes, start, end)
    this.#count++
    this.#matched ||= first || last
    if (last || joiner.isFull(this.#count, text.length, this.#matched)) this.#giveOn()
    return true
  }

  settle(): void {
    // First, for the hand-over may give up an older group.
    this.#next.settle()
    if (this.#count > 0) this.#handOver()
  }

  #giveOn(): void {
    if (this.#count === 0) return
    if (this.#next.take(this.#text.bytes, 0, this.#text.length, this.#head)) {
      this.#clear()
      return
    }
    this.#next.settle()
    this.#handOver()
    this.#joiner.release(this.#key, this.#release)
  }

  #handOver(): void {
    const host = this.#host as DirectHost
    const entry = host.entry(this.#text.toString(), this.#head)
    const held = { sizeBytes: this.#text.length, count: this.#count, matched: this.#matched }
    this.#clear()
    this.#joiner.adopt(this.#key, entry, held, this.#nowMs, this.#release)
  }

  #clear(): void {
    this.#text.clear()
    this.#count = 0
    this.#matched = false
  }
}

/** Whether the attribute, or all of them, may be another one in each line. */
function isOfLine(key: string | undefined, { attributes, reserved }: DirectSource): boolean {
  return key === undefined || (reserved.includes(key) && !Object.hasOwn(attributes, key))
}
