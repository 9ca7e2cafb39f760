import type { Duplex } from 'node:stream'
import { Flag, FrameType, frameHeaderBytes } from './protocol.ts'

/** Up to this size payloads are copied together and written as one piece; larger ones are passed on without a copy. */
const copyBytesMax = 2048
const blockBytes = 4096

/**
 * Writes the frames of one connection. Frames of one turn of the event loop leave in one write, because a system call
 * costs more than all the rest of a small answer.
 */
export class FrameWriter {
  readonly #socket: Duplex
  #pieces: Uint8Array[] = []
  /** Bytes in `#pieces`. */
  #cutBytes = 0
  #block = Buffer.allocUnsafe(blockBytes)
  #blockStart = 0
  #blockEnd = 0
  #scheduled = false
  readonly #flush = (): void => this.flush()

  constructor(socket: Duplex) {
    this.#socket = socket
  }

  /** Bytes that the system has not taken yet. */
  get backlogBytes(): number {
    return this.#socket.writableLength + this.#cutBytes + this.#blockEnd - this.#blockStart
  }

  /** A whole frame; the payload may be overwritten after the call if it has at most 2048 bytes. */
  frame(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    this.#header(payload.byteLength, type, flags, streamId)
    this.payload(payload, 0, payload.byteLength)
  }

  /** The header of a DATA frame; `lengthBytes` of payload follow by `payload`, in any number of calls. */
  dataHeader(streamId: number, lengthBytes: number, endStream: boolean): void {
    this.#header(lengthBytes, FrameType.data, endStream ? Flag.endStream : 0, streamId)
  }

  payload(source: Uint8Array, start: number, end: number): void {
    const length = end - start
    const part = length === source.byteLength ? source : source.subarray(start, end)
    if (length <= copyBytesMax) {
      this.#reserve(length)
      this.#block.set(part, this.#blockEnd)
      this.#blockEnd += length
    } else {
      this.#cut()
      this.#pieces.push(part)
      this.#cutBytes += length
    }
  }

  /** RST_STREAM, WINDOW_UPDATE: frames that carry one 32-bit number. */
  word(type: number, streamId: number, value: number): void {
    this.#header(4, type, 0, streamId)
    this.#reserve(4)
    this.#blockEnd = this.#block.writeUInt32BE(value, this.#blockEnd)
  }

  /** Hands to the socket what is gathered. What comes after the socket was ended or destroyed is dropped. */
  flush(): void {
    this.#scheduled = false
    this.#cut()
    const pieces = this.#pieces
    if (pieces.length === 0) return
    this.#pieces = []
    this.#cutBytes = 0
    if (!this.#socket.writable) return
    if (pieces.length === 1) {
      this.#socket.write(pieces[0])
      return
    }
    this.#socket.cork()
    for (const piece of pieces) this.#socket.write(piece)
    this.#socket.uncork()
  }

  /** Makes room for `bytes` in the block; schedules the flush. */
  #reserve(bytes: number): void {
    if (!this.#scheduled) {
      this.#scheduled = true
      setImmediate(this.#flush)
    }
    if (this.#blockEnd + bytes <= this.#block.byteLength) return
    this.#cut()
    this.#block = Buffer.allocUnsafe(blockBytes)
    this.#blockStart = 0
    this.#blockEnd = 0
  }

  #header(length: number, type: number, flags: number, streamId: number): void {
    this.#reserve(frameHeaderBytes)
    const block = this.#block
    const offset = this.#blockEnd
    block[offset] = length >>> 16
    block[offset + 1] = length >>> 8
    block[offset + 2] = length
    block[offset + 3] = type
    block[offset + 4] = flags
    this.#blockEnd = block.writeUInt32BE(streamId, offset + 5)
  }

  /** What is gathered becomes a piece; later frames go behind it. Bytes handed to the socket are never written again. */
  #cut(): void {
    const length = this.#blockEnd - this.#blockStart
    if (length === 0) return
    this.#pieces.push(this.#block.subarray(this.#blockStart, this.#blockEnd))
    this.#cutBytes += length
    this.#blockStart = this.#blockEnd
  }
}
