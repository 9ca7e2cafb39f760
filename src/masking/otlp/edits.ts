import { putRange, putVarint, varintLength } from '../../wire/writer.ts'

const nothing = -1
const lengthAndText = -2
const tagAndText = -3
const rawText = -4
/** `AnyValue.string_value`. */
const stringTag = 10

/**
 * Changes to some bytes, in order of their place, none within another. The bytes themselves stay as they are.
 *
 *     edit = [start, end) → nothing | bytes | a length | a length and a text | the tag of a string, a length and a text
 *
 * A message that is entered reserves an edit for its length prefix, which stands in front of the edits of its content.
 */
export class Edits {
  count = 0
  /** By how many bytes the result is longer. */
  delta = 0
  readonly #start: number[] = []
  readonly #end: number[] = []
  readonly #text: string[] = []
  /** The length to write, or what else is written. */
  readonly #length: number[] = []

  reset(): void {
    this.count = 0
    this.delta = 0
  }

  /** Puts a text (latin1) and its length where a length and a text stood. */
  replaceText(start: number, end: number, text: string): void {
    this.#push(start, end, text, lengthAndText)
    this.delta += varintLength(text.length) + text.length - (end - start)
  }

  /** Puts bytes (latin1) in front of what stands at `at`. */
  insert(at: number, bytes: string): void {
    this.#push(at, at, bytes, rawText)
    this.delta += bytes.length
  }

  /** Puts a string value where the tag and value of a number stood. */
  replaceNumber(start: number, end: number, text: string): void {
    this.#push(start, end, text, tagAndText)
    this.delta += 1 + varintLength(text.length) + text.length - (end - start)
  }

  remove(start: number, end: number): void {
    this.#push(start, end, '', nothing)
    this.delta -= end - start
  }

  /** Keeps a place for the length prefix at `[start, end)`. */
  enter(start: number, end: number): number {
    this.#push(start, end, '', 0)
    return this.count - 1
  }

  /** The content behind the prefix of `mark` was `length` bytes long, and `delta` had this value when it was entered. */
  leave(mark: number, length: number, deltaBefore: number): void {
    if (this.count === mark + 1) {
      this.count = mark
      return
    }
    const changed = length + this.delta - deltaBefore
    this.#length[mark] = changed
    const prefixBefore = (this.#end[mark] as number) - (this.#start[mark] as number)
    this.delta += varintLength(changed) - prefixBefore
  }

  /** Forgets all since `count` and `delta` had these values: the whole that they are in goes. */
  rollBack(count: number, delta: number): void {
    this.count = count
    this.delta = delta
  }

  apply(source: Uint8Array): Uint8Array {
    const out = Buffer.allocUnsafeSlow(source.length + this.delta)
    let from = 0
    let to = 0
    for (let at = 0; at < this.count; at++) {
      to = putRange(out, to, source, from, this.#start[at] as number)
      const length = this.#length[at] as number
      if (length >= 0) to = putVarint(out, to, length)
      else if (length !== nothing) {
        const text = this.#text[at] as string
        if (length === tagAndText) out[to++] = stringTag
        if (length !== rawText) to = putVarint(out, to, text.length)
        to += out.write(text, to, 'latin1')
      }
      from = this.#end[at] as number
    }
    putRange(out, to, source, from, source.length)
    return out
  }

  #push(start: number, end: number, text: string, length: number): void {
    const at = this.count++
    this.#start[at] = start
    this.#end[at] = end
    this.#text[at] = text
    this.#length[at] = length
  }
}
