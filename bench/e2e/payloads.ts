import { Random } from '../../scripts/random.ts'
import type { Signal } from '../../src/signal/signal.ts'
import { fromJson } from '../../src/wire/otlp/from-json.ts'

/** Realistic requests made before the measuring starts: the load costs the sender as little as possible. */
export function createPayloads(
  signal: Signal,
  requestCount: number,
  itemsEach: number,
): Uint8Array[] {
  const random = new Random(1)
  return Array.from({ length: requestCount }, () =>
    fromJson(signal, JSON.stringify(makers[signal](random, itemsEach))),
  )
}

const makers = { logs, metrics, traces } as const
const startNs = 1_772_438_400_000_000_000n

function text(key: string, value: string): object {
  return { key, value: { stringValue: value } }
}

function resource(random: Random): object {
  return {
    attributes: [
      text('service.name', `shop-${random.integer(0, 4)}`),
      text('k8s.pod.name', `shop-7d9f8-${random.integer(0, 49)}`),
      text('deployment.environment.name', 'prod'),
    ],
  }
}

function body(random: Random): string {
  const id = random.integer(0, 999_999)
  return random.pick([
    `GET /api/v1/orders/${id}?user=u${random.integer(0, 99)} HTTP/1.1 200 "-" "Mozilla/5.0 (X11; Linux x86_64)" rt=0.0${random.integer(1, 9)}`,
    `{"level":"info","msg":"order placed","order_id":${id},"customer":"c${random.integer(0, 99)}","amount_cents":${random.integer(1, 9999)},"currency":"EUR"}`,
    `level=warn component=checkout attempt=${random.integer(1, 9)} user_id=${id} elapsed_ms=${random.integer(1, 999)} msg="retrying upstream call"`,
  ])
}

function logs(random: Random, count: number): object {
  const logRecords = Array.from({ length: count }, () => ({
    timeUnixNano: String(startNs),
    observedTimeUnixNano: String(startNs),
    severityNumber: 9,
    severityText: 'INFO',
    body: { stringValue: body(random) },
    attributes: [
      text('http.method', 'GET'),
      text('log.file.name', 'app.log'),
      text('thread', `worker-${random.integer(0, 15)}`),
    ],
  }))
  return {
    resourceLogs: [
      { resource: resource(random), scopeLogs: [{ scope: { name: 'app' }, logRecords }] },
    ],
  }
}

/** Cumulative counters, ten points a metric. */
function metrics(random: Random, count: number): object {
  const list = Array.from({ length: Math.ceil(count / 10) }, (_, index) => ({
    name: `http_requests_${index % 20}_total`,
    unit: '1',
    sum: {
      aggregationTemporality: 2,
      isMonotonic: true,
      dataPoints: Array.from({ length: Math.min(10, count - index * 10) }, () => ({
        startTimeUnixNano: String(startNs),
        timeUnixNano: String(startNs),
        asInt: String(random.integer(0, 999_999)),
        attributes: [
          text('method', 'GET'),
          text('route', '/api/v1/orders'),
          text('status', String(200 + random.integer(0, 4))),
          text('user_id', `u${random.integer(0, 999)}`),
        ],
      })),
    },
  }))
  return {
    resourceMetrics: [
      { resource: resource(random), scopeMetrics: [{ scope: { name: 'app' }, metrics: list }] },
    ],
  }
}

function traces(random: Random, count: number): object {
  const spans = Array.from({ length: count }, () => ({
    traceId: random.hex(32),
    spanId: random.hex(16),
    name: 'GET /api/v1/orders',
    kind: 2,
    startTimeUnixNano: String(startNs),
    endTimeUnixNano: String(startNs + 1_000_000n),
    attributes: [
      text('http.request.method', 'GET'),
      { key: 'http.response.status_code', value: { intValue: '200' } },
      text('url.path', `/api/v1/orders/${random.integer(0, 999_999)}`),
      text('user.id', `u${random.integer(0, 999)}`),
    ],
  }))
  return {
    resourceSpans: [
      { resource: resource(random), scopeSpans: [{ scope: { name: 'app' }, spans }] },
    ],
  }
}
