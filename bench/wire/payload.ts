import type { OtlpSignal } from '../../src/wire/otlp/signal.ts'
import { Writer } from '../../src/wire/writer.ts'

/** Seeded requests of the shapes that the end-to-end load generator sends; `rich` has spans of 460 bytes each. */
export type Shape = OtlpSignal | 'rich'

export function samplePayload(shape: Shape, items: number): Uint8Array {
  const random = seeded(1)
  const writer = new Writer(65536)
  writer.tag(10)
  const resource = writer.fork(3)
  writeResource(writer, random)
  writer.tag(18)
  const scope = writer.fork(3)
  writer.tag(10)
  const scopeName = writer.fork()
  writeString(writer, 10, 'app')
  writer.join(scopeName)
  if (shape === 'metrics') writeMetrics(writer, items, random)
  else {
    for (let index = 0; index < items; index++) {
      writer.tag(18)
      const item = writer.fork(2)
      if (shape === 'logs') writeLog(writer, random)
      else writeSpan(writer, random, shape === 'rich')
      writer.join(item)
    }
  }
  writer.join(scope)
  writer.join(resource)
  return writer.finish()
}

type Random = (below: number) => number

/** A linear congruential generator is enough for sample data. */
function seeded(seed: number): Random {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function writeString(writer: Writer, tag: number, text: string): void {
  writer.tag(tag)
  writer.string(text)
}

function writeAttribute(writer: Writer, tag: number, key: string, value: string | number): void {
  writer.tag(tag)
  const pair = writer.fork()
  writeString(writer, 10, key)
  writer.tag(18)
  const any = writer.fork()
  if (typeof value === 'string') writeString(writer, 10, value)
  else {
    writer.tag(24)
    writer.varint32(value)
  }
  writer.join(any)
  writer.join(pair)
}

function writeResource(writer: Writer, random: Random): void {
  writer.tag(10)
  const mark = writer.fork()
  writeAttribute(writer, 10, 'service.name', `shop-${random(5)}`)
  writeAttribute(writer, 10, 'k8s.pod.name', `shop-7d9f8-${random(50)}`)
  writeAttribute(writer, 10, 'deployment.environment.name', 'prod')
  writer.join(mark)
}

const start = 1_700_000_000_000_000_000n

function writeTime(writer: Writer, tag: number, nanos: bigint): void {
  writer.tag(tag)
  writer.fixed64(nanos)
}

const bodies = [
  (r: Random) =>
    `GET /api/v1/orders/${r(1e6)}?user=u${r(100)} HTTP/1.1 200 ${r(256)} "-" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36" rt=0.0${r(10)}`,
  (r: Random) =>
    `{"level":"info","msg":"order placed","order_id":${r(1e6)},"customer":"c${r(100)}","amount_cents":${r(256)},"currency":"EUR","items":${r(10)}}`,
  (r: Random) =>
    `level=warn component=checkout attempt=${r(10)} user_id=${r(100)} elapsed_ms=${r(256)} msg="retrying upstream call" upstream=payments-${r(10)}`,
]

function writeLog(writer: Writer, random: Random): void {
  writeTime(writer, 9, start)
  writer.tag(16)
  writer.varint32(9)
  writeString(writer, 26, 'INFO')
  writer.tag(42)
  const body = writer.fork(2)
  writeString(writer, 10, bodies[random(3)]?.(random) ?? '')
  writer.join(body)
  writeAttribute(writer, 50, 'http.method', 'GET')
  writeAttribute(writer, 50, 'log.file.name', 'app.log')
  writeAttribute(writer, 50, 'thread', `worker-${random(16)}`)
  writeTime(writer, 89, start)
}

function writeSpan(writer: Writer, random: Random, rich: boolean): void {
  const id = Uint8Array.from({ length: 16 }, () => random(256))
  writer.tag(10)
  writer.bytes(id)
  writer.tag(18)
  writer.bytes(id.subarray(0, 8))
  writeString(writer, 42, 'GET /api/v1/orders')
  writer.tag(48)
  writer.varint32(2)
  writeTime(writer, 57, start)
  writeTime(writer, 65, start + 1_000_000n)
  writeAttribute(writer, 74, 'http.request.method', 'GET')
  writeAttribute(writer, 74, 'http.response.status_code', 200)
  writeAttribute(writer, 74, 'url.path', `/api/v1/orders/${random(1e6)}`)
  writeAttribute(writer, 74, 'user.id', `u${random(1000)}`)
  if (rich) {
    writeAttribute(writer, 74, 'server.address', 'orders.shop.internal')
    writeAttribute(writer, 74, 'server.port', 8443)
    writeAttribute(writer, 74, 'network.peer.address', '10.12.33.141')
    writeAttribute(writer, 74, 'user_agent.original', 'Mozilla/5.0 (X11; Linux x86_64)')
    writer.tag(90)
    const event = writer.fork()
    writeTime(writer, 9, start)
    writeString(writer, 18, 'cache.miss')
    writeAttribute(writer, 26, 'cache.key', `order:${random(1e6)}`)
    writer.join(event)
  }
  writer.tag(122)
  writer.bytes(new Uint8Array(0))
}

function writeMetrics(writer: Writer, items: number, random: Random): void {
  for (let index = 0; index < items; index += 10) {
    writer.tag(18)
    const metric = writer.fork(2)
    writeString(writer, 10, `http_requests_${(index / 10) % 20}_total`)
    writeString(writer, 26, '1')
    writer.tag(58)
    const sum = writer.fork(2)
    for (let point = 0; point < 10; point++) {
      writer.tag(10)
      const mark = writer.fork()
      writeTime(writer, 17, start)
      writeTime(writer, 25, start)
      writeTime(writer, 49, BigInt(random(1e6)))
      writeAttribute(writer, 58, 'method', 'GET')
      writeAttribute(writer, 58, 'route', '/api/v1/orders')
      writeAttribute(writer, 58, 'status', String(200 + random(5)))
      writeAttribute(writer, 58, 'user_id', `u${random(1000)}`)
      writer.join(mark)
    }
    writer.tag(16)
    writer.varint32(2)
    writer.tag(24)
    writer.varint32(1)
    writer.join(sum)
    writer.join(metric)
  }
}
