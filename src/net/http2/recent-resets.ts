/**
 * The streams that we reset lately: frames that were on their way when our RST_STREAM left are no fault of the peer
 * (RFC 9113, section 5.1, "closed"). A ring, so that it is bounded.
 */
export class RecentResets {
  readonly #ids: Uint32Array
  #next = 0

  constructor(capacity: number) {
    this.#ids = new Uint32Array(capacity)
  }

  add(streamId: number): void {
    this.#ids[this.#next] = streamId
    this.#next = (this.#next + 1) % this.#ids.length
  }

  has(streamId: number): boolean {
    return this.#ids.includes(streamId)
  }
}
