import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import * as grpc from '@grpc/grpc-js'
import { type Signal, signals } from '../../src/signal/signal.ts'
import { countItems } from '../../src/wire/otlp/split.ts'
import { freePort } from './free-port.ts'
import { numbersIn } from './numbered-logs.ts'
import { oracleEncode } from './wire/oracle.ts'

/**
 * - `accept`: takes the request.
 * - `unavailable`: refuses it, for now (UNAVAILABLE, 503).
 * - `refuse`: refuses it for good (INVALID_ARGUMENT, 400).
 * - `unclear`: takes it, and answers as if it had not, once for each request.
 * - `hang`: never answers.
 * - `partial`: takes it, but says that one item was rejected.
 */
export type SinkMode = 'accept' | 'unavailable' | 'refuse' | 'unclear' | 'hang' | 'partial'

export interface Received {
  readonly signal: Signal
  /** The request as protobuf, decompressed. */
  readonly bytes: Uint8Array
  readonly contentType: string
  /** `content-encoding`, or `grpc-encoding`. */
  readonly encoding: string | undefined
  readonly headers: Readonly<Record<string, unknown>>
  /** When it came, by `performance.now()`. */
  readonly atMs: number
}

/** The backend of the end-to-end tests: OTLP over gRPC and HTTP by foreign libraries, and it can be made to fail. */
export class OtlpSink {
  mode: SinkMode = 'accept'
  readonly received: Received[] = []
  /** Requests that came, taken or not. */
  requests = 0
  grpcPort = 0
  httpPort = 0
  #grpc: grpc.Server | undefined
  #http: Server | undefined
  /** Requests that got an unclear answer. */
  readonly #unclear = new Set<string>()

  static async start(): Promise<OtlpSink> {
    const sink = new OtlpSink()
    sink.grpcPort = await freePort()
    sink.httpPort = await freePort()
    await sink.listen()
    return sink
  }

