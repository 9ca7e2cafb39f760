import { defaultQueueBytes } from '../../buffer/queue-bytes.ts'
import type { Clock } from '../../component/clock.ts'
import type { Settings } from '../../component/define.ts'
import type { Component } from '../../component/lifecycle.ts'
import type { Counter, Histogram } from '../../component/telemetry.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'
import type { Batch } from '../../signal/batch.ts'
import type { ConsumeContext, Consumer } from '../../signal/consumer.ts'
import { splitBatch } from '../../signal/split.ts'
import { Flight, type FlightHost, type Passengers } from './flight.ts'
import { type Gathered, Partition } from './partition.ts'
import { Room } from './room.ts'
import type { BatchConfig } from './schema.ts'

/**
 *     consume ──▶ room (bytes) ──▶ partition ──size, timeout──▶ flight ──▶ next component
 *                   └ full: refuse or wait        └ wait and offer again ◀─┘ refused for now
 *
 * The room is given back when a flight has landed, so that what waits for a stuck exporter holds callers back.
 */
export class BatchProcessor implements Component, Consumer, FlightHost {
  readonly next: Consumer
  readonly clock: Clock
  draining = false
  abandoned = false
  readonly #config: BatchConfig
  readonly #metadataKeys: readonly string[]
  readonly #room: Room
  readonly #partitions = new Map<string, Partition>()
  readonly #flights = new Set<Flight>()
  readonly #sendSize: Histogram
  readonly #sendSizeBytes: Histogram
  readonly #triggers: Readonly<Record<Gathered['trigger'], Counter>>
  #onIdle: (() => void) | undefined

  constructor(settings: Settings<BatchConfig>, next: Consumer) {
    const { config, clock, meter } = settings
    this.next = next
    this.clock = clock
    this.#config = config
    this.#metadataKeys = config.metadata_keys.map((key) => key.toLowerCase()).sort()
    this.#room = new Room(config.max_bytes ?? defaultQueueBytes(process.constrainedMemory()))
    this.#sendSize = meter.histogram('otelcol_processor_batch_batch_send_size')
    this.#sendSizeBytes = meter.histogram('otelcol_processor_batch_batch_send_size_bytes')
    this.#triggers = {
      size: meter.counter('otelcol_processor_batch_batch_size_trigger_send'),
      timeout: meter.counter('otelcol_processor_batch_timeout_trigger_send'),
    }
    // Without keys there is one combination, always: what the collector reports.
    const apart = (): number => (this.#metadataKeys.length === 0 ? 1 : this.#partitions.size)
    meter.gauge('otelcol_processor_batch_metadata_cardinality', {}, apart)
  }

  start(): Promise<void> {
    return Promise.resolve()
  }

