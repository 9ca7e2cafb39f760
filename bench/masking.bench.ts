/**
 * Masking alone, on requests of 100 log records of which ten carry personal data: µs a request, prefilter and all.
 *
 *     node bench/masking.bench.ts
 */
import { bench, run, summary } from 'mitata'
import * as v from 'valibot'
import { Random } from '../scripts/random.ts'
import { compileMasking } from '../src/masking/compile.ts'
import { maskSchema } from '../src/masking/schema.ts'
import { Redactor } from '../src/processors/redaction/redactor.ts'
import { Rules } from '../src/processors/redaction/rules.ts'
import { redactionSchema } from '../src/processors/redaction/schema.ts'
import { fromJson } from '../src/wire/otlp/from-json.ts'

const random = new Random(1)

const clean: readonly (() => string)[] = [
  () =>
    `GET /api/v1/orders/${random.digits(6)}?user=u${random.digits(2)} HTTP/1.1 200 "-" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36" rt=0.0${random.digits(1)}`,
  () =>
    `{"level":"info","msg":"order placed","order_id":${random.digits(6)},"customer":"c${random.digits(2)}","amount_cents":${random.digits(3)},"currency":"EUR"}`,
  () =>
    `level=warn component=checkout attempt=${random.digits(6)} user_id=${random.digits(2)} elapsed_ms=${random.digits(3)} msg="retrying upstream call"`,
]
const personal = () =>
  `payment failed for card 4111 1111 1111 1111 owner jane.doe${random.digits(4)}@example.com phone +1 202-555-01${random.digits(2)} from 203.0.113.${random.integer(1, 254)}`

function request(): Uint8Array {
  const logRecords = Array.from({ length: 100 }, (_, at) => ({
    timeUnixNano: `17724384${random.digits(11)}`,
    observedTimeUnixNano: `17724384${random.digits(11)}`,
    severityNumber: 9,
    severityText: 'INFO',
    body: { stringValue: at % 10 === 3 ? personal() : random.pick(clean)() },
    attributes: [
      { key: 'http.method', value: { stringValue: 'GET' } },
      { key: 'log.file.name', value: { stringValue: 'app.log' } },
      { key: 'thread', value: { stringValue: `worker-${random.integer(0, 15)}` } },
    ],
  }))
  const attributes = [{ key: 'service.name', value: { stringValue: 'shop' } }]
  const document = {
    resourceLogs: [
      { resource: { attributes }, scopeLogs: [{ scope: { name: 'app' }, logRecords }] },
    ],
  }
  return fromJson('logs', JSON.stringify(document))
}

const requests = Array.from({ length: 64 }, request)
let next = 0

function masking(name: string, config: object): void {
  const { masker, prefilter } = compileMasking(v.parse(maskSchema, config))
  bench(`${name}: prefilter`, () => prefilter.hits(requests[next++ % 64] as Uint8Array))
  bench(name, () => masker.mask('logs', requests[next++ % 64] as Uint8Array))
}

const blocked_values = [
  '[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+',
  '\\b(?:\\d[ -]?){13,19}\\b',
  '\\b\\+?\\d{1,2} ?\\(?\\d{3}\\)?[ .-]\\d{3}[ .-]\\d{4}\\b',
  '\\b\\d{3}-\\d{2}-\\d{4}\\b',
  '\\b(?:\\d{1,3}\\.){3}\\d{1,3}\\b',
]

summary(() => {
  masking('five detectors', {
    detectors: ['email', 'credit_card', 'phone', 'us_ssn', 'ip_address'],
  })
  masking('all detectors', { detectors: 'all' })
  const config = v.parse(redactionSchema, { allow_all_keys: true, blocked_values })
  const redactor = new Redactor('logs', new Rules(config), 'silent')
  bench('redaction with five patterns', () => redactor.redact(requests[next++ % 64] as Uint8Array))
})

await run()
