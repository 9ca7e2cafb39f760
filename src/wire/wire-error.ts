/** Bytes or text that are not what they claim to be. Always caused by input; the message is meant for the sender. */
export class WireError extends Error {
  /** Byte (protobuf) or character (JSON) at which the input breaks, from the start of what was given. */
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.name = 'WireError'
    this.offset = offset
  }
}
