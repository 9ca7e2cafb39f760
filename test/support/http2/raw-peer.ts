import { once } from 'node:events'
import type net from 'node:net'
import { describeFrame, type RawFrame, RawFrames } from './frames.ts'

/** The other side of a connection under test, speaking in raw frames. */
export class RawPeer {
  readonly socket: net.Socket
  /** Everything that came, in the order it came. */
  readonly received: RawFrame[] = []
  /** Whatever came before frames could be read, for answers that are no HTTP/2. */
  bytes = Buffer.alloc(0)
  readonly #frames = new RawFrames()
  readonly #waiting = new Set<() => void>()
  #looked = 0
  #over = false

  constructor(socket: net.Socket, skipBytes = 0) {
    this.socket = socket
    let skip = skipBytes
    socket.on('data', (chunk: Buffer) => {
      this.bytes = Buffer.concat([this.bytes, chunk]).subarray(0, 4096)
      const skipped = Math.min(skip, chunk.byteLength)
      skip -= skipped
      this.received.push(...this.#frames.push(chunk.subarray(skipped)))
      this.#wake()
    })
    const onOver = () => {
      this.#over = true
      this.#wake()
    }
    socket.on('end', onOver)
    socket.on('close', onOver)
    socket.on('error', onOver)
  }

  send(...frames: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(frames))
  }

  /** The next frame that reads like this, for instance `GOAWAY 1`; those before it are passed over. */
  async next(want: string | RegExp): Promise<RawFrame> {
    for (;;) {
      while (this.#looked < this.received.length) {
        const frame = this.received[this.#looked++] as RawFrame
        const text = describeFrame(frame)
        if (typeof want === 'string' ? text === want : want.test(text)) return frame
      }
      if (this.#over) throw new Error(`the connection ended before ${want}: ${this.summary}`)
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  /** Resolves when the other side has closed, or reset, the connection. */
  async closed(): Promise<void> {
    while (!this.#over) await new Promise<void>((resolve) => this.#waiting.add(resolve))
  }

  /** Drops what was received, for tests that measure memory. */
  forget(): void {
    this.received.length = 0
    this.#looked = 0
  }

  get summary(): string {
    return this.received.map(describeFrame).join(', ')
  }

  async destroy(): Promise<void> {
    if (this.socket.closed) return
    this.socket.destroy()
    await once(this.socket, 'close')
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}
