import { MemoryQueue } from '../buffer/memory-queue.ts'
import { defaultQueueBytes } from '../buffer/queue-bytes.ts'
import type { Settings } from '../component/define.ts'
import type { Batch } from '../signal/batch.ts'
import type { ConsumeContext } from '../signal/consumer.ts'
import type { Signal } from '../signal/signal.ts'
import { Admission } from './admission.ts'
import { DeliveryMetrics } from './delivery-metrics.ts'
import { Dispatcher } from './dispatcher.ts'
import type { Health } from './health.ts'
import type { RateLimiter } from './rate-limiter.ts'
import type { DeliveryConfig } from './schema.ts'
import type { Send } from './send.ts'

/** The way of one signal through one exporter: admission, queue, dispatcher. A dead signal holds up no other. */
export class SignalDelivery {
  readonly #admission: Admission
  readonly #dispatcher: Dispatcher

  constructor(
    signal: Signal,
    settings: Settings<DeliveryConfig>,
    send: Send,
    health: Health,
    rateLimiter: RateLimiter | undefined,
    random: () => number,
  ) {
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
      health,
      send,
      random,
      consumers: enabled ? queueConfig.num_consumers : Infinity,
      batch: enabled ? (queueConfig.batch ?? undefined) : undefined,
      retry,
      circuitBreaker: settings.config.circuit_breaker ?? undefined,
      rateLimiter,
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
