import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Signal } from '../../src/signal/signal.ts'
import { oracleDecode } from '../support/wire/oracle.ts'

export interface Backend {
  readonly grpcPort: number
  readonly httpPort: number
  /** The requests of a signal in the order of their arrival, decoded by the foreign codec; empties the list. */
  take(signal: Signal): Record<string, unknown>[]
  /** Waits until `count` requests of a signal are there; throws after ten seconds. */
  waitFor(signal: Signal, count: number): Promise<void>
  close(): void
}

/** The far side: takes OTLP as gRPC (Node's own HTTP/2, none of our code) and as HTTP/protobuf, and keeps it. */
export async function startBackend(): Promise<Backend> {
  const received = new Map<Signal, Record<string, unknown>[]>()
  const keep = (path: string, message: Uint8Array): void => {
    const signal = signalOf(path)
    received.set(signal, [...(received.get(signal) ?? []), oracleDecode(signal, message)])
  }
  const grpc = createHttp2Server()
  grpc.on('stream', (stream, headers) => {
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      keep(String(headers[':path']), Buffer.concat(chunks).subarray(5))
      stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(Buffer.alloc(5))
    })
  })
  const http = createHttpServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      keep(String(request.url), Buffer.concat(chunks))
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
    })
  })
  const count = (signal: Signal) => received.get(signal)?.length ?? 0
  return {
    grpcPort: await listen(grpc),
    httpPort: await listen(http),
    take(signal) {
      const requests = received.get(signal) ?? []
      received.delete(signal)
      return requests
    },
    async waitFor(signal, wanted) {
      for (let attempt = 0; attempt < 500 && count(signal) < wanted; attempt++) await sleep(20)
      if (count(signal) < wanted)
        throw new Error(`${count(signal)} of ${wanted} requests of ${signal} came`)
    },
    close() {
      grpc.close()
      http.close()
      http.closeAllConnections()
    },
  }
}

function signalOf(path: string): Signal {
  if (/logs/i.test(path)) return 'logs'
  return /metrics/i.test(path) ? 'metrics' : 'traces'
}

async function listen(server: Server): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  return (server.address() as AddressInfo).port
}
