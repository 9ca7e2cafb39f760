import { readFileSync } from 'node:fs'
import * as grpc from '@grpc/grpc-js'
import * as v from 'valibot'
import { type Clock, systemClock } from '../../src/component/clock.ts'
import type { Outputs } from '../../src/component/define.ts'
import { OtlpReceiver } from '../../src/receivers/otlp/receiver.ts'
import { config } from '../../src/receivers/otlp/schema.ts'
import type { Signal } from '../../src/signal/signal.ts'
import { grpcPaths } from './otlp-sink.ts'
import { RecordingIntake } from './recording-intake.ts'
import { testSettings } from './settings.ts'

export interface ReceiverOptions {
  readonly grpc?: Readonly<Record<string, unknown>> | null
  readonly http?: Readonly<Record<string, unknown>> | null
  readonly maxBytesInFlight?: string
  /** Signals that have a pipeline. */
  readonly signals?: readonly Signal[]
  readonly intake?: RecordingIntake
  readonly clock?: Clock
}

/** An `otlp` receiver on ports of its own, feeding a recording intake. `await using` stops it. */
export async function startReceiver(options: ReceiverOptions = {}) {
  const intake = options.intake ?? new RecordingIntake()
  const { grpc: grpcOptions, http: httpOptions, maxBytesInFlight } = options
  const listener = { endpoint: '127.0.0.1:0' }
  const parsed = v.parse(config, {
    protocols: {
      ...(grpcOptions === null ? {} : { grpc: { ...listener, ...grpcOptions } }),
      ...(httpOptions === null ? {} : { http: { ...listener, ...httpOptions } }),
    },
    ...(maxBytesInFlight === undefined ? {} : { max_bytes_in_flight: maxBytesInFlight }),
  })
  const settings = testSettings(parsed, { id: 'otlp', clock: options.clock ?? systemClock })
  const signals = options.signals ?? ['logs', 'metrics', 'traces']
  const outputs = Object.fromEntries(signals.map((signal) => [signal, intake])) as Outputs
  const receiver = new OtlpReceiver(settings, outputs)
  await receiver.start()
  const { grpc: grpcPort = 0, http: httpPort = 0 } = receiver.ports
  return {
    receiver,
    intake,
    settings,
    grpcPort,
    httpPort,
    /** Requests rejected at the door, by reason. */
    rejected: (transport: 'grpc' | 'http', reason: string): number =>
      settings.meter.value('remora_receiver_rejected_requests', { transport, reason }),
    bytesInFlight: (): number => settings.meter.value('remora_receiver_bytes_in_flight'),
    async [Symbol.asyncDispose]() {
      await receiver.stop(AbortSignal.abort())
    },
  }
}

export interface CallOptions {
  readonly signal?: Signal
  readonly path?: string
  readonly timeoutMs?: number
  readonly compression?: 'gzip'
  readonly headers?: Readonly<Record<string, string>>
}

/** Calls by grpc-js. `using` closes it. */
export class ForeignClient {
  readonly #client: grpc.Client

  constructor(target: string, credentials = grpc.credentials.createInsecure()) {
    this.#client = new grpc.Client(target, credentials, {
      'grpc.max_send_message_length': -1,
      'grpc.enable_retries': 0,
    })
  }

  /** Never rejects: `code` is 0 for an answer. */
  export(bytes: Uint8Array, options: CallOptions = {}): Promise<CallResult> {
    const metadata = new grpc.Metadata()
    for (const [name, value] of Object.entries(options.headers ?? {})) metadata.set(name, value)
    if (options.compression !== undefined) {
      metadata.set('grpc-internal-encoding-request', options.compression)
    }
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(
        options.path ?? grpcPaths[options.signal ?? 'logs'],
        (message: Uint8Array) => Buffer.from(message),
        (message: Buffer) => message,
        bytes,
        metadata,
        { deadline: Date.now() + (options.timeoutMs ?? 10_000) },
        (error, answer) => {
          if (error === null) resolve({ code: 0, message: '', answer: answer ?? Buffer.alloc(0) })
          else {
            const details = error.metadata?.get('grpc-status-details-bin')[0]
            resolve({ code: error.code, message: error.details, details: details as Buffer })
          }
        },
      )
    })
  }

  [Symbol.dispose](): void {
    this.#client.close()
  }
}

export interface CallResult {
  readonly code: number
  readonly message: string
  readonly answer?: Buffer
  readonly details?: Buffer | undefined
}

export const tlsFixture = (name: string): string =>
  new URL(`../../fixtures/tls/${name}`, import.meta.url).pathname

export const readTlsFixture = (name: string): Buffer => readFileSync(tlsFixture(name))
