import type { HeaderList } from '../header-list.ts'
import { readUint31 } from './frame-reader.ts'
import { HpackDecoder } from './hpack-decoder.ts'
import { ConnectionError, defaultMaxFrameSize, ErrorCode, Flag } from './protocol.ts'

/** A complete header block of HEADERS and its CONTINUATION frames (RFC 9113, section 4.3). */
export interface HeaderBlock {
  readonly streamId: number
  /** Undefined if it exceeds the limit. */
  readonly list: HeaderList | undefined
  readonly endStream: boolean
}

interface OpenBlock {
  readonly streamId: number
  readonly endStream: boolean
  readonly parts: Buffer[]
  sizeBytes: number
}

/** An honest peer fills its frames, and the longest block needs fewer; small or empty ones are a flood (CVE-2024-27983). */
const partsMax = 32

/**
 * Joins and decodes the header blocks of one connection. Every block is decoded, whatever becomes of its stream,
 * because the table of HPACK must stay in step. Throws a ConnectionError for what breaks the protocol.
 */
export class HeaderBlockReader {
  readonly #decoder: HpackDecoder
  readonly #blockBytesMax: number
  #open: OpenBlock | undefined

  constructor(listBytesMax: number) {
    this.#decoder = new HpackDecoder(listBytesMax)
    // Huffman can halve a block at best; what is longer than twice the list is too long for certain.
    this.#blockBytesMax = 2 * listBytesMax + defaultMaxFrameSize
  }

  /** The stream whose block goes on in CONTINUATION frames: nothing else may come before it ends. */
  get openStreamId(): number | undefined {
    return this.#open?.streamId
  }

  /** Payload of HEADERS. Undefined if CONTINUATION follows. */
  headers(
    flags: number,
    streamId: number,
    source: Uint8Array,
    start: number,
    end: number,
  ): HeaderBlock | undefined {
    if (streamId === 0) throw broken('HEADERS on stream 0')
    let from = start
    let to = end
    if ((flags & Flag.padded) !== 0) {
      if (from >= to) throw broken('HEADERS without its padding length')
      to -= source[from++] as number
    }
    if ((flags & Flag.priority) !== 0) {
      if (to - from >= 5 && readUint31(source, from) === streamId) {
        throw broken('a stream depends on itself')
      }
      from += 5
    }
    if (from > to) throw broken('HEADERS shorter than its padding and priority')
    const endStream = (flags & Flag.endStream) !== 0
    if ((flags & Flag.endHeaders) !== 0) {
      return { streamId, endStream, list: this.#decoder.decode(source, from, to) }
    }
    const part = Buffer.from(source.subarray(from, to))
    this.#open = { streamId, endStream, parts: [part], sizeBytes: part.byteLength }
    return undefined
  }

  /** Payload of CONTINUATION. Undefined if more follows. */
  continuation(
    flags: number,
    source: Uint8Array,
    start: number,
    end: number,
  ): HeaderBlock | undefined {
    const block = this.#open
    if (block === undefined) throw broken('CONTINUATION without HEADERS')
    block.parts.push(Buffer.from(source.subarray(start, end)))
    block.sizeBytes += end - start
    if (block.sizeBytes > this.#blockBytesMax || block.parts.length > partsMax) {
      throw new ConnectionError(ErrorCode.enhanceYourCalm, 'a header block that does not end')
    }
    if ((flags & Flag.endHeaders) === 0) return undefined
    this.#open = undefined
    const list = this.#decoder.decode(Buffer.concat(block.parts), 0, block.sizeBytes)
    return { streamId: block.streamId, endStream: block.endStream, list }
  }
}

function broken(message: string): ConnectionError {
  return new ConnectionError(ErrorCode.protocolError, message)
}
