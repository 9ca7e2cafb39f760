import { hexDigit } from '../../wire/hex-digit.ts'
import { RequestFault } from './request-head.ts'

const lf = 0x0a
const cr = 0x0d

/** What is expected next. */
type State = 'size' | 'extension' | 'data' | 'data end' | 'trailer' | 'done'

/** More digits than a body may have bytes. */
const sizeDigitsMax = 12
/** Extensions and trailers are read and thrown away; more than this of them is an attack. */
const uselessBytesMax = 16 * 1024

/** Takes the chunks of a body apart (RFC 9112, section 7.1). Extensions and trailers mean nothing to us. */
export class ChunkedBody {
  #state: State = 'size'
  #digits = 0
  /** Of the chunk: its size as far as it was read, then what is left of it. */
  #chunkBytes = 0
  #uselessBytes = 0
  #lineBytes = 0
  #sawCr = false

  get done(): boolean {
    return this.#state === 'done'
  }

  /**
   * Reads on from `start` and calls `onData` with the parts of the body. Returns where it stopped: at the end of `source`,
   * or after the end of the body.
   */
  push(
    source: Buffer,
    start: number,
    onData: (source: Buffer, start: number, end: number) => void,
  ): number | RequestFault {
    let at = start
    while (at < source.byteLength && this.#state !== 'done') {
      if (this.#state === 'data') {
        const end = Math.min(source.byteLength, at + this.#chunkBytes)
        onData(source, at, end)
        this.#chunkBytes -= end - at
        if (this.#chunkBytes === 0) this.#state = 'data end'
        at = end
      } else {
        const wrong = this.#take(source[at] as number)
        if (wrong !== undefined) {
          return new RequestFault(400, 'invalid_data', `not HTTP/1.1: ${wrong}`)
        }
        at++
      }
    }
    return at
  }

  /** One byte between the data. Returns what is wrong with it. */
  #take(byte: number): string | undefined {
    if (this.#sawCr) return this.#endLine(byte)
    if (byte === cr) {
      if (this.#state === 'size' && this.#digits === 0) return 'a chunk without a size'
      this.#sawCr = true
      return undefined
    }
    switch (this.#state) {
      case 'size':
        return this.#size(byte)
      case 'data end':
        return 'a chunk longer than its size'
      default:
        this.#lineBytes++
        if (isControl(byte)) return 'a character that HTTP does not allow'
        return ++this.#uselessBytes > uselessBytesMax ? 'too many chunk extensions' : undefined
    }
  }

  #size(byte: number): string | undefined {
    const digit = hexDigit(byte)
    if (digit >= 0) {
      if (++this.#digits > sizeDigitsMax) return 'a chunk size'
      this.#chunkBytes = this.#chunkBytes * 16 + digit
      return undefined
    }
    // Blanks before the semicolon are tolerated (section 7.1.1); we tolerate them without one too, as others do.
    if (this.#digits === 0 || (byte !== 0x3b && byte !== 0x20 && byte !== 0x09)) {
      return 'a chunk size'
    }
    this.#state = 'extension'
    return undefined
  }

  #endLine(byte: number): string | undefined {
    if (byte !== lf) return 'half of a line end'
    this.#sawCr = false
    const emptyLine = this.#lineBytes === 0
    this.#lineBytes = 0
    if (this.#state === 'data end') {
      this.#state = 'size'
      this.#digits = 0
    } else if (this.#state !== 'trailer') {
      this.#state = this.#chunkBytes > 0 ? 'data' : 'trailer'
    } else if (emptyLine) this.#state = 'done'
    return undefined
  }
}

function isControl(byte: number): boolean {
  return (byte < 0x20 && byte !== 0x09) || byte === 0x7f
}
