import * as v from 'valibot'
import {
  defineExporter,
  defineExtension,
  defineProcessor,
  defineReceiver,
} from '../../src/component/define.ts'
import { createRegistry } from '../../src/component/registry.ts'
import {
  byteSize,
  duration,
  headers,
  integer,
  listenAddress,
  type ScalarMetadata,
  secret,
  text,
} from '../../src/component/schema.ts'

/** Components that do nothing, with one option of every form: for tests of the configuration, the CLI and the docs. */
const nothing = {
  start: () => Promise.resolve(),
  stop: () => Promise.resolve(),
  consume: () => Promise.resolve(),
}

const described = <S extends v.GenericSchema>(schema: S, description: string) =>
  v.pipe(schema, v.description(description))

const urlMessage = 'must be a URL'
const url = v.pipe(
  v.string(urlMessage),
  v.metadata({ scalar: 'endpoint' } satisfies ScalarMetadata),
  v.url(urlMessage),
)

const serverSchema = v.pipe(
  v.strictObject({
    endpoint: v.optional(described(listenAddress(), 'Where to listen.'), 'localhost:4317'),
    max_size: v.optional(described(byteSize(), 'The largest request.'), '4MiB'),
  }),
  v.metadata({ unsupported: ['read_buffer_size'] }),
)

export const toyReceiver = defineReceiver({
  type: 'otlp',
  summary: 'Takes OTLP.',
  stability: { logs: 'stable', metrics: 'stable', traces: 'stable' },
  config: v.strictObject({
    protocols: described(
      v.strictObject({
        grpc: v.optional(described(serverSchema, 'OTLP over gRPC.')),
        http: v.optional(described(serverSchema, 'OTLP over HTTP.')),
      }),
      'What is served.',
    ),
  }),
  metrics: {},
  examples: [{ title: 'Both', config: { protocols: { grpc: {}, http: {} } } }],
  create: () => nothing,
})

export const toyTail = defineReceiver({
  type: 'file_log',
  aliases: ['filelog'],
  summary: 'Reads files.',
  stability: { logs: 'beta' },
  config: v.strictObject({
    include: described(v.pipe(v.array(v.string()), v.nonEmpty()), 'Globs.'),
    attributes: v.optional(described(v.record(v.string(), text()), 'Added to each.'), {}),
    operators: v.optional(
      described(
        v.array(
          v.variant('type', [
            v.strictObject({ type: v.literal('json_parser'), parse_from: v.optional(v.string()) }),
            v.strictObject({ type: v.literal('regex_parser'), regex: v.string() }),
          ]),
        ),
        'What happens to each entry.',
      ),
      [],
    ),
    storage: v.optional(described(v.string(), 'The storage extension.')),
  }),
  metrics: {},
  examples: [],
  create: () => nothing,
})

export const toyBatch = defineProcessor({
  type: 'batch',
  summary: 'Joins small batches.',
  stability: { logs: 'stable', metrics: 'stable', traces: 'stable' },
  config: v.strictObject({
    timeout: v.optional(described(duration(), 'Send after this long.'), '200ms'),
    send_batch_size: v.optional(described(integer(1), 'Send as soon as this many.'), 8192),
  }),
  metrics: { otelcol_processor_batch_timeout_sends: 'Batches sent because of the timeout.' },
  examples: [],
  create: () => nothing,
})

export const toyOtlp = defineExporter({
  type: 'otlp_http',
  aliases: ['otlphttp'],
  summary: 'Sends OTLP.',
  stability: { logs: 'stable', traces: 'stable' },
  config: v.strictObject({
    endpoint: described(url, 'Where to send.'),
    headers: v.optional(described(headers(), 'Sent with each request.'), {}),
    token: v.optional(described(secret(), 'The bearer token.')),
    compression: v.optional(described(v.picklist(['gzip', 'none', 'zstd']), 'How.'), 'gzip'),
    insecure: v.optional(described(v.boolean(), 'Without TLS.'), false),
    sending_queue: v.optional(
      described(
        v.strictObject({
          queue_size: v.optional(described(integer(1), 'Batches held.'), 1000),
          storage: v.optional(described(v.string(), 'The storage extension.')),
        }),
        'What waits.',
      ),
    ),
  }),
  metrics: {},
  examples: [
    {
      title: 'With a token',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the configuration's own references
      config: { endpoint: 'https://backend:4318', token: '${env:TOKEN}' },
    },
  ],
  create: () => nothing,
})

export const toyDebug = defineExporter({
  type: 'debug',
  summary: 'Prints.',
  stability: { logs: 'stable', metrics: 'stable', traces: 'stable' },
  config: v.strictObject({
    verbosity: v.optional(
      described(v.picklist(['basic', 'normal', 'detailed']), 'How much.'),
      'basic',
    ),
  }),
  metrics: {},
  examples: [],
  create: () => nothing,
})

export const toyStorage = defineExtension({
  type: 'file_storage',
  summary: 'Keeps offsets.',
  stability: 'beta',
  providesStorage: true,
  config: v.strictObject({ directory: described(v.string(), 'Where.') }),
  metrics: {},
  examples: [],
  create: () => nothing,
})

export const toyRegistry = createRegistry([
  toyReceiver,
  toyTail,
  toyBatch,
  toyOtlp,
  toyDebug,
  toyStorage,
])
