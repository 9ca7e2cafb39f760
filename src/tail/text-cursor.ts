import { isAscii } from 'node:buffer'
import type { TextDecoder } from 'node:util'
import type { Encoding } from './encoding.ts'

/** A range of bytes as text, and where a place of the text lies in the bytes. */
export interface TextCursor {
  readonly text: string
  /** The byte of the view at which the character `index` begins. */
  byteAt(index: number): number
  /** The way back, for a byte that `byteAt` gave last. */
  indexOf(byte: number): number
}

export function createCursor(
  encoding: Encoding,
  view: Buffer,
  start: number,
  end: number,
): TextCursor {
  if (encoding.unitBytes === 2) return wideCursor(encoding.bigEndian, view, start, end)
  const bytes = view.subarray(start, end)
  if (encoding.name === 'latin1' || isAscii(bytes)) {
    return evenCursor(view.toString('latin1', start, end), start, 1)
  }
  if (encoding.createDecoder === undefined) {
    const text = utf8OrLatin1(view, start, end)
    return text.length === end - start ? evenCursor(text, start, 1) : new Utf8Cursor(text, start)
  }
  const text = encoding.createDecoder().decode(bytes)
  if (text.length === bytes.length) return evenCursor(text, start, 1)
  return decodedCursor(encoding.createDecoder(), bytes, start)
}

/** Every character takes as many bytes. */
function evenCursor(text: string, start: number, unitBytes: number): TextCursor {
  return {
    text,
    byteAt: (index) => start + index * unitBytes,
    indexOf: (byte) => (byte - start) / unitBytes,
  }
}

/** A byte order mark counts as an end of line, so that `^` holds behind it. */
function wideCursor(bigEndian: boolean, view: Buffer, start: number, end: number): TextCursor {
  const units = view.subarray(start, end - ((end - start) % 2))
  const text = (bigEndian ? Buffer.from(units).swap16() : units).toString('utf16le')
  return evenCursor(text.replace(/^\ufeff/, '\n'), start, 2)
}

/** Places are asked for in order, so that each byte is counted once. */
class Utf8Cursor implements TextCursor {
  readonly text: string
  readonly #start: number
  #index = 0
  #byte: number

  constructor(text: string, start: number) {
    this.text = text
    this.#start = start
    this.#byte = start
  }

  byteAt(index: number): number {
    if (index < this.#index) {
      this.#index = 0
      this.#byte = this.#start
    }
    this.#byte += Buffer.byteLength(this.text.slice(this.#index, index))
    this.#index = index
    return this.#byte
  }

  indexOf(byte: number): number {
    return this.#byte === byte ? this.#index : 0
  }
}

/** Byte by byte, because only the decoder knows where characters begin. Slow, and only for the old encodings of Asia. */
function decodedCursor(decoder: TextDecoder, bytes: Buffer, start: number): TextCursor {
  const places = new Uint32Array(bytes.length + 1)
  let text = ''
  let begin = 0
  for (let at = 0; at < bytes.length; at++) {
    const some = decoder.decode(bytes.subarray(at, at + 1), { stream: true })
    if (some === '') continue
    places.fill(start + begin, text.length, text.length + some.length)
    text += some
    begin = at + 1
  }
  places.fill(start + bytes.length, text.length)
  return {
    text,
    byteAt: (index) => places[index] as number,
    indexOf: (byte) => Math.max(0, places.indexOf(byte)),
  }
}

/** Bytes that are not UTF-8 are looked at as latin1: then every byte is a character, and all places stay right. */
function utf8OrLatin1(view: Buffer, start: number, end: number): string {
  const text = view.toString('utf8', start, end)
  return Buffer.byteLength(text) === end - start && !text.includes('\ufffd')
    ? text
    : view.toString('latin1', start, end)
}
