import type { Status } from '../component/telemetry.ts'
import type { DeliveryError } from '../errors/delivery-error.ts'
import type { Signal } from '../signal/signal.ts'
import { describeCode } from './delivery-metrics.ts'

interface Failure {
  readonly error: DeliveryError
  /** The circuit breaker lets nothing through. */
  readonly open: boolean
}

/** One status of an exporter out of how its signals fare: the worst of them. */
export class Health {
  readonly #report: (status: Status) => void
  /** By signal; what concerns its disk queue, behind `disk:`. */
  readonly #failures = new Map<string, Failure>()

  constructor(report: (status: Status) => void) {
    this.#report = report
  }

  succeeded(signal: Signal): void {
    // Fast path: nothing has failed since the last success.
    if (!this.#failures.delete(signal)) return
    this.#tell()
  }

  failed(signal: Signal, error: DeliveryError): void {
    const known = this.#failures.get(signal)
    if (known?.error.code === error.code) return
    this.#failures.set(signal, { error, open: known?.open ?? false })
    this.#tell()
  }

  /** After `failed`: nothing is tried until the circuit breaker probes. */
  circuitOpened(signal: Signal): void {
    const known = this.#failures.get(signal)
    if (known === undefined || known.open) return
    this.#failures.set(signal, { ...known, open: true })
    this.#tell()
  }

  /** The disk queue takes nothing; what it holds is still sent. */
  storageFailed(signal: Signal, error: DeliveryError): void {
    if (this.#failures.has(`disk:${signal}`)) return
    this.#failures.set(`disk:${signal}`, { error, open: false })
    this.#tell()
  }

  storageSucceeded(signal: Signal): void {
    if (this.#failures.delete(`disk:${signal}`)) this.#tell()
  }

  #tell(): void {
    let worst: Failure | undefined
    for (const failure of this.#failures.values()) {
      if (worst === undefined || failure.error.code === 'unauthenticated') worst = failure
    }
    if (worst === undefined) {
      this.#report({ state: 'ok' })
      return
    }
    const { error, open } = worst
    // Wrong credentials do not heal by waiting; all else may.
    const state = error.code === 'unauthenticated' ? 'permanent_error' : 'recoverable_error'
    const circuit = open ? ' The circuit breaker is open.' : ''
    this.#report({ state, reason: `${describeCode(error.code)}${circuit}` })
  }
}
