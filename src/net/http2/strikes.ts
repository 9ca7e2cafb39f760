import { ConnectionError, ErrorCode } from './protocol.ts'

/**
 * What a peer may cost us between two calls of `calm`, in points. Above it the connection ends with ENHANCE_YOUR_CALM.
 * 2,000 cancelled requests a second are still fine.
 */
const pointsMax = 20_000

/** What one frame costs that moves no request forward. */
export const Cost = {
  /** It is only looked at: PRIORITY, unknown types, empty DATA, a WINDOW_UPDATE that nobody waits for. */
  idle: 1,
  /**
   * It must be answered, or throws work away: PING, SETTINGS, RST_STREAM, whatever makes us reset a stream, and a request
   * that can only be refused.
   */
  work: 10,
} as const

/**
 * Counts what a peer makes us do for nothing: floods of PING, SETTINGS, RST_STREAM and empty frames (CVE-2019-9512,
 * -9514, -9515, -9518), requests that the peer cancels (CVE-2023-44487) or makes us cancel (CVE-2025-8671).
 */
export class Strikes {
  #points = 0

  /** Throws a ConnectionError once it is too much. */
  add(points: number): void {
    if (this.tryAdd(points)) return
    throw new ConnectionError(ErrorCode.enhanceYourCalm, 'too many frames that move nothing')
  }

  /** False once it is too much. */
  tryAdd(points: number): boolean {
    this.#points += points
    return this.#points <= pointsMax
  }

  /** The peer did something useful. */
  forgive(points: number): void {
    this.#points = Math.max(0, this.#points - points)
  }

  /** A second has passed. */
  calm(): void {
    this.#points = 0
  }
}
