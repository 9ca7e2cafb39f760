import { type Collect, collect } from './collect.ts'
import { memoryUsage } from './memory-usage.ts'

/*
 * A batch of lines is one object of a few bytes that holds hundreds of kilobytes outside of V8's heap. Reading makes hardly
 * any other objects, so the young generation never fills, and the batches that were delivered stay until their bytes
 * trigger a collection of the whole heap: 20 of those for 280 MB of log, a fifth of all CPU time, and 20 MiB more of peak
 * memory. A collection of the young generation takes less than a millisecond and frees the same.
 */
const stepBytes = 6 * 1024 * 1024

/*
 * All but the batches that an exporter had for long: what has survived two collections is no longer young. Left to V8 it
 * comes to 30 MiB; a collection of the whole heap takes some 10 ms, once for 50 to 100 MB of log.
 */
const agedBytesMax = 10 * 1024 * 1024

/** Collects the young generation after each 6 MiB of batches; without `--expose-gc` it does nothing. */
export class YoungGarbage {
  readonly #collect: Collect | undefined
  readonly #usedBytes: () => number
  #bytes = 0
  /** The least that there was in use since the last collection of everything. */
  #aliveBytes = Infinity

  /** `usedBytes`: of buffers outside of V8's heap, garbage included. */
  constructor(
    usedBytes: () => number = () => memoryUsage().arrayBuffers,
    collectNow: Collect | undefined = collect,
  ) {
    this.#usedBytes = usedBytes
    this.#collect = collectNow
  }

  add(sizeBytes: number): void {
    this.#bytes += sizeBytes
    if (this.#collect === undefined || this.#bytes < stepBytes) return
    this.#bytes = 0
    const usedBytes = this.#usedBytes()
    this.#aliveBytes = Math.min(this.#aliveBytes, usedBytes)
    if (usedBytes - this.#aliveBytes < agedBytesMax) {
      this.#collect({ type: 'minor' })
      return
    }
    this.#collect({ type: 'major', flavor: 'regular' })
    this.#aliveBytes = Infinity
  }
}
