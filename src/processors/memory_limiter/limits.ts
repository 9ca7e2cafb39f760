/**
 * What a Node process must watch, and against what:
 *
 *     held      = heapUsed + external      against limit_mib − spike_limit_mib (what the collector's option means: the
 *                                          data of the process, not its code)
 *     heapUsed                             against V8's own limit: above it V8 ends the process
 *     resident  = rss − free heap          against the memory of the container: above it the kernel ends the process
 *
 * `external` has the bytes of buffers, which are the telemetry itself and lie outside of the heap. Heap pages that V8
 * has and does not use are left out of `resident`, because new objects fill them first: rss alone hardly ever falls
 * again, and would refuse for good after a single spike.
 */
export interface MemoryUse {
  readonly rss: number
  readonly heapTotal: number
  readonly heapUsed: number
  readonly external: number
}

export interface LimitOptions {
  readonly limitMib: number
  readonly spikeLimitMib: number
  readonly limitPercentage: number
  readonly spikeLimitPercentage: number
}

export interface SystemMemory {
  /** Of the container, or of the machine without one. */
  readonly totalBytes: number
  /** V8's limit of its heap. */
  readonly heapLimitBytes: number
}

export interface Limits {
  /** Above it garbage is collected, where that can be asked for. */
  readonly hardBytes: number
  /** Above it data is refused. */
  readonly softBytes: number
  readonly heapBytes: number
  readonly residentBytes: number
}

const mib = 1024 * 1024
/** The collector's default: a fifth of the limit. */
const spikeShare = 0.2
/** V8 collects harder and harder towards its limit; above nine tenths little else happens. */
const heapShare = 0.9
/** The rest is for what is taken between two measurements, and for the kernel's own count of our pages. */
const residentShare = 0.92

export function resolveLimits(options: LimitOptions, system: SystemMemory): Limits {
  const percent = system.totalBytes / 100
  const inMib = options.limitMib > 0
  const hardBytes = inMib ? options.limitMib * mib : options.limitPercentage * percent
  const spike = inMib ? options.spikeLimitMib * mib : options.spikeLimitPercentage * percent
  return {
    hardBytes,
    softBytes: hardBytes - (spike > 0 ? spike : hardBytes * spikeShare),
    heapBytes: system.heapLimitBytes * heapShare,
    residentBytes: system.totalBytes * residentShare,
  }
}

/** The nearest of them: what heap and buffers can never get beyond. */
export function effectiveBytes(limits: Limits): number {
  return Math.floor(Math.min(limits.softBytes, limits.residentBytes))
}

export interface Pressure {
  readonly usedBytes: number
  /** Until the nearest of the limits; zero or less where data must be refused. */
  readonly headroomBytes: number
  /** Which limit is reached, in words for the sender and the operator. */
  readonly reason: string | undefined
}

export function judge(use: MemoryUse, limits: Limits): Pressure {
  const held = use.heapUsed + use.external
  const resident = use.rss - (use.heapTotal - use.heapUsed)
  const rows: readonly (readonly [what: string, used: number, limit: number])[] = [
    ['heap and buffers hold', held, limits.softBytes],
    ['the heap holds', use.heapUsed, limits.heapBytes],
    ['the process holds', resident, limits.residentBytes],
  ]
  let headroomBytes = Number.POSITIVE_INFINITY
  let reason: string | undefined
  for (const [what, used, limit] of rows) {
    if (limit - used >= headroomBytes) continue
    headroomBytes = limit - used
    reason = headroomBytes > 0 ? undefined : `${what} ${inMib(used)} of ${inMib(limit)} MiB`
  }
  return { usedBytes: held, headroomBytes, reason }
}

function inMib(bytes: number): string {
  return (bytes / mib).toFixed(1)
}
