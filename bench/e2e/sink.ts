/**
 * The backend of the benches, as a process of its own: takes OTLP over gRPC and HTTP, counts the items and forgets them.
 * Started with `fork`; says `{ grpcPort, httpPort }` once it listens, and answers every message with its counts.
 */
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import type { Signal } from '../../src/signal/signal.ts'
import { countItems } from '../../src/wire/otlp/split.ts'
import { signalOfPath } from './otlp-paths.ts'

export type SinkCounts = Record<Signal, number> & { requests: number }

const counts: SinkCounts = { logs: 0, metrics: 0, traces: 0, requests: 0 }

function count(path: string, message: Uint8Array): void {
  const signal = signalOfPath(path)
  if (signal === undefined) throw new Error(`the sink was sent "${path}"`)
  counts[signal] += countItems(signal, message)
  counts.requests++
}

const grpc = createHttp2Server({ settings: { initialWindowSize: 8 << 20 } })
grpc.on('session', (session) => session.setLocalWindowSize(16 << 20))
grpc.on('stream', (stream: ServerHttp2Stream, headers) => {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  stream.on('end', () => {
    // A compressed flag and a length stand before the message; the benches do not compress.
    count(String(headers[':path']), Buffer.concat(chunks).subarray(5))
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc' },
      { waitForTrailers: true },
    )
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end(Buffer.alloc(5))
  })
  stream.on('error', () => stream.close())
})

const http = createHttpServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    count(request.url ?? '', Buffer.concat(chunks))
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
  })
})

async function portOf(server: Server): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  return (server.address() as AddressInfo).port
}

const ports = { grpcPort: await portOf(grpc), httpPort: await portOf(http) }
process.on('message', () => process.send?.(counts))
process.on('disconnect', () => process.exit())
process.send?.(ports)
