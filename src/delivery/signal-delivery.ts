import { MemoryQueue } from '../buffer/memory-queue.ts'
import { defaultQueueBytes } from '../buffer/queue-bytes.ts'
import type { Settings } from '../component/define.ts'
import type { Batch } from '../signal/batch.ts'
import type { ConsumeContext } from '../signal/consumer.ts'
import type { Signal } from '../signal/signal.ts'
import { Admission } from './admission.ts'
import type { DeadLetters } from './dead-letters.ts'
import { DeliveryMetrics } from './delivery-metrics.ts'
import { Dispatcher } from './dispatcher.ts'
import type { Health } from './health.ts'
import type { RateLimiter } from './rate-limiter.ts'
import type { DeliveryConfig } from './schema.ts'
import type { Send } from './send.ts'

/** What the signals of an exporter have in common. */
export interface SharedDelivery {
  readonly send: Send
  readonly health: Health
  readonly rateLimiter: RateLimiter | undefined
  readonly deadLetters: DeadLetters | undefined
  /** From 0 up to 1; for the jitter. */
  readonly random: () => number
}

/** The way of one signal through one exporter: admission, queue, dispatcher. A dead signal holds up no other. */
export class SignalDelivery {
  readonly #admission: Admission
  readonly #dispatcher: Dispatcher

  constructor(signal: Signal, settings: Settings<DeliveryConfig>, shared: SharedDelivery) {
    const { clock, logger, meter, id } = settings
    const { sending_queue: queueConfig, retry_on_failure: retry, timeout } = settings.config
    const bytesMax = queueConfig.max_bytes ?? defaultQueueBytes(process.constrainedMemory())
    const { enabled } = queueConfig
    const queue = new MemoryQueue(enabled ? queueConfig.queue_size : Infinity, bytesMax)
    const metrics = new DeliveryMetrics(meter, signal)
    this.#admission = new Admission(
      queue,
      clock,
      {
        exporterId: id,
        sizer: queueConfig.sizer,
        overflow: queueConfig.overflow ?? (queueConfig.block_on_overflow ? 'block' : undefined),
        waitForResult: queueConfig.wait_for_result || !enabled,
        waitingBytesMax: bytesMax,
      },
      metrics.enqueueFailed,
    )
    this.#dispatcher = new Dispatcher({
      signal,
      queue,
      clock,
      logger,
      metrics,
      ...shared,
      consumers: enabled ? queueConfig.num_consumers : Infinity,
      batch: enabled ? (queueConfig.batch ?? undefined) : undefined,
      retry,
      circuitBreaker: settings.config.circuit_breaker ?? undefined,
      exporterId: id,
      timeoutMs: timeout,
      onRoom: () => this.#admission.fill(),
      crowded: () => this.#admission.crowded,
    })
    metrics.watch(signal, {
      size: () => queue.size,
      capacity: enabled ? queueConfig.queue_size : 0,
      inFlight: () => this.#dispatcher.inFlight,
    })
    if (this.#dispatcher.circuitState !== undefined) {
      metrics.watchCircuit(signal, () => this.#dispatcher.circuitState ?? 'closed')
    }
  }

  consume(batch: Batch, context: ConsumeContext): Promise<void> {
    const answer = this.#admission.admit(batch, context)
    this.#dispatcher.pump()
    return answer
  }

  async stop(abort: AbortSignal): Promise<void> {
    this.#admission.close()
    await this.#dispatcher.drain(abort)
  }
}
