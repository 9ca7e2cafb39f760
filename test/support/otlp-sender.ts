import * as grpc from '@grpc/grpc-js'
import type { Signal } from '../../src/signal/signal.ts'
import { grpcPaths } from './otlp-sink.ts'

/** Sends requests over gRPC by a foreign library. `close` it at the end. */
export class GrpcSender {
  readonly #client: grpc.Client

  constructor(port: number) {
    this.#client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure())
  }

  /** The answer; rejects with a grpc.ServiceError. */
  send(signal: Signal, bytes: Uint8Array, timeoutMs = 5000): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        grpcPaths[signal],
        (message: Uint8Array) => Buffer.from(message),
        (message: Buffer) => message,
        bytes,
        { deadline: Date.now() + timeoutMs },
        (error, answer) => {
          if (error === null) resolve(answer ?? new Uint8Array())
          else reject(error)
        },
      )
    })
  }

  close(): void {
    this.#client.close()
  }
}

/** One request over HTTP; a body that is not bytes is sent as JSON. */
export async function sendHttp(
  port: number,
  signal: Signal,
  body: Uint8Array | object,
): Promise<Response> {
  const json = !(body instanceof Uint8Array)
  return await fetch(`http://127.0.0.1:${port}/v1/${signal}`, {
    method: 'POST',
    headers: { 'content-type': json ? 'application/json' : 'application/x-protobuf' },
    body: json ? JSON.stringify(body) : new Uint8Array(body),
  })
}
