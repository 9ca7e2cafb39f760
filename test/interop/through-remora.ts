import { after, before } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { RemoraProcess } from '../support/remora-process.ts'
import { type Backend, startBackend } from './backend.ts'

/** Where SDKs send. */
export interface Ports {
  readonly grpcPort: number
  readonly httpPort: number
}

/** Set before the first test of the suite. */
export interface ThroughRemora {
  ports: Ports
  backend: Backend
}

/**
 * For a suite: the real process, through bin/remora, with OTLP in on two ports of its own and OTLP out by gRPC to a
 * foreign backend. At the end it must stop well, with accounts that balance.
 */
export function throughRemora(): ThroughRemora {
  const through = {} as ThroughRemora
  let remora: RemoraProcess | undefined
  before(async () => {
    through.backend = await startBackend()
    through.ports = { grpcPort: await freePort(), httpPort: await freePort() }
    const config = configOf(through.ports, through.backend.grpcPort)
    remora = new RemoraProcess(['--config', `yaml:${config}`], { bundle: true })
    await remora.ready()
  })
  after(async () => {
    await remora?.stop()
    through.backend.close()
  })
  return through
}

function configOf({ grpcPort, httpPort }: Ports, backendPort: number): string {
  return `receivers:
  otlp:
    protocols:
      grpc: { endpoint: '127.0.0.1:${grpcPort}' }
      http: { endpoint: '127.0.0.1:${httpPort}' }
exporters:
  otlp_grpc:
    endpoint: 127.0.0.1:${backendPort}
    compression: none
    tls: { insecure: true }
service:
  telemetry:
    metrics: { level: none }
  pipelines:
    logs: { receivers: [otlp], exporters: [otlp_grpc] }
    metrics: { receivers: [otlp], exporters: [otlp_grpc] }
    traces: { receivers: [otlp], exporters: [otlp_grpc] }
`
}
