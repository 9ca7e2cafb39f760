/**
 * What the peer may still send, of one stream or of all (RFC 9113, section 5.2). What it took is given back once it is
 * half the window: a WINDOW_UPDATE for each frame would double the frames.
 */
export class ReceiveWindow {
  readonly #sizeBytes: number
  #leftBytes: number
  #takenBytes = 0

  /** `leftBytes`: more than the size where the peer may not know the size yet. */
  constructor(sizeBytes: number, leftBytes: number) {
    this.#sizeBytes = sizeBytes
    this.#leftBytes = leftBytes
  }

  /** False: the peer has sent more than it may. */
  tryTake(bytes: number): boolean {
    this.#leftBytes -= bytes
    this.#takenBytes += bytes
    return this.#leftBytes >= 0
  }

  /** The increment of the WINDOW_UPDATE that is due, or 0. */
  refill(): number {
    const bytes = this.#takenBytes
    if (bytes * 2 < this.#sizeBytes) return 0
    this.#leftBytes += bytes
    this.#takenBytes = 0
    return bytes
  }
}
