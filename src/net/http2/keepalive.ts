/** Times of the server's side, in ms; Infinity switches one off (gRPC's keepalive parameters, proposals A8 and A9). */
export interface ServerKeepalive {
  /** Ping a peer from which nothing was heard for this long … */
  readonly pingAfterMs: number
  /** … and close when no answer came within this. */
  readonly pingTimeoutMs: number
  /** Close a connection without requests after this long. */
  readonly idleMs: number
  /** Ask the peer to reconnect after this long, and close after the grace. */
  readonly ageMs: number
  readonly ageGraceMs: number
  /** Pings of the peer that come faster than this, more than twice in a row, end the connection. */
  readonly peerPingMinMs: number
  /** Whether the peer may ping at that rate while it has no request open; otherwise once in two hours. */
  readonly peerPingWithoutStream: boolean
}

/** A client without requests may ping this often unless told otherwise (gRPC proposal A8). */
const idlePingMinMs = 2 * 3_600_000
const pingStrikesMax = 2
const ageJitter = 0.1

export type KeepaliveAction = 'none' | 'ping' | 'drain' | 'close'

/** What the clock asks a server to do with one connection. Pure: the connection says what happened and when. */
export class KeepaliveWatch {
  readonly #settings: ServerKeepalive
  readonly #openedMs: number
  readonly #ageMs: number
  /** Flags are set when something happens, and dated by the next tick: no clock on the way of a request. */
  #heard = false
  #active = false
  #heardMs: number
  #busyMs: number
  #pingedMs: number | undefined
  #drainedMs: number | undefined
  #peerPingMs: number | undefined
  #peerPingStrikes = 0

  /** `random`, from 0 up to 1, spreads the age by a tenth up or down, so that not all reconnect at once (A9). */
  constructor(settings: ServerKeepalive, nowMs: number, random: number) {
    this.#settings = settings
    this.#ageMs = settings.ageMs * (1 + ageJitter * (2 * random - 1))
    this.#openedMs = nowMs
    this.#heardMs = nowMs
    this.#busyMs = nowMs
  }

  /** Any bytes came. */
  heard(): void {
    this.#heard = true
  }

  /** An answer was sent: the connection is in use, and pings of the peer are counted afresh. */
  answered(): void {
    this.#active = true
    this.#peerPingStrikes = 0
    this.#peerPingMs = undefined
  }

  /** The peer pinged. False: too often (`too_many_pings`). */
  peerPing(nowMs: number, streams: number): boolean {
    const { peerPingMinMs, peerPingWithoutStream } = this.#settings
    const minMs = streams === 0 && !peerPingWithoutStream ? idlePingMinMs : peerPingMinMs
    const early = this.#peerPingMs !== undefined && nowMs - this.#peerPingMs < minMs
    this.#peerPingMs = nowMs
    if (early) this.#peerPingStrikes++
    return peerPingMinMs === 0 || this.#peerPingStrikes <= pingStrikesMax
  }

  tick(nowMs: number, streams: number): KeepaliveAction {
    const settings = this.#settings
    if (this.#heard) {
      this.#heard = false
      this.#heardMs = nowMs
      this.#pingedMs = undefined
    }
    if (streams > 0 || this.#active) this.#busyMs = nowMs
    this.#active = false
    if (this.#drainedMs !== undefined) {
      return nowMs - this.#drainedMs >= settings.ageGraceMs ? 'close' : 'none'
    }
    const old = nowMs - this.#openedMs >= this.#ageMs
    if (old || nowMs - this.#busyMs >= settings.idleMs) {
      this.#drainedMs = nowMs
      return 'drain'
    }
    if (this.#pingedMs !== undefined) {
      return nowMs - this.#pingedMs >= settings.pingTimeoutMs ? 'close' : 'none'
    }
    if (nowMs - this.#heardMs < settings.pingAfterMs) return 'none'
    this.#pingedMs = nowMs
    return 'ping'
  }
}