  /** Listens again, on the ports it had, after `kill`. */
  async listen(): Promise<void> {
    this.#grpc = this.#createGrpc()
    this.grpcPort = await bindGrpc(this.#grpc, this.grpcPort)
    const http = createServer((request, response) => {
      void readBody(request).then((body) => this.#answerHttp(request, response, body))
    })
    this.#http = http
    await new Promise<void>((resolve) => http.listen(this.httpPort, '127.0.0.1', resolve))
    this.httpPort = (http.address() as AddressInfo).port
  }

  /** Closes everything at once, as a backend that dies. */
  async kill(): Promise<void> {
    this.#grpc?.forceShutdown()
    const http = this.#http
    if (http === undefined) return
    await new Promise<void>((resolve) => {
      http.close(() => resolve())
      http.closeAllConnections()
    })
  }

  count(signal: Signal): number {
    let total = 0
    for (const one of this.of(signal)) total += countItems(signal, one.bytes)
    return total
  }

  of(signal: Signal): Received[] {
    return this.received.filter((one) => one.signal === signal)
  }

  /** How often each numbered log arrived (test/support/numbered-logs.ts). */
  arrivals(): Map<number, number> {
    const counts = new Map<number, number>()
    for (const { bytes } of this.of('logs')) {
      for (const number of numbersIn(bytes)) counts.set(number, (counts.get(number) ?? 0) + 1)
    }
    return counts
  }

  #createGrpc(): grpc.Server {
    const server = new grpc.Server({ 'grpc.max_receive_message_length': -1 })
    for (const signal of signals) {
      const raw = (bytes: Buffer): Buffer => bytes
      const method = {
        path: grpcPaths[signal],
        requestStream: false as const,
        responseStream: false as const,
        requestSerialize: raw,
        requestDeserialize: raw,
        responseSerialize: raw,
        responseDeserialize: raw,
      }
      server.addService(
        { Export: method },
        {
          Export: (
            call: grpc.ServerUnaryCall<Buffer, Buffer>,
            answer: grpc.sendUnaryData<Buffer>,
          ) => this.#answerGrpc(signal, call, answer),
        },
      )
    }
    return server
  }

  #answerGrpc(
    signal: Signal,
    call: grpc.ServerUnaryCall<Buffer, Buffer>,
    answer: grpc.sendUnaryData<Buffer>,
  ): void {
    const headers = call.metadata.getMap()
    const encoding = headers['grpc-encoding']
    this.#take({
      signal,
      bytes: call.request,
      contentType: 'application/grpc',
      encoding: encoding === undefined ? undefined : String(encoding),
      headers,
    })
    if (this.mode === 'hang') return
    const code = grpcCodes[this.#modeFor(call.request)]
    if (code !== undefined) answer({ code, details: `the sink is ${this.mode}` })
    else answer(null, this.#responseBytes(signal))
  }

  #answerHttp(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const signal = signals.find((name) => request.url === `/v1/${name}`)
    if (signal === undefined) {
      response.writeHead(404).end()
      return
    }
    const contentType = request.headers['content-type'] ?? ''
    const encoding = request.headers['content-encoding']
    const plain = decompress(body, encoding)
    const json = contentType.startsWith('application/json')
    const bytes = json ? oracleEncode(signal, JSON.parse(plain.toString())) : plain
    this.#take({ signal, bytes, contentType, encoding, headers: request.headers })
    if (this.mode === 'hang') return
    const status = httpStatuses[this.#modeFor(bytes)] ?? 200
    if (json) {
      const body = this.mode === 'partial' ? { partialSuccess: partial(signal) } : {}
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      return
    }
    response.writeHead(status, { 'content-type': 'application/x-protobuf' })
    response.end(this.#responseBytes(signal))
  }

  /** A request that comes again after an unclear answer gets a clear one. */
  #modeFor(bytes: Uint8Array): SinkMode {
    if (this.mode !== 'unclear') return this.mode
    const digest = createHash('sha256').update(bytes).digest('hex')
    if (this.#unclear.has(digest)) return 'accept'
    this.#unclear.add(digest)
    return 'unclear'
  }

  #take(one: Omit<Received, 'atMs'>): void {
    this.requests += 1
    if (this.mode === 'accept' || this.mode === 'partial' || this.mode === 'unclear') {
      this.received.push({ ...one, atMs: performance.now() })
    }
  }

  /** Field 1 is the partial success, with the count in its field 1 and the message in 2, for all three signals. */
  #responseBytes(_signal: Signal): Buffer {
    if (this.mode !== 'partial') return Buffer.alloc(0)
    const message = Buffer.from('one is bad')
    const inner = Buffer.concat([Buffer.from([0x08, 1, 0x12, message.length]), message])
    return Buffer.concat([Buffer.from([0x0a, inner.length]), inner])
  }
}

export const grpcPaths = {
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
} as const satisfies Record<Signal, string>

const grpcCodes: Partial<Record<SinkMode, grpc.status>> = {
  unavailable: grpc.status.UNAVAILABLE,
  unclear: grpc.status.UNAVAILABLE,
  refuse: grpc.status.INVALID_ARGUMENT,
}

const httpStatuses: Partial<Record<SinkMode, number>> = {
  unavailable: 503,
  unclear: 503,
  refuse: 400,
}

const rejectedFields = {
  logs: 'rejectedLogRecords',
  metrics: 'rejectedDataPoints',
  traces: 'rejectedSpans',
} as const satisfies Record<Signal, string>

function partial(signal: Signal): object {
  return { [rejectedFields[signal]]: '1', errorMessage: 'one is bad' }
}

function bindGrpc(server: grpc.Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const credentials = grpc.ServerCredentials.createInsecure()
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => {
      if (error === null) resolve(bound)
      else reject(error)
    })
  })
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function decompress(body: Buffer, encoding: string | undefined): Buffer {
  if (encoding === 'gzip') return gunzipSync(body)
  if (encoding === 'zstd') return zstdDecompressSync(body)
  return body
}
