import { DeliveryError } from '../../errors/delivery-error.ts'
import type { ContentEncoding } from '../../net/decompress.ts'
import type { Exchange } from '../../net/http/exchange.ts'
import type { Signal } from '../../signal/signal.ts'
import { encodeRpcStatus, rpcStatusToJson } from '../../wire/rpc-status.ts'
import { type Answer, answerOf } from './answer.ts'
import type { Cors } from './cors.ts'
import { type ExportIntake, type Metadata, metadataOf } from './export-intake.ts'
import { missingPipeline } from './grpc-handlers.ts'
import { JsonBodies } from './json-bodies.ts'
import type { Rejections } from './rejections.ts'

type MediaType = 'application/x-protobuf' | 'application/json'

/** The receiver's part of an HTTP answer that is an error. */
interface Refusal {
  readonly status: number
  readonly answer: Answer
  /** Names and values in turn. */
  readonly headers?: readonly string[]
}

export interface RouteSettings {
  /** Path → signal; the intake is absent where no pipeline takes it. */
  readonly routes: ReadonlyMap<string, { signal: Signal; intake: ExportIntake | undefined }>
  /** Content-encodings accepted; the empty one is identity. */
  readonly encodings: ReadonlySet<string>
  readonly includeMetadata: boolean
  /** Names and values in turn, for every answer. */
  readonly responseHeaders: readonly string[]
  readonly cors: Cors | undefined
  readonly rejections: Rejections
}

/** Answers OTLP/HTTP requests (OTLP specification, "OTLP/HTTP"). */
export class HttpRoutes {
  readonly #settings: RouteSettings
  readonly #json = new JsonBodies()
  readonly #protobufOk: readonly string[]
  readonly #jsonOk: readonly string[]

  constructor(settings: RouteSettings) {
    this.#settings = settings
    const { responseHeaders } = settings
    const protobuf = ['content-type', 'application/x-protobuf', 'content-length', '0']
    this.#protobufOk = [...protobuf, ...responseHeaders]
    const json = ['content-type', 'application/json', 'content-length', '2']
    this.#jsonOk = [...json, ...responseHeaders]
  }

  async handle(exchange: Exchange): Promise<void> {
    const { method } = exchange.head
    const route = this.#settings.routes.get(exchange.head.path)
    if (method === 'OPTIONS' && this.#settings.cors !== undefined) {
      this.#preflight(exchange, this.#settings.cors)
    } else if (route === undefined) {
      const known = [...this.#settings.routes.keys()].join(', ')
      this.#refuse(exchange, refusal(404, 'unsupported', `nothing here; the paths are ${known}`))
    } else if (method !== 'POST') {
      const headers = ['allow', this.#settings.cors === undefined ? 'POST' : 'POST, OPTIONS']
      this.#refuse(exchange, {
        ...refusal(405, 'unsupported', 'the method must be POST'),
        headers,
      })
    } else if (route.intake === undefined) {
      this.#refuse(exchange, refusal(404, 'unsupported', missingPipeline(route.signal)))
    } else {
      await this.#export(exchange, route.intake)
    }
  }

  /** The pipeline did not answer in time. */
  timeout(exchange: Exchange): void {
    const error = new DeliveryError('timeout', 'the pipeline did not take the data in time')
    const answer = answerOf(error)
    this.#answerError(exchange, { status: answer.httpStatus, answer })
  }

