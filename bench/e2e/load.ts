/**
 * The sender of the benches, as a process of its own: keeps a fixed number of requests in flight until all are answered.
 * Started with `fork`; a message with `LoadOrder` starts it, and it answers with `LoadResult`.
 */
import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { type ClientHttp2Session, connect } from 'node:http2'
import type { Signal } from '../../src/signal/signal.ts'
import { grpcPaths } from './otlp-paths.ts'
import { createPayloads } from './payloads.ts'

export interface LoadOrder {
  readonly protocol: 'grpc' | 'http'
  readonly signal: Signal
  readonly port: number
  readonly items: number
  readonly itemsEach: number
  readonly inFlight: number
}

export interface LoadResult {
  readonly requests: number
  /** Answered with anything but success. */
  readonly refused: number
  readonly seconds: number
}

type Send = (body: Uint8Array) => Promise<boolean>

function grpcSender(order: LoadOrder): { send: Send; close: () => void } {
  // Node's client gives up requests beyond 10 MB in flight, unless told otherwise; in MB.
  const options = { maxSessionMemory: 1000 }
  const sessions: ClientHttp2Session[] = [0, 1].map(() =>
    connect(`http://127.0.0.1:${order.port}`, options),
  )
  const headers = {
    ':method': 'POST',
    ':path': grpcPaths[order.signal],
    'content-type': 'application/grpc',
    te: 'trailers',
  }
  let turn = 0
  const send: Send = (body) => {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const stream = (sessions[turn++ % sessions.length] as ClientHttp2Session).request(headers)
    let status: unknown
    stream.on('response', (head) => {
      status = head['grpc-status'] ?? status
    })
    stream.on('trailers', (trailers) => {
      status = trailers['grpc-status']
    })
    stream.on('error', () => resolve(false))
    stream.on('close', () => resolve(String(status) === '0'))
    stream.resume()
    stream.end(body)
    return promise
  }
  return { send, close: () => sessions.forEach((session) => void session.close()) }
}

function httpSender(order: LoadOrder): { send: Send; close: () => void } {
  const agent = new HttpAgent({ keepAlive: true, maxSockets: order.inFlight })
  const send: Send = (body) => {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const request = httpRequest({
      agent,
      port: order.port,
      host: '127.0.0.1',
      method: 'POST',
      path: `/v1/${order.signal}`,
      headers: { 'content-type': 'application/x-protobuf', 'content-length': body.byteLength },
    })
    request.on('response', (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode === 200))
    })
    request.on('error', () => resolve(false))
    request.end(body)
    return promise
  }
  return { send, close: () => agent.destroy() }
}

/** The gRPC prefix (not compressed, length) and the message. */
function framed(message: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(5 + message.byteLength)
  frame.writeUInt32BE(message.byteLength, 1)
  frame.set(message, 5)
  return frame
}

async function run(order: LoadOrder): Promise<LoadResult> {
  // Different enough, and made in a moment.
  const different = Math.max(4, Math.ceil(6400 / order.itemsEach))
  const messages = createPayloads(order.signal, different, order.itemsEach)
  const pool = order.protocol === 'grpc' ? messages.map(framed) : messages
  const { send, close } = order.protocol === 'grpc' ? grpcSender(order) : httpSender(order)
  const requests = Math.ceil(order.items / order.itemsEach)
  let next = 0
  let refused = 0
  const worker = async () => {
    while (next < requests) {
      const body = pool[next++ % pool.length] as Uint8Array
      if (!(await send(body))) refused++
    }
  }
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: order.inFlight }, worker))
  const seconds = (performance.now() - startedAt) / 1000
  close()
  return { requests, refused, seconds }
}

process.on('message', (order: LoadOrder) => {
  void run(order).then((result) => process.send?.(result))
})
process.on('disconnect', () => process.exit())
