import type { Counter, Meter } from '../../component/telemetry.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'
import { Batch } from '../../signal/batch.ts'
import type { Intake, ReceiveContext } from '../../signal/consumer.ts'
import { itemNames, type Signal } from '../../signal/signal.ts'
import { scanItems } from '../../wire/otlp/scan.ts'
import { WireError } from '../../wire/wire-error.ts'

export type Transport = 'grpc' | 'http'

/** Request headers by lower-case name. */
export type Metadata = ReadonlyMap<string, readonly string[]>

/** The way of one signal of one protocol into the pipelines: checks, counts, hands over. */
export class ExportIntake {
  readonly signal: Signal
  readonly #next: Intake
  readonly #accepted: Counter
  readonly #refused: Counter
  readonly #failed: Counter
  readonly #succeededRequests: Counter
  readonly #refusedRequests: Counter
  readonly #failedRequests: Counter

  constructor(signal: Signal, next: Intake, transport: Transport, meter: Meter) {
    const items = itemNames[signal]
    const requests = (outcome: string): Counter =>
      meter.counter('otelcol_receiver_requests', { transport, outcome })
    this.signal = signal
    this.#next = next
    this.#accepted = meter.counter(`otelcol_receiver_accepted_${items}`, { transport })
    this.#refused = meter.counter(`otelcol_receiver_refused_${items}`, { transport })
    this.#failed = meter.counter(`otelcol_receiver_failed_${items}`, { transport })
    this.#succeededRequests = requests('success')
    this.#refusedRequests = requests('refused')
    this.#failedRequests = requests('failure')
  }

  /**
   * Takes the bytes of an Export request over. Resolves when the sender may forget them. Rejects with a DeliveryError;
   * `invalid_data` for bytes that are no OTLP.
   */
  async take(bytes: Uint8Array, metadata: Metadata | undefined): Promise<void> {
    const itemCount = this.#scan(bytes)
    if (itemCount > 0) {
      try {
        const batch = new Batch(this.signal, [bytes], itemCount)
        await this.#next.consume(batch, metadata === undefined ? plainContext : contextOf(metadata))
      } catch (thrown) {
        throw this.#countRefusal(DeliveryError.from(thrown), itemCount)
      }
      this.#accepted.add(itemCount)
    }
    this.#succeededRequests.add(1)
  }

  #scan(bytes: Uint8Array): number {
    try {
      return scanItems(this.signal, bytes)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      const message = `the body is not an OTLP ${this.signal} request: ${error.message}`
      throw new DeliveryError('invalid_data', message, { cause: error })
    }
  }

  #countRefusal(error: DeliveryError, itemCount: number): DeliveryError {
    if (error.code === 'internal') {
      this.#failed.add(itemCount)
      this.#failedRequests.add(1)
    } else {
      this.#refused.add(itemCount)
      this.#refusedRequests.add(1)
    }
    return error
  }
}

/** Senders of OTLP keep their data until they are answered, so a full queue says no. */
const plainContext: ReceiveContext = { until: 'accepted', onFull: 'refuse' }

function contextOf(metadata: Metadata): ReceiveContext {
  return { ...plainContext, metadata }
}

/** Names and values in turn, of HTTP/1 or HTTP/2, as a map. */
export function metadataOf(fields: readonly string[]): Metadata {
  const metadata = new Map<string, string[]>()
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const name = (fields[index] as string).toLowerCase()
    const value = fields[index + 1] as string
    const values = metadata.get(name)
    if (values === undefined) metadata.set(name, [value])
    else values.push(value)
  }
  return metadata
}
