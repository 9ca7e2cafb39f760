import type { Status } from '../component/telemetry.ts'
import type { DeliveryError } from '../errors/delivery-error.ts'
import type { Signal } from '../signal/signal.ts'
import { describeCode } from './delivery-metrics.ts'

/** One status of an exporter out of how its signals fare: the worst of them. */
export class Health {
  readonly #report: (status: Status) => void
  readonly #failures = new Map<Signal, DeliveryError>()

  constructor(report: (status: Status) => void) {
    this.#report = report
  }

  succeeded(signal: Signal): void {
    // Fast path: nothing has failed since the last success.
    if (!this.#failures.delete(signal)) return
    this.#tell()
  }

  failed(signal: Signal, error: DeliveryError): void {
    if (this.#failures.get(signal)?.code === error.code) return
    this.#failures.set(signal, error)
    this.#tell()
  }

  #tell(): void {
    let worst: DeliveryError | undefined
    for (const error of this.#failures.values()) {
      if (worst === undefined || error.code === 'unauthenticated') worst = error
    }
    if (worst === undefined) {
      this.#report({ state: 'ok' })
      return
    }
    // Wrong credentials do not heal by waiting; all else may.
    const state = worst.code === 'unauthenticated' ? 'permanent_error' : 'recoverable_error'
    this.#report({ state, reason: describeCode(worst.code) })
  }
}
