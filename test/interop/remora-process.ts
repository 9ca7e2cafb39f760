import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createConnection, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export interface RemoraProcess {
  readonly grpcPort: number
  readonly httpPort: number
  /** Asks it to end and waits: the exit code, and what it said on stderr. */
  stop(): Promise<{ readonly code: number | null; readonly stderr: string }>
}

/** The real process, through bin/remora: OTLP in on two ports of its own, OTLP out by gRPC to `backendPort`. */
export async function startRemora(backendPort: number): Promise<RemoraProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'remora-interop-'))
  const [grpcPort, httpPort] = [await freePort(), await freePort()]
  const config = join(folder, 'remora.yaml')
  await writeFile(config, configOf(grpcPort, httpPort, backendPort))
  const launcher = fileURLToPath(new URL('../../bin/remora', import.meta.url))
  const child = spawn(launcher, ['--config', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const closed = once(child, 'close')
  for (let attempt = 0; !(await accepts(httpPort)); attempt++) {
    if (child.exitCode !== null || attempt > 500)
      throw new Error(`remora does not start: ${stderr}`)
    await sleep(20)
  }
  return {
    grpcPort,
    httpPort,
    async stop() {
      child.kill('SIGTERM')
      await closed
      await rm(folder, { recursive: true, force: true })
      return { code: child.exitCode, stderr }
    },
  }
}

function configOf(grpcPort: number, httpPort: number, backendPort: number): string {
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

async function accepts(port: number): Promise<boolean> {
  const socket = createConnection(port, '127.0.0.1')
  const connected = await once(socket, 'connect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return connected
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}
