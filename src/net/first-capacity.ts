const smallBytes = 4 * 1024
const usualBytes = 64 * 1024

/**
 * How much to reserve when the first `readyBytes` of a message or body are there and more is announced: up to four
 * times as much, so that those of the usual size are reserved once, and nobody can make us hold much by announcing alone.
 */
export function firstCapacityBytes(readyBytes: number): number {
  return Math.max(readyBytes, smallBytes, Math.min(readyBytes * 4, usualBytes))
}
