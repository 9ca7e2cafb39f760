import type { Settings } from '../component/define.ts'
import type { Batch } from '../signal/batch.ts'
import type { ConsumeContext, Consumer } from '../signal/consumer.ts'
import { type Signal, signals } from '../signal/signal.ts'
import { DeadLetters } from './dead-letters.ts'
import { Health } from './health.ts'
import { RateLimiter } from './rate-limiter.ts'
import type { DeliveryConfig } from './schema.ts'
import type { Send } from './send.ts'
import { type SharedDelivery, SignalDelivery } from './signal-delivery.ts'

/**
 * The delivery path that all exporters share: `consume` of an exporter is this one's, and the exporter itself is the
 * `send` that makes one attempt.
 *
 *     consume ──▶ admission ──▶ queue ──▶ gatherer ──▶ send, timeout, retry, halving ──▶ ledger
 *                     └ refuse, wait, drop                    └ backend
 *
 * Each signal has its own queue. Every item that `consume` took ends exactly once in the ledger: delivered, dropped with
 * a reason, or given back to the caller, whose entry counts it as rejected.
 */
export class Delivery implements Consumer {
  readonly #settings: Settings<DeliveryConfig>
  readonly #shared: SharedDelivery
  readonly #signals = new Map<Signal, SignalDelivery>()
  #stopped = false

  constructor(settings: Settings<DeliveryConfig>, send: Send, random: () => number) {
    this.#settings = settings
    const { dead_letter: deadLetter } = settings.config
    this.#shared = {
      send,
      random,
      health: new Health((status) => settings.status(status)),
      rateLimiter: createRateLimiter(settings),
      deadLetters: deadLetter ? new DeadLetters(settings, deadLetter) : undefined,
    }
  }

  /** See `Component.start`: call it before the first `consume`. Opens what is on the disk; if it rejects, call `stop`. */
  async start(abort?: AbortSignal): Promise<void> {
    await this.#shared.deadLetters?.start()
    if (this.#settings.config.sending_queue.storage !== undefined) await this.#openStored(abort)
  }

  consume(batch: Batch, context: ConsumeContext): Promise<void> {
    let delivery = this.#signals.get(batch.signal)
    if (delivery === undefined) delivery = this.#open(batch.signal)
    return delivery.consume(batch, context)
  }

  /** See `Component.stop`: sends what the queues hold until `abort`, and accounts for the rest. */
  async stop(abort: AbortSignal): Promise<void> {
    this.#stopped = true
    await Promise.all([...this.#signals.values()].map((delivery) => delivery.stop(abort)))
  }

  /** All signals, whether they come or not: an earlier process may have left something of any. */
  async #openStored(abort?: AbortSignal): Promise<void> {
    for (const signal of signals) {
      abort?.throwIfAborted()
      const delivery = await SignalDelivery.onDisk(signal, this.#settings, this.#shared, abort)
      this.#signals.set(signal, delivery)
    }
  }

  /** On the first batch: a signal that never comes costs nothing. */
  #open(signal: Signal): SignalDelivery {
    const delivery = SignalDelivery.inMemory(signal, this.#settings, this.#shared)
    this.#signals.set(signal, delivery)
    // Opened after the stop: it refuses everything.
    if (this.#stopped) void delivery.stop(AbortSignal.abort())
    return delivery
  }
}

function createRateLimiter({
  config,
  clock,
  meter,
}: Settings<DeliveryConfig>): RateLimiter | undefined {
  if (!config.rate_limit) return undefined
  const limiter = new RateLimiter(config.rate_limit, clock)
  meter.gauge('remora_exporter_rate_limit_waiting', {}, () => limiter.waiting)
  return limiter
}

/** `random` (0 up to 1) makes the jitter; tests give a seeded one. */
export function createDelivery(
  settings: Settings<DeliveryConfig>,
  send: Send,
  random: () => number = Math.random,
): Delivery {
  return new Delivery(settings, send, random)
}
