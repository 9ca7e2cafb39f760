import type { Entry } from '../buffer/entry.ts'
import { MemoryQueue } from '../buffer/memory-queue.ts'
import type { Queue } from '../buffer/queue.ts'
import { defaultQueueBytes } from '../buffer/queue-bytes.ts'
import type { Settings } from '../component/define.ts'
import type { DeliveryError } from '../errors/delivery-error.ts'
import type { Batch } from '../signal/batch.ts'
import type { ConsumeContext } from '../signal/consumer.ts'
import type { Signal } from '../signal/signal.ts'
import { Admission } from './admission.ts'
import type { DeadLetters } from './dead-letters.ts'
import { DeliveryMetrics } from './delivery-metrics.ts'
import { Dispatcher } from './dispatcher.ts'
import { drainSeconds, Flow } from './flow.ts'
import type { Health } from './health.ts'
import type { RateLimiter } from './rate-limiter.ts'
import type { DeliveryConfig } from './schema.ts'
import type { Send } from './send.ts'
import { openStoredQueue, type StoredQueueEvents } from './stored-queue.ts'
import { warnOfFullQueue } from './warn-of-full-queue.ts'

/** What the signals of an exporter have in common. */
export interface SharedDelivery {
  readonly send: Send
  readonly health: Health
  readonly rateLimiter: RateLimiter | undefined
  readonly deadLetters: DeadLetters | undefined
  /** From 0 up to 1; for the jitter. */
  readonly random: () => number
}

/** What the collector's queue holds, in its sizer's unit, unless the configuration says otherwise. */
const queueSizeDefault = 1000

/** The way of one signal through one exporter: admission, queue, dispatcher. A dead signal holds up no other. */
export class SignalDelivery {
  readonly #queue: Queue
  readonly #admission: Admission
  readonly #dispatcher: Dispatcher
  readonly #coming: Flow
  readonly #going: Flow

  private constructor(
    signal: Signal,
    settings: Settings<DeliveryConfig>,
    shared: SharedDelivery,
    queue: Queue,
    bytesMax: number,
  ) {
    const { clock, logger, meter, id, config, stopping } = settings
    const { sending_queue: queueConfig, timeout } = config
    const { enabled } = queueConfig
    const metrics = new DeliveryMetrics(meter, signal)
    this.#queue = queue
    this.#coming = new Flow(clock)
    this.#going = new Flow(clock)
    this.#admission = new Admission(
      queue,
      clock,
      {
        exporterId: id,
        sizer: queueConfig.sizer,
        overflow: queueConfig.overflow ?? (queueConfig.block_on_overflow ? 'block' : undefined),
        waitForResult: queueConfig.wait_for_result || !enabled,
        waitingBytesMax: bytesMax,
        stopping,
        onOffered: (items) => this.#coming.add(items),
        onTurnedAway: (what, items, reason) =>
          warnOfFullQueue(logger, what, { signal, reason, items }),
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
      retry: retryFor(queue, config),
      circuitBreaker: config.circuit_breaker ?? undefined,
      exporterId: id,
      timeoutMs: timeout,
      onRoom: () => this.#admission.fill(),
      onEnded: (items) => this.#going.add(items),
      crowded: () => this.#admission.crowded,
    })
    metrics.watch(signal, {
      size: () => queue.size,
      capacity: enabled ? queue.capacity : 0,
      inFlight: () => this.#dispatcher.inFlight,
    })
    metrics.watchBacklog(signal, {
      items: () => queue.heldItems,
      bytes: () => queue.heldBytes,
      ageMs: () => this.#dispatcher.oldestAgeMs(),
      drainSeconds: () =>
        drainSeconds(queue.heldItems, this.#coming.perSecond(), this.#going.perSecond()),
    })
    if (this.#dispatcher.circuitState !== undefined) {
      metrics.watchCircuit(signal, () => this.#dispatcher.circuitState ?? 'closed')
    }
  }

  static inMemory(
    signal: Signal,
    settings: Settings<DeliveryConfig>,
    shared: SharedDelivery,
  ): SignalDelivery {
    const { enabled, queue_size: size, max_bytes: bytes } = settings.config.sending_queue
    const bytesMax = bytes ?? defaultQueueBytes(process.constrainedMemory())
    const queue = new MemoryQueue(enabled ? (size ?? queueSizeDefault) : Infinity, bytesMax)
    return new SignalDelivery(signal, settings, shared, queue, bytesMax)
  }

  /** Rejects with an Error for a person if the queue cannot be opened. */
  static async onDisk(
    signal: Signal,
    settings: Settings<DeliveryConfig>,
    shared: SharedDelivery,
    abort?: AbortSignal,
  ): Promise<SignalDelivery> {
    let delivery: SignalDelivery | undefined
    const events: StoredQueueEvents = {
      onReadable: () => delivery?.pump(),
      onRoom: () => {
        // Room comes also while the disk takes nothing: what is delivered leaves it.
        if (delivery?.failure === undefined) shared.health.storageSucceeded(signal)
        delivery?.fill()
      },
      onFailing: (error) => shared.health.storageFailed(signal, error),
      onRefused: (entry, error) => delivery?.refused(entry, error),
    }
    const queue = await openStoredQueue(signal, settings, events, abort)
    const bytesMax = defaultQueueBytes(process.constrainedMemory())
    delivery = new SignalDelivery(signal, settings, shared, queue, bytesMax)
    delivery.pump()
    return delivery
  }

  consume(batch: Batch, context: ConsumeContext): Promise<void> {
    const answer = this.#admission.admit(batch, context)
    this.#dispatcher.pump()
    return answer
  }

  pump(): void {
    this.#dispatcher.pump()
  }

  /** Why the queue takes nothing in. */
  get failure(): DeliveryError | undefined {
    return this.#queue.failure
  }

  /** The queue has room again. */
  fill(): void {
    this.#admission.fill()
  }

  /** The queue did not take what it was offered. */
  refused(entry: Entry, error: DeliveryError): void {
    this.#admission.refused(entry, error)
  }

  async stop(abort: AbortSignal): Promise<void> {
    this.#admission.close()
    await Promise.race([this.#queue.flush(), aborted(abort)])
    await this.#dispatcher.drain(abort)
    await this.#queue.close()
  }
}

/** What is on the disk waits for as long as it takes: giving it up would lose what somebody was told is safe. */
function retryFor(queue: Queue, { retry_on_failure: retry }: DeliveryConfig) {
  return queue.persistent ? { ...retry, enabled: true, max_elapsed_time: 0 } : retry
}

function aborted(abort: AbortSignal): Promise<void> {
  if (abort.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    abort.addEventListener('abort', () => resolve(), { once: true })
  })
}
