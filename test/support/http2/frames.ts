/** HTTP/2 frames made and read by hand, for tests that must not trust the code under test (RFC 9113, section 4.1). */

export interface RawFrame {
  readonly type: number
  readonly flags: number
  readonly streamId: number
  readonly payload: Buffer
}

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const header = Buffer.alloc(9)
  header.writeUIntBE(payload.byteLength, 0, 3)
  header[3] = type
  header[4] = flags
  header.writeUInt32BE(streamId, 5)
  return Buffer.concat([header, payload])
}

export function word(value: number): Buffer {
  const payload = Buffer.alloc(4)
  payload.writeUInt32BE(value)
  return payload
}

export const data = (streamId: number, flags: number, payload: Uint8Array | string) =>
  frame(0, flags, streamId, Buffer.from(payload))
export const headers = (streamId: number, flags: number, block: Uint8Array) =>
  frame(1, flags, streamId, block)
export const priority = (streamId: number, on: number) =>
  frame(2, 0, streamId, Buffer.concat([word(on), Buffer.from([15])]))
export const rstStream = (streamId: number, code: number) => frame(3, 0, streamId, word(code))
export const ping = (flags = 0) => frame(6, flags, 0, Buffer.from('12345678'))
export const goaway = (lastStreamId: number, code: number, debug = '') =>
  frame(7, 0, 0, Buffer.concat([word(lastStreamId), word(code), Buffer.from(debug)]))
export const windowUpdate = (streamId: number, increment: number) =>
  frame(8, 0, streamId, word(increment))
export const continuation = (streamId: number, flags: number, block: Uint8Array) =>
  frame(9, flags, streamId, block)
export const settingsAck = frame(4, 1, 0)

export function settings(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(pairs.length * 6)
  for (const [position, [id, value]] of pairs.entries()) {
    payload.writeUInt16BE(id, position * 6)
    payload.writeUInt32BE(value, position * 6 + 2)
  }
  return frame(4, 0, 0, payload)
}

/** A header block of literal fields without indexing and without Huffman; strings under 127 bytes. */
export function block(...fields: readonly (readonly [name: string, value: string])[]): Buffer {
  const string = (text: string) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)])
  return Buffer.concat(
    fields.flatMap(([name, value]) => [Buffer.from([0]), string(name), string(value)]),
  )
}

/** The frames of a byte stream, read as it comes. */
export class RawFrames {
  #bytes: Buffer = Buffer.alloc(0)

  push(chunk: Uint8Array): RawFrame[] {
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    const frames: RawFrame[] = []
    for (;;) {
      const length = this.#bytes.byteLength < 9 ? Infinity : this.#bytes.readUIntBE(0, 3)
      if (this.#bytes.byteLength < 9 + length) return frames
      frames.push({
        type: this.#bytes[3] as number,
        flags: this.#bytes[4] as number,
        streamId: this.#bytes.readUInt32BE(5) & 0x7fff_ffff,
        payload: this.#bytes.subarray(9, 9 + length),
      })
      this.#bytes = this.#bytes.subarray(9 + length)
    }
  }
}

/** `GOAWAY 1`, `RST_STREAM 3 7`, `SETTINGS ACK`: a frame in a word or three, for tables of what is expected. */
export function describeFrame({ type, flags, streamId, payload }: RawFrame): string {
  switch (type) {
    case 0:
      return `DATA ${streamId} ${payload.byteLength}${(flags & 1) !== 0 ? ' END' : ''}`
    case 1:
      return `HEADERS ${streamId}${(flags & 1) !== 0 ? ' END' : ''}`
    case 3:
      return `RST_STREAM ${streamId} ${payload.readUInt32BE(0)}`
    case 4:
      return (flags & 1) !== 0 ? 'SETTINGS ACK' : 'SETTINGS'
    case 6:
      return (flags & 1) !== 0 ? 'PING ACK' : 'PING'
    case 7:
      return `GOAWAY ${payload.readUInt32BE(4)}`
    case 8:
      return `WINDOW_UPDATE ${streamId} ${payload.readUInt32BE(0)}`
    default:
      return `type ${type} ${streamId}`
  }
}
