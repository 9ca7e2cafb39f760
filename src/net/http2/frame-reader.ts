import { ConnectionError, ErrorCode, Flag, FrameType, frameHeaderBytes } from './protocol.ts'

/** Takes the frames of one connection in order. Everything given is valid only during the call. */
export interface FrameHandler {
  /** A whole frame of any type but DATA. */
  onFrame(
    type: number,
    flags: number,
    streamId: number,
    source: Uint8Array,
    start: number,
    end: number,
  ): void
  /** A DATA frame begins. `flowBytes` is what flow control counts: the whole payload with its padding. */
  onDataBegin(streamId: number, flowBytes: number): void
  /** A run of its content; any number of them. */
  onData(source: Uint8Array, start: number, end: number): void
  onDataEnd(endStream: boolean): void
}

/**
 * Cuts the bytes of a connection into frames (RFC 9113, section 4.1). DATA is handed on as it comes and never gathered;
 * of other frames at most one is held, up to the maximum frame size.
 *
 *     +---------------+------+-------+--------------------+----------------
 *     | length (24)   | type | flags | R, stream id (31)  | payload …
 *     +---------------+------+-------+--------------------+----------------
 */
export class FrameReader {
  readonly #handler: FrameHandler
  readonly #maxFrameSize: number
  readonly #header = Buffer.alloc(frameHeaderBytes)
  #headerBytes = 0
  #type = 0
  #flags = 0
  #streamId = 0
  /** Payload bytes of the open frame that have not come yet; −1 between frames. */
  #left = -1
  /** Of a frame other than DATA that came in pieces. */
  #gathered: Buffer | undefined
  #gatheredBytes = 0
  /** Of a DATA frame: its padding, or −1 while the byte that says so has not come. */
  #padding = 0

  constructor(handler: FrameHandler, maxFrameSize: number) {
    this.#handler = handler
    this.#maxFrameSize = maxFrameSize
  }

  /** Throws a ConnectionError for a frame that is too large or badly padded; what the handler throws passes through. */
  push(chunk: Uint8Array, start: number): void {
    let offset = start
    const end = chunk.byteLength
    while (offset < end) {
      if (this.#left < 0) offset = this.#readHeader(chunk, offset, end)
      else if (this.#type === FrameType.data) offset = this.#readData(chunk, offset, end)
      else offset = this.#readPayload(chunk, offset, end)
    }
  }

  #readHeader(chunk: Uint8Array, offset: number, end: number): number {
    // Fast path: the whole header is here.
    if (this.#headerBytes === 0 && end - offset >= frameHeaderBytes) {
      this.#begin(chunk, offset)
      return offset + frameHeaderBytes
    }
    const taken = Math.min(frameHeaderBytes - this.#headerBytes, end - offset)
    this.#header.set(chunk.subarray(offset, offset + taken), this.#headerBytes)
    this.#headerBytes += taken
    if (this.#headerBytes === frameHeaderBytes) {
      this.#headerBytes = 0
      this.#begin(this.#header, 0)
    }
    return offset + taken
  }

  #begin(source: Uint8Array, offset: number): void {
    const length =
      ((source[offset] as number) << 16) |
      ((source[offset + 1] as number) << 8) |
      (source[offset + 2] as number)
    this.#type = source[offset + 3] as number
    this.#flags = source[offset + 4] as number
    this.#streamId = readUint31(source, offset + 5)
    if (length > this.#maxFrameSize) {
      throw new ConnectionError(
        ErrorCode.frameSizeError,
        `a frame of ${length} bytes exceeds SETTINGS_MAX_FRAME_SIZE ${this.#maxFrameSize}`,
      )
    }
    this.#left = length
    if (this.#type !== FrameType.data) {
      this.#gatheredBytes = 0
      if (length === 0) this.#finish(source, 0, 0)
      return
    }
    const padded = (this.#flags & Flag.padded) !== 0
    if (padded && length === 0) throw badPadding()
    this.#padding = padded ? -1 : 0
    this.#handler.onDataBegin(this.#streamId, length)
    if (length === 0) this.#finishData()
  }

  #readData(chunk: Uint8Array, offset: number, end: number): number {
    let position = offset
    if (this.#padding < 0) {
      this.#padding = chunk[position++] as number
      this.#left--
      if (this.#padding > this.#left) throw badPadding()
    }
    const content = Math.min(this.#left - this.#padding, end - position)
    if (content > 0) {
      this.#handler.onData(chunk, position, position + content)
      position += content
      this.#left -= content
    }
    const padding = this.#left <= this.#padding ? Math.min(this.#left, end - position) : 0
    position += padding
    this.#left -= padding
    this.#padding -= padding
    if (this.#left === 0) this.#finishData()
    return position
  }

  #finishData(): void {
    this.#left = -1
    this.#handler.onDataEnd((this.#flags & Flag.endStream) !== 0)
  }

  #readPayload(chunk: Uint8Array, offset: number, end: number): number {
    // Fast path: the whole payload is here.
    if (this.#gatheredBytes === 0 && end - offset >= this.#left) {
      const next = offset + this.#left
      this.#finish(chunk, offset, next)
      return next
    }
    if (this.#gatheredBytes === 0) this.#gathered = Buffer.allocUnsafe(this.#left)
    const gathered = this.#gathered as Buffer
    const taken = Math.min(this.#left, end - offset)
    gathered.set(chunk.subarray(offset, offset + taken), this.#gatheredBytes)
    this.#gatheredBytes += taken
    this.#left -= taken
    if (this.#left === 0) {
      this.#gathered = undefined
      this.#finish(gathered, 0, this.#gatheredBytes)
    }
    return offset + taken
  }

  #finish(source: Uint8Array, start: number, end: number): void {
    this.#left = -1
    this.#handler.onFrame(this.#type, this.#flags, this.#streamId, source, start, end)
  }
}

/** The reserved first bit is ignored (section 4.1). */
export function readUint31(source: Uint8Array, offset: number): number {
  return readUint32(source, offset) & 0x7fff_ffff
}

export function readUint32(source: Uint8Array, offset: number): number {
  return (
    (((source[offset] as number) << 24) |
      ((source[offset + 1] as number) << 16) |
      ((source[offset + 2] as number) << 8) |
      (source[offset + 3] as number)) >>>
    0
  )
}

function badPadding(): ConnectionError {
  return new ConnectionError(ErrorCode.protocolError, 'the padding is longer than its frame')
}
