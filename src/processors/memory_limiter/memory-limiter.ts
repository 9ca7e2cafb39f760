import type { Settings } from '../../component/define.ts'
import type { Component } from '../../component/lifecycle.ts'
import type { Counter, Meter } from '../../component/telemetry.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'
import type { Batch } from '../../signal/batch.ts'
import type { ConsumeContext, Consumer } from '../../signal/consumer.ts'
import { itemNames, type Signal } from '../../signal/signal.ts'
import { effectiveBytes, judge, type Limits, type MemoryUse, type Pressure } from './limits.ts'

export interface MemoryLimiterSettings {
  readonly checkIntervalMs: number
  readonly limits: Limits
  measure(): MemoryUse
  /** Undefined where Node does not expose it. */
  readonly collectGarbage: (() => void) | undefined
}

/** A forced collection stops the process for tens of milliseconds: at most once in this time (the collector's value). */
const gcIntervalMs = 10_000
/** A measurement costs about 10 µs, so between two of them at least this much comes in. */
const recheckBytesMin = 1024 * 1024

type Host = Pick<Settings<unknown>, 'clock' | 'logger' | 'meter' | 'status'>

interface Counters {
  readonly accepted: Counter
  readonly refused: Counter
}

/**
 * Lets batches pass, or refuses them while memory is short.
 *
 * Memory is measured every `check_interval`, and again as soon as the bytes that came in since would fill half of what
 * was left then: a burst cannot run past the limit between two looks. A refusal is retryable and says when to come
 * back; nothing is held here.
 */
export class MemoryLimiter implements Component, Consumer {
  readonly #settings: MemoryLimiterSettings
  readonly #host: Host
  readonly #next: Consumer
  readonly #counters: Readonly<Record<Signal, Counters>>
  #pressure: Pressure = { usedBytes: 0, headroomBytes: 0, reason: undefined }
  #bytesSinceCheck = 0
  #recheckBytes = 0
  #lastGcMs = Number.NEGATIVE_INFINITY
  #cancel: (() => void) | undefined

  constructor(settings: MemoryLimiterSettings, host: Host, next: Consumer) {
    this.#settings = settings
    this.#host = host
    this.#next = next
    const { meter } = host
    this.#counters = {
      logs: countersOf(meter, 'logs'),
      metrics: countersOf(meter, 'metrics'),
      traces: countersOf(meter, 'traces'),
    }
    meter.gauge('remora_memory_limiter_used_bytes', {}, () => this.#pressure.usedBytes)
    meter.gauge('remora_memory_limiter_limit_bytes', {}, () => effectiveBytes(settings.limits))
  }

  start(): Promise<void> {
    this.#check()
    this.#cancel = this.#host.clock.every(this.#settings.checkIntervalMs, () => this.#check())
    return Promise.resolve()
  }

  stop(): Promise<void> {
    this.#cancel?.()
    return Promise.resolve()
  }

  consume(batch: Batch, context: ConsumeContext): Promise<void> {
    this.#bytesSinceCheck += batch.sizeBytes
    if (this.#bytesSinceCheck > this.#recheckBytes) this.#check()
    const counters = this.#counters[batch.signal]
    const { reason } = this.#pressure
    if (reason !== undefined) {
      counters.refused.add(batch.itemCount)
      return Promise.reject(this.#refusal(reason))
    }
    counters.accepted.add(batch.itemCount)
    return this.#next.consume(batch, context)
  }

  #refusal(reason: string): DeliveryError {
    const retryAfterMs = Math.max(1000, this.#settings.checkIntervalMs)
    return new DeliveryError('memory_limited', `memory is short: ${reason}`, { retryAfterMs })
  }

  #check(): void {
    const { limits, measure } = this.#settings
    let pressure = judge(measure(), limits)
    if (this.#mayCollect(pressure)) {
      this.#settings.collectGarbage?.()
      pressure = judge(measure(), limits)
    }
    this.#bytesSinceCheck = 0
    this.#recheckBytes = Math.max(recheckBytesMin, pressure.headroomBytes / 2)
    this.#tell(pressure.reason)
    this.#pressure = pressure
  }

  #mayCollect({ usedBytes, reason }: Pressure): boolean {
    const { limits, collectGarbage } = this.#settings
    if (collectGarbage === undefined || reason === undefined) return false
    // Between the two limits V8 may well get by on its own.
    if (usedBytes > limits.softBytes && usedBytes <= limits.hardBytes) return false
    const nowMs = this.#host.clock.monotonicMs()
    if (nowMs - this.#lastGcMs < gcIntervalMs) return false
    this.#lastGcMs = nowMs
    return true
  }

  /** When refusing begins and when it ends. */
  #tell(reason: string | undefined): void {
    const { logger, status } = this.#host
    if ((reason === undefined) === (this.#pressure.reason === undefined)) return
    if (reason === undefined) {
      logger.info('memory is back to normal; data is taken again')
      status({ state: 'ok' })
    } else {
      logger.warn('memory is short; data is refused', { message: reason })
      status({ state: 'recoverable_error', reason: `memory is short: ${reason}` })
    }
  }
}

/** Cells for one signal; a pipeline has only one, but a zero for the others costs nothing. */
function countersOf(meter: Meter, signal: Signal): Counters {
  return {
    accepted: meter.counter(`otelcol_processor_accepted_${itemNames[signal]}`),
    refused: meter.counter(`otelcol_processor_refused_${itemNames[signal]}`),
  }
}
