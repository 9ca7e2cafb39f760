import { isUtf8 } from 'node:buffer'
import { DeliveryError } from '../../errors/delivery-error.ts'
import type { Exchange } from '../../net/http/exchange.ts'
import type { Signal } from '../../signal/signal.ts'
import { fromJson, fromJsonInSlices } from '../../wire/otlp/from-json.ts'
import { WireError } from '../../wire/wire-error.ts'

/** Some milliseconds of work: smaller bodies are converted at once. */
const largeBytes = 128 * 1024

/**
 * Turns the bodies of OTLP/JSON requests into protobuf. Large ones one after the other, since each needs several times its
 * size while it is converted, and in slices between which the requests of others are answered.
 */
export class JsonBodies {
  #last: Promise<void> = Promise.resolve()

  /**
   * Rejects with a DeliveryError: `invalid_data`, or `abandoned` where nobody waits for the answer any more when its turn
   * comes or while it is converted.
   */
  convert(signal: Signal, body: Uint8Array, exchange: Exchange): Uint8Array | Promise<Uint8Array> {
    if (body.byteLength > largeBytes) return this.#convertLarge(signal, body, exchange)
    try {
      return fromJson(signal, textOf(body))
    } catch (error) {
      throw refusal(signal, error)
    }
  }

  async #convertLarge(signal: Signal, body: Uint8Array, exchange: Exchange): Promise<Uint8Array> {
    const before = this.#last
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#last = promise
    await before
    try {
      return await convertInSlices(signal, body, exchange)
    } catch (error) {
      throw refusal(signal, error)
    } finally {
      resolve()
    }
  }
}

async function convertInSlices(
  signal: Signal,
  body: Uint8Array,
  exchange: Exchange,
): Promise<Uint8Array> {
  exchange.throwIfAbandoned()
  const slices = fromJsonInSlices(signal, textOf(body))
  for (;;) {
    await new Promise<void>((resolve) => setImmediate(resolve))
    exchange.throwIfAbandoned()
    const slice = slices.next()
    if (slice.done === true) return slice.value
  }
}

function textOf(body: Uint8Array): string {
  if (!isUtf8(body)) throw new DeliveryError('invalid_data', 'the body is not valid UTF-8')
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')
}

function refusal(signal: Signal, error: unknown): unknown {
  if (!(error instanceof WireError)) return error
  const message = `the body is not an OTLP/JSON ${signal} request: ${error.message}`
  return new DeliveryError('invalid_data', message, { cause: error })
}
