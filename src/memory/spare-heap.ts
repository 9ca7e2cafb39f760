import type { Clock } from '../component/clock.ts'
import type { Logger } from '../component/telemetry.ts'
import { type Collect, collect } from './collect.ts'
import { memoryUsage } from './memory-usage.ts'

/*
 * V8 collects when something is allocated. What is garbage when the work ends therefore stays: after 24 JSON bodies of 11 MB a
 * process that did nothing any more kept 270 MiB, after meeting 20,000 files 40 MiB. One collection of everything, in a
 * quiet moment, gives it back. It takes some 60 ms for a small heap and grows with what is alive, so it waits until there is
 * something to win.
 */
const tickMs = 1000
/** So many ticks in a row with less than this share of work are a quiet moment. */
const quietTicks = 5
const busyShare = 0.2
/** What may be won must be this much, and half of what was alive after the last collection: the cost grows with that. */
const grownBytesMin = 8 * 1024 * 1024
const grownShareMin = 0.5
/** What a start leaves behind is not worth a collection; but what has met thousands of files by then may be mostly garbage. */
const startBytesMax = 24 * 1024 * 1024

/** What is known of the process. */
export interface Process {
  /** The share of the time since it was asked last in which the event loop was at work: 0 to 1. */
  busyShare(): number
  /** V8's heap and the buffers outside of it, garbage included. */
  usedBytes(): number
}

/** Collects all garbage of the process when it does nothing; without `--expose-gc` it does nothing. Returns what ends it. */
export function collectWhenQuiet(
  clock: Clock,
  logger: Logger,
  subject: Process = thisProcess(),
  collectAll: Collect | undefined = collect,
): () => void {
  if (collectAll === undefined) return () => undefined
  let quiet = 0
  let aliveBytes = Math.min(subject.usedBytes(), startBytesMax)
  return clock.every(tickMs, () => {
    quiet = subject.busyShare() < busyShare ? quiet + 1 : 0
    if (quiet < quietTicks) return
    const usedBytes = subject.usedBytes()
    if (usedBytes - aliveBytes < Math.max(grownBytesMin, aliveBytes * grownShareMin)) return
    const startedMs = clock.monotonicMs()
    collectAll({ type: 'major', flavor: 'last-resort' })
    aliveBytes = subject.usedBytes()
    quiet = 0
    const took = Math.round(clock.monotonicMs() - startedMs)
    logger.debug('collected garbage', { before: usedBytes, after: aliveBytes, took_ms: took })
  })
}

function thisProcess(): Process {
  let last = performance.eventLoopUtilization()
  return {
    busyShare: () => {
      const now = performance.eventLoopUtilization()
      const { utilization } = performance.eventLoopUtilization(now, last)
      last = now
      return utilization
    },
    usedBytes: () => {
      const { heapUsed, external } = memoryUsage()
      return heapUsed + external
    },
  }
}