  #preflight(exchange: Exchange, cors: Cors): void {
    const answer = cors.preflightHeaders(
      exchange.header('origin'),
      exchange.header('access-control-request-method'),
      exchange.header('access-control-request-headers'),
    )
    exchange.respond(204, [...answer, ...this.#settings.responseHeaders], '')
  }

  async #export(exchange: Exchange, intake: ExportIntake): Promise<void> {
    const mediaType = mediaTypeOf(exchange.header('content-type'))
    if (mediaType === undefined) {
      const message = 'the content-type must be application/x-protobuf or application/json'
      this.#refuse(exchange, refusal(415, 'unsupported', message))
      return
    }
    const name = codingOf(exchange.listHeader('content-encoding'))
    if (!this.#settings.encodings.has(name)) {
      this.#refuse(exchange, this.#unknownEncoding())
      return
    }
    try {
      const body = await exchange.readBody(name === '' ? undefined : (name as ContentEncoding))
      const bytes =
        mediaType === 'application/json'
          ? await this.#json.convert(intake.signal, body, exchange)
          : body
      await intake.take(bytes, this.#metadataOf(exchange))
    } catch (thrown) {
      if (!(thrown instanceof DeliveryError)) throw thrown
      if (atTheDoor.has(thrown.code)) this.#settings.rejections.add(thrown.code, thrown.message)
      const answer = answerOf(thrown)
      this.#answerError(exchange, { status: answer.httpStatus, answer })
      return
    }
    const json = mediaType === 'application/json'
    exchange.respond(
      200,
      this.#withCors(exchange, json ? this.#jsonOk : this.#protobufOk),
      json ? '{}' : '',
    )
  }

  #unknownEncoding(): Refusal {
    const accepted = [...this.#settings.encodings].map((name) => (name === '' ? 'identity' : name))
    const list = accepted.join(', ')
    return {
      ...refusal(415, 'unsupported', `the content-encoding must be one of ${list}`),
      headers: ['accept-encoding', list],
    }
  }

  #metadataOf(exchange: Exchange): Metadata | undefined {
    return this.#settings.includeMetadata ? metadataOf(exchange.head.fields) : undefined
  }

  /** A request that is refused before its body is looked at. */
  #refuse(exchange: Exchange, refused: Refusal): void {
    this.#settings.rejections.add('unsupported', refused.answer.message)
    this.#answerError(exchange, refused)
  }

  #answerError(exchange: Exchange, refused: Refusal): void {
    const { grpcStatus: code, message, retryDelayMs } = refused.answer
    const status = retryDelayMs === undefined ? { code, message } : { code, message, retryDelayMs }
    // The body is a google.rpc.Status in the type of the request; where that is neither, JSON is at least readable.
    const mediaType = mediaTypeOf(exchange.header('content-type')) ?? 'application/json'
    const body =
      mediaType === 'application/json' ? rpcStatusToJson(status) : encodeRpcStatus(status)
    const headers = [
      'content-type',
      mediaType,
      'content-length',
      String(Buffer.byteLength(body)),
      ...(refused.headers ?? []),
      ...this.#settings.responseHeaders,
    ]
    if (retryDelayMs !== undefined) {
      headers.push('retry-after', String(Math.max(1, Math.ceil(retryDelayMs / 1000))))
    }
    exchange.respond(refused.status, this.#withCors(exchange, headers), body)
  }

  #withCors(exchange: Exchange, headers: readonly string[]): readonly string[] {
    const { cors } = this.#settings
    if (cors === undefined) return headers
    return [...headers, ...cors.responseHeaders(exchange.header('origin'))]
  }
}

/** Reasons that end a request before it became items; the intake counts the others. */
const atTheDoor: ReadonlySet<string> = new Set([
  'invalid_data',
  'too_large',
  'receiver_busy',
  'slow_sender',
  'abandoned',
])

function refusal(status: number, code: 'unsupported', message: string): Refusal {
  return { status, answer: answerOf(new DeliveryError(code, message)) }
}

function mediaTypeOf(contentType: string | undefined): MediaType | undefined {
  // Fast path: as SDKs write it.
  if (contentType === 'application/x-protobuf' || contentType === 'application/json') {
    return contentType
  }
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase()
  return type === 'application/x-protobuf' || type === 'application/json' ? type : undefined
}

/**
 * The one coding of a body; '' for none. RFC 9110 (section 8.4) allows several, to be undone in turn. OTLP knows one, and each
 * more would multiply what a bomb becomes: several come out as the list they are, which is no coding that anybody accepts.
 */
function codingOf(contentEncoding: string | undefined): string {
  // Fast path: as SDKs write it.
  if (contentEncoding === undefined || contentEncoding === 'gzip') return contentEncoding ?? ''
  const codings = contentEncoding.split(',').map((coding) => coding.trim().toLowerCase())
  return codings.filter((coding) => coding !== '' && coding !== 'identity').join(', ')
}
