import type { Counter, Logger, Meter } from '../../component/telemetry.ts'
import type { Code } from '../../errors/codes.ts'
import type { Transport } from './export-intake.ts'

/** Counts and logs the requests that never became items. */
export class Rejections {
  readonly #transport: Transport
  readonly #meter: Meter
  readonly #logger: Logger
  readonly #cells = new Map<Code, Counter>()
  readonly #tlsFailures: Counter

  constructor(transport: Transport, meter: Meter, logger: Logger) {
    this.#transport = transport
    this.#meter = meter
    this.#logger = logger
    this.#tlsFailures = meter.counter('remora_receiver_tls_handshake_failures', { transport })
  }

  /** `detail` says what is wrong and where, never what the payload holds. */
  add(reason: Code, detail: string): void {
    let cell = this.#cells.get(reason)
    if (cell === undefined) {
      const labels = { transport: this.#transport, reason }
      cell = this.#meter.counter('remora_receiver_rejected_requests', labels)
      this.#cells.set(reason, cell)
    }
    cell.add(1)
    const fields = { transport: this.#transport, reason, message: detail.slice(0, 300) }
    this.#logger.warn('rejected a request', fields)
  }

  tlsFailure(): void {
    this.#tlsFailures.add(1)
  }
}
