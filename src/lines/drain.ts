import { type Clock, sleep } from '../component/clock.ts'
import type { LineStream } from './line-stream.ts'

export interface DrainSettings {
  readonly quietMs: number
  readonly deadlineMs: number
  readonly clock: Clock
}

/** Enough to empty a pipe, and too little to be noticed. */
const restMs = 100

/**
 * Waits until the streams have ended, have been quiet for `quietMs`, or `deadlineMs` is over, or `abort`. What a stream
 * that waits for room has not read by then is read and dropped, so that it is counted.
 */
export async function drainStreams(
  streams: readonly LineStream[],
  { quietMs, deadlineMs, clock }: DrainSettings,
  abort: AbortSignal,
): Promise<void> {
  const startMs = clock.monotonicMs()
  const over = new AbortController()
  const giveUp = AbortSignal.any([abort, over.signal])
  const ended = Promise.all(streams.map((stream) => stream.ended)).then(() => over.abort())
  while (!giveUp.aborted) {
    const nowMs = clock.monotonicMs()
    const quietAtMs = Math.max(startMs, ...streams.map((stream) => stream.quietSinceMs)) + quietMs
    const untilMs = Math.min(quietAtMs, startMs + deadlineMs)
    if (untilMs <= nowMs) break
    await sleep(clock, untilMs - nowMs, giveUp)
  }
  const waiting = streams.filter((stream) => stream.waits)
  if (waiting.length === 0) return
  for (const stream of waiting) stream.overflow()
  await Promise.race([ended, sleep(clock, restMs, over.signal)])
}
