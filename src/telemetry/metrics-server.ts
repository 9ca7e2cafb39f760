import type { NameSuffixes } from '../component/configured.ts'
import type { Logger } from '../component/telemetry.ts'
import { contentType, renderMetrics } from './exposition.ts'
import type { MetricRegistry } from './meter.ts'
import { ProbeServer } from './probe-server.ts'

/** Serves `/metrics` on `service.telemetry.metrics`. */
export class MetricsServer {
  readonly #server: ProbeServer
  readonly #logger: Logger

  constructor(endpoint: string, registry: MetricRegistry, logger: Logger, suffixes: NameSuffixes) {
    this.#logger = logger
    this.#server = new ProbeServer(endpoint, ['/metrics'], (path) => {
      if (path !== '/metrics') return undefined
      return renderMetrics(registry, suffixes).then(
        (body) => ({ status: 200, contentType, body }),
        (error: unknown) => {
          logger.error('cannot render the metrics', { error })
          throw error
        },
      )
    })
  }

  async start(): Promise<void> {
    try {
      await this.#server.start()
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const advice = 'service.telemetry.metrics.readers sets another address, or none with []'
      throw new Error(`cannot serve /metrics: ${reason}; ${advice}`, { cause: error })
    }
    this.#logger.info('listening', { serves: '/metrics', endpoint: this.#server.address })
  }

  get address(): string {
    return this.#server.address
  }

  stop(): Promise<void> {
    return this.#server.stop()
  }
}
