import type { Status } from '../component/telemetry.ts'
import type { Code } from '../errors/codes.ts'
import type { DeliveryError } from '../errors/delivery-error.ts'
import type { Signal } from '../signal/signal.ts'
import { describeCode } from './delivery-metrics.ts'

interface Failure {
  readonly error: DeliveryError
  /** The circuit breaker lets nothing through. */
  readonly open: boolean
}

/** One status of an exporter out of how its signals and their disk queues fare: all that is wrong, the worst first. */
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

  /** A probe was answered, be it with a refusal: everything is sent again. */
  circuitClosed(signal: Signal): void {
    const known = this.#failures.get(signal)
    if (known?.open !== true) return
    this.#failures.set(signal, { ...known, open: false })
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
    if (this.#failures.size === 0) {
      this.#report({ state: 'ok' })
      return
    }
    // Several signals mostly fail alike: each reason is told once.
    const opens = new Map<Code, boolean>()
    for (const { error, open } of this.#failures.values()) {
      opens.set(error.code, (opens.get(error.code) ?? false) || open)
    }
    const reason = [...opens]
      .sort(([a], [b]) => urgency(a) - urgency(b))
      .map(([code, open]) => `${describeCode(code)}${open ? ' The circuit breaker is open.' : ''}`)
      .join(' ')
    // Wrong credentials do not heal by waiting; all else may.
    const state = opens.has('unauthenticated') ? 'permanent_error' : 'recoverable_error'
    this.#report({ state, reason })
  }
}

/** The less, the sooner somebody must act: a disk that takes nothing refuses senders, a backend that is away does not yet. */
function urgency(code: Code): number {
  if (code === 'unauthenticated') return 0
  return code === 'write_failed' ? 1 : 2
}