  consume(batch: Batch, context: ConsumeContext): Promise<void> {
    const items = batch.itemCount
    if (this.draining) return Promise.reject(stopping())
    if (items === 0) return Promise.resolve()
    if (!this.#room.take(batch.sizeBytes)) return this.#overflow(batch, context)
    // After the room, because only a partition that is given a batch is dropped again.
    const partition = this.#partitionOf(context)
    if (partition === undefined) {
      this.#room.giveBack(batch.sizeBytes)
      return Promise.reject(tooManyValues())
    }
    context.ledger.queued += items
    return partition.add(batch)
  }

  async stop(abort: AbortSignal): Promise<void> {
    this.draining = true
    this.#room.close()
    for (const partition of [...this.#partitions.values()]) partition.flush('timeout')
    for (const flight of [...this.#flights]) flight.hurry()
    if (this.#flights.size === 0) return
    const giveUp = (): void => this.#abandon()
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve
      if (abort.aborted) giveUp()
      else abort.addEventListener('abort', giveUp, { once: true })
    })
    abort.removeEventListener('abort', giveUp)
  }

  landed(flight: Flight): void {
    this.#flights.delete(flight)
    this.#room.giveBack(flight.batch.sizeBytes)
    if (this.#flights.size === 0) this.#onIdle?.()
  }

  /** What is being offered is in the hands of the next component, which stops after us and says what becomes of it. */
  #abandon(): void {
    this.abandoned = true
    for (const flight of [...this.#flights]) flight.abandon()
    this.#onIdle?.()
  }

  #overflow(batch: Batch, context: ConsumeContext): Promise<void> {
    if (context.onFull === 'refuse') return Promise.reject(full())
    const { ledger } = context
    const items = batch.itemCount
    ledger.queued += items
    return new Promise((resolve, reject) => {
      const refuse = (error: DeliveryError): void => {
        ledger.queued -= items
        reject(error)
      }
      const waits = this.#room.wait({
        sizeBytes: batch.sizeBytes,
        enter: () => {
          // Its partition may have gone while it waited.
          const partition = this.#partitionOf(context)
          if (partition !== undefined) {
            resolve(partition.add(batch))
            return
          }
          refuse(tooManyValues())
          this.#room.giveBack(batch.sizeBytes)
        },
        refuse: () => refuse(stopping()),
      })
      if (!waits) refuse(full())
    })
  }

  /** Undefined: there are too many. */
  #partitionOf(context: ConsumeContext): Partition | undefined {
    const key = this.#keyOf(context)
    const known = this.#partitions.get(key)
    if (known !== undefined) return known
    const { metadata_cardinality_limit: limit, send_batch_size: size, timeout } = this.#config
    if (limit > 0 && this.#metadataKeys.length > 0 && this.#partitions.size >= limit)
      return undefined
    const partition = new Partition(key, this.#downstream(context), {
      clock: this.clock,
      itemsMin: size === 0 ? Number.POSITIVE_INFINITY : size,
      timeoutMs: timeout,
      onDue: (gathered, due) => this.#send(gathered, due),
    })
    this.#partitions.set(key, partition)
    return partition
  }

  #keyOf({ until, metadata }: ConsumeContext): string {
    // Fast path: nothing but the moment of the answer tells callers apart.
    if (this.#metadataKeys.length === 0) return until
    const values = this.#metadataKeys.map((key) => metadata?.get(key) ?? null)
    return `${until} ${JSON.stringify(values)}`
  }

  /** What the next component sees: of the metadata only what all joined batches share. */
  #downstream({ until, ledger, metadata }: ConsumeContext): ConsumeContext {
    if (this.#metadataKeys.length === 0) return { until, onFull: 'wait', ledger }
    const shared = new Map<string, readonly string[]>()
    for (const key of this.#metadataKeys) {
      const values = metadata?.get(key)
      if (values !== undefined) shared.set(key, values)
    }
    return { until, onFull: 'wait', ledger, metadata: shared }
  }

  #send({ batch, context, waiters, trigger }: Gathered, partition: Partition): void {
    // Values that never come again must not be kept.
    if (this.#metadataKeys.length > 0) this.#partitions.delete(partition.key)
    this.#triggers[trigger].add(1)
    const { send_batch_max_size: itemsMax } = this.#config
    const parts = itemsMax > 0 ? splitBatch(batch, itemsMax) : [batch]
    // A cut repeats resource and scope: the parts may be larger than the whole, and hold what they give back.
    this.#room.grow(sizeOf(parts) - batch.sizeBytes)
    const passengers: Passengers = { waiters, flights: parts.length, error: undefined }
    for (const part of parts) {
      this.#sendSize.record(part.itemCount)
      this.#sendSizeBytes.record(part.sizeBytes)
      const flight = new Flight(this, part, context, passengers)
      this.#flights.add(flight)
      flight.offer()
    }
  }
}

function sizeOf(batches: readonly Batch[]): number {
  let sizeBytes = 0
  for (const batch of batches) sizeBytes += batch.sizeBytes
  return sizeBytes
}

function stopping(): DeliveryError {
  return new DeliveryError('stopping', 'remora is shutting down')
}

function tooManyValues(): DeliveryError {
  const message = 'more combinations of metadata values than metadata_cardinality_limit'
  return new DeliveryError('queue_full', message)
}

function full(): DeliveryError {
  return new DeliveryError('queue_full', 'the batch processor holds as much as it may')
}
