import { createServer as createTlsServer } from 'node:https'
import type { Host, Settings } from '../../component/define.ts'
import type { Component } from '../../component/lifecycle.ts'
import { Credentials, serverOptions } from '../../net/tls.ts'
import { type Answer, ProbeServer } from '../../telemetry/probe-server.ts'
import { judgeReadiness } from './readiness.ts'
import type { HealthCheckConfig } from './schema.ts'

/**
 * `/health/live` says that the process answers: a restart would not help against anything else.
 * `/health/ready` and the configured `path` say whether data can be sent here: 200 or 503, with every component's state.
 */
export class HealthCheck implements Component {
  readonly #settings: Settings<HealthCheckConfig>
  readonly #host: Host
  #server: ProbeServer | undefined
  #credentials: Credentials | undefined
  #startedAtMs = 0

  constructor(settings: Settings<HealthCheckConfig>, host: Host) {
    this.#settings = settings
    this.#host = host
  }

  async start(): Promise<void> {
    this.#startedAtMs = this.#settings.clock.nowMs()
    const server = await this.#createServer()
    await server.start()
    this.#server = server
    const tls = this.#settings.config.tls !== undefined
    this.#settings.logger.info('listening', {
      serves: '/health/ready',
      endpoint: this.address,
      tls,
    })
  }

  /** Where it listens, with the port that was really taken. */
  get address(): string {
    return this.#server?.address ?? this.#settings.config.endpoint
  }

  async stop(): Promise<void> {
    this.#credentials?.close()
    await this.#server?.stop()
  }

  async #createServer(): Promise<ProbeServer> {
    const { config, clock, logger } = this.#settings
    const paths = [...new Set(['/health/live', '/health/ready', config.path])]
    const route = (path: string): Promise<Answer> | undefined => this.#route(path)
    if (config.tls === undefined) return new ProbeServer(config.endpoint, paths, route)
    const credentials = await Credentials.load(config.tls)
    this.#credentials = credentials
    const tls = { ...serverOptions(config.tls), ...credentials.options }
    return new ProbeServer(config.endpoint, paths, route, (options, listener) => {
      const server = createTlsServer({ ...options, ...tls }, listener)
      credentials.watch(clock, logger, (changed) => server.setSecureContext(changed))
      return server
    })
  }

  #route(path: string): Promise<Answer> | undefined {
    if (path === '/health/live') return Promise.resolve(json(200, { status: 'live' }))
    if (path === '/health/ready') return Promise.resolve(this.#readiness())
    if (path === this.#settings.config.path) return Promise.resolve(this.#readiness(true))
    return undefined
  }

  #readiness(configuredBody = false): Answer {
    const { config, clock } = this.#settings
    const { ready, components } = judgeReadiness(
      this.#host.statuses(),
      clock.monotonicMs(),
      config.recovery_duration,
    )
    const status = ready ? 200 : 503
    if (configuredBody && config.response_body !== undefined) {
      const { healthy, unhealthy } = config.response_body
      return { status, contentType: 'text/plain; charset=utf-8', body: ready ? healthy : unhealthy }
    }
    return json(status, {
      status: ready ? 'ready' : 'not ready',
      up_since: new Date(this.#startedAtMs).toISOString(),
      components,
    })
  }
}

function json(status: number, body: object): Answer {
  return { status, contentType: 'application/json', body: `${JSON.stringify(body)}\n` }
}
