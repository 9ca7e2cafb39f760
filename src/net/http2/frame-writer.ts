import type { Duplex } from 'node:stream'
import { Flag, FrameType, frameHeaderBytes } from './protocol.ts'

/** Below this, frames are gathered and written as one piece; larger payloads are passed on without a copy. */
const copyBytesMax = 2048

/**
 * Writes the frames of one connection. Frames of one turn of the event loop leave in one write, because a system call
 * costs more than all the rest of a small answer.
 */
export class FrameWriter {
  readonly #socket: Duplex
  #pieces: Uint8Array[] = []
  #pending = Buffer.allocUnsafe(4096)
  #pendingStart = 0
  #pendingEnd = 0
  #scheduled = false
  readonly #flush = (): void => this.flush()

  constructor(socket: Duplex) {
    this.#socket = socket
  }

  /** Bytes that the socket has not taken yet. */
  get backlogBytes(): number {
    return this.#socket.writableLength
  }

  frame(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    const copied = payload.byteLength <= copyBytesMax
    const target = this.#reserve(frameHeaderBytes + (copied ? payload.byteLength : 0))
    this.#header(target, payload.byteLength, type, flags, streamId)
    if (copied) {
      this.#pending.set(payload, this.#pendingEnd)
      this.#pendingEnd += payload.byteLength
    } else {
      this.#cut()
      this.#pieces.push(payload)
    }
  }

  /** A DATA frame from part of a buffer. */
  data(streamId: number, source: Uint8Array, start: number, end: number, endStream: boolean): void {
    const payload = source.subarray(start, end)
    this.frame(FrameType.data, endStream ? Flag.endStream : 0, streamId, payload)
  }

  /** RST_STREAM, WINDOW_UPDATE: frames that carry one 32-bit number. */
  word(type: number, streamId: number, value: number): void {
    const target = this.#reserve(frameHeaderBytes + 4)
    this.#header(target, 4, type, 0, streamId)
    this.#pending.writeUInt32BE(value, this.#pendingEnd)
    this.#pendingEnd += 4
  }

  /** Bytes that are no frame: the preface. */
  raw(bytes: Uint8Array): void {
    const target = this.#reserve(bytes.byteLength)
    this.#pending.set(bytes, target)
    this.#pendingEnd += bytes.byteLength
  }

  flush(): void {
    this.#scheduled = false
    this.#cut()
    const pieces = this.#pieces
    if (pieces.length === 0 || this.#socket.destroyed) return
    this.#pieces = []
    if (pieces.length === 1) {
      this.#socket.write(pieces[0])
      return
    }
    this.#socket.cork()
    for (const piece of pieces) this.#socket.write(piece)
    this.#socket.uncork()
  }

  /** Where to write `bytes`, in `#pending`; schedules the flush. */
  #reserve(bytes: number): number {
    if (!this.#scheduled) {
      this.#scheduled = true
      setImmediate(this.#flush)
    }
    if (this.#pendingEnd + bytes > this.#pending.byteLength) {
      this.#cut()
      this.#pending = Buffer.allocUnsafe(Math.max(4096, bytes))
      this.#pendingStart = 0
      this.#pendingEnd = 0
    }
    return this.#pendingEnd
  }

  #header(offset: number, length: number, type: number, flags: number, streamId: number): void {
    const target = this.#pending
    target[offset] = length >>> 16
    target[offset + 1] = length >>> 8
    target[offset + 2] = length
    target[offset + 3] = type
    target[offset + 4] = flags
    target.writeUInt32BE(streamId, offset + 5)
    this.#pendingEnd = offset + frameHeaderBytes
  }

  /** What is gathered becomes a piece; later frames go behind it. Bytes handed to the socket are never written again. */
  #cut(): void {
    if (this.#pendingEnd === this.#pendingStart) return
    this.#pieces.push(this.#pending.subarray(this.#pendingStart, this.#pendingEnd))
    this.#pendingStart = this.#pendingEnd
  }
}
