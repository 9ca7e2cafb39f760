import * as v from 'valibot'
import { type Fault, rule, rules } from '../../component/rule.ts'
import {
  byteSize,
  duration,
  headers,
  integer,
  type ObjectMetadata,
  type ScalarMetadata,
  sectionSwitch,
  wrongAddress,
} from '../../component/schema.ts'
import { httpAnswerHeader } from '../../net/header-rules.ts'
import { parseAddress } from '../../net/listen.ts'
import { tlsServer } from '../../net/schema.ts'

const endpointMessage = 'must be "host:port", "unix:///path", or a path with `transport: unix`'

function listener(endpoint: string) {
  return {
    endpoint: v.optional(
      v.pipe(
        v.string(endpointMessage),
        v.metadata({ scalar: 'endpoint' } satisfies ScalarMetadata),
        v.description(
          'Where to listen: `host:port`, `:port` for all addresses, or `unix:///path`.',
        ),
      ),
      endpoint,
    ),
    transport: v.optional(
      v.pipe(
        v.picklist(['tcp', 'tcp4', 'tcp6', 'unix'], 'must be "tcp", "tcp4", "tcp6" or "unix"'),
        v.description('What the endpoint is; one that starts with `unix:` says so itself.'),
      ),
      'tcp',
    ),
    tls: v.optional(v.pipe(tlsServer, v.description('Present: clients must use TLS.'))),
    include_metadata: v.optional(
      v.pipe(v.boolean(), v.description('Hand the request headers on to the pipeline.')),
      false,
    ),
    max_connections: v.optional(
      v.pipe(integer(1), v.description('More connections than this are closed at once.')),
      1000,
    ),
  }
}

function addressFaults(c: { readonly endpoint: string; readonly transport: string }): Fault[] {
  if (parseAddress(c.endpoint, c.transport) !== undefined) return []
  return [{ message: wrongAddress(c.endpoint, endpointMessage), at: ['endpoint'] }]
}

const serverParameters = v.strictObject({
  max_connection_idle: v.optional(
    v.pipe(duration(), v.description('Close a connection without calls after this; 0 never.')),
    0,
  ),
  max_connection_age: v.optional(
    v.pipe(
      duration(),
      v.description('Ask a client to reconnect after this, so that load spreads; 0 never.'),
    ),
    0,
  ),
  max_connection_age_grace: v.optional(
    v.pipe(duration(), v.description('How long its calls may take to end then; 0 for any time.')),
    0,
  ),
  time: v.optional(
    v.pipe(duration(), v.description('Ping a client that is silent for this long; 0 means 2h.')),
    '2h',
  ),
  timeout: v.optional(
    v.pipe(
      duration(),
      v.description('Close the connection without an answer after this; 0 means 20s.'),
    ),
    '20s',
  ),
})

const enforcementPolicy = v.strictObject({
  min_time: v.optional(
    v.pipe(duration(), v.description('Clients that ping more often are sent away; 0 means 5m.')),
    '5m',
  ),
  permit_without_stream: v.optional(
    v.pipe(v.boolean(), v.description('Clients may ping while they have no call open.')),
    false,
  ),
})

const keepalive = v.strictObject({
  server_parameters: v.optional(
    v.pipe(serverParameters, v.description('The life of connections.')),
    {},
  ),
  enforcement_policy: v.optional(
    v.pipe(enforcementPolicy, v.description('What clients may do.')),
    {},
  ),
})

const grpc = v.pipe(
  v.strictObject({
    ...sectionSwitch,
    ...listener('localhost:4317'),
    max_recv_msg_size_mib: v.optional(
      v.pipe(
        integer(0, 2047),
        v.description('The largest message, before and after decompression; 0 means 4.'),
      ),
      4,
    ),
    max_concurrent_streams: v.optional(
      v.pipe(integer(0, 100_000), v.description('Calls open in one connection; 0 means 100.')),
      0,
    ),
    read_buffer_size: v.optional(
      v.pipe(
        byteSize(),
        v.description("Accepted for the collector's files; buffers fit by themselves."),
      ),
    ),
    write_buffer_size: v.optional(
      v.pipe(
        byteSize(),
        v.description("Accepted for the collector's files; buffers fit by themselves."),
      ),
    ),
    keepalive: v.optional(
      v.pipe(keepalive, v.description('Pings and the age of connections.')),
      {},
    ),
    read_timeout: v.optional(
      v.pipe(
        duration(),
        v.description('A message must have arrived after this; 0 waits for ever.'),
      ),
      '1m',
    ),
  }),
  v.metadata({ unsupported: ['auth', 'middlewares', 'dialer'] } satisfies ObjectMetadata),
  rules(['endpoint', 'transport'], (c) => addressFaults(c)),
)

const cors = v.strictObject({
  ...sectionSwitch,
  allowed_origins: v.optional(
    v.pipe(
      v.array(v.string()),
      v.description('Origins of web pages that may send; `*` stands for any run of characters.'),
    ),
    [],
  ),
  allowed_headers: v.optional(
    v.pipe(
      v.array(v.string()),
      v.description('Headers they may use besides the usual ones; `*` for all.'),
    ),
    [],
  ),
  exposed_headers: v.optional(
    v.pipe(v.array(v.string()), v.description('Headers of the answer that they may read.')),
    [],
  ),
  max_age: v.optional(
    v.pipe(integer(0), v.description('Seconds for which browsers may keep the permission.')),
    0,
  ),
})

const algorithms = ['', 'gzip', 'zstd', 'zlib', 'deflate'] as const

/** A path, with or without the slash before it: what net/url of Go takes for the path of a URL, and nothing else. */
const urlPath = /^(?:\/|(?![^/]*:))[^?#\s]*$/

const path = (signal: string, fallback: string) =>
  v.optional(
    v.pipe(
      v.string(),
      v.regex(urlPath, 'must be the path of a URL, such as "/otlp/logs"'),
      v.transform((written) => (written.startsWith('/') ? written : `/${written}`)),
      v.description(`The URL path for ${signal}.`),
    ),
    fallback,
  )

const http = v.pipe(
  v.strictObject({
    ...sectionSwitch,
    ...listener('localhost:4318'),
    cors: v.optional(v.pipe(cors, v.description('What web pages may do.'))),
    max_request_body_size: v.optional(
      v.pipe(
        byteSize(),
        v.description('The largest body, before and after decompression; 0 means 20MiB.'),
      ),
      '20MiB',
    ),
    compression_algorithms: v.optional(
      v.pipe(
        v.array(v.picklist(algorithms, 'must be one of "", "gzip", "zstd", "zlib", "deflate"')),
        v.description('The content-encodings accepted; "" is none.'),
      ),
      [...algorithms],
    ),
    response_headers: v.optional(
      v.pipe(headers(httpAnswerHeader), v.description('Headers added to every answer.')),
      {},
    ),
    read_timeout: v.optional(
      v.pipe(
        duration(),
        v.description('A request must have arrived after this; 0 waits for ever.'),
      ),
      '1m',
    ),
    read_header_timeout: v.optional(
      v.pipe(
        duration(),
        v.description('Its headers must have arrived after this; 0 waits for ever.'),
      ),
      '1m',
    ),
    write_timeout: v.optional(
      v.pipe(
        duration(),
        v.description('A request is answered with 503 when the pipeline took longer; 0 never.'),
      ),
      '30s',
    ),
    idle_timeout: v.optional(
      v.pipe(duration(), v.description('Close a connection without requests after this; 0 never.')),
      '1m',
    ),
    keep_alives_enabled: v.optional(
      v.pipe(v.boolean(), v.description('Clients may send several requests in one connection.')),
      true,
    ),
    traces_url_path: path('traces', '/v1/traces'),
    metrics_url_path: path('metrics', '/v1/metrics'),
    logs_url_path: path('logs', '/v1/logs'),
  }),
  v.metadata({
    unsupported: ['auth', 'middlewares', 'profiles_url_path'],
  } satisfies ObjectMetadata),
  rules(['endpoint', 'transport'], (c) => addressFaults(c)),
  rule(
    ['traces_url_path', 'metrics_url_path', 'logs_url_path'],
    (c) => new Set([c.traces_url_path, c.metrics_url_path, c.logs_url_path]).size === 3,
    'traces_url_path, metrics_url_path and logs_url_path must differ',
  ),
)

const protocols = v.pipe(
  v.strictObject({
    grpc: v.optional(v.pipe(grpc, v.description('OTLP over gRPC.'))),
    http: v.optional(v.pipe(http, v.description('OTLP over HTTP/1.1, protobuf and JSON.'))),
  }),
  rule(['grpc', 'http'], (c) => c.grpc !== undefined || c.http !== undefined, 'needs grpc or http'),
)

export const config = v.strictObject({
  protocols: v.pipe(protocols, v.description('What to listen for: grpc, http or both.')),
  max_bytes_in_flight: v.optional(
    v.pipe(
      byteSize(),
      v.description(
        'Requests being received or waiting for their answer may hold this much together; more are refused and come again. 64MiB unless given, or a quarter of the memory limit of the container or of the JavaScript heap if that is less, but always room for one request.',
      ),
    ),
  ),
})

export type OtlpConfig = v.InferOutput<typeof config>
export type GrpcConfig = v.InferOutput<typeof grpc>
export type HttpConfig = v.InferOutput<typeof http>
export type CorsConfig = v.InferOutput<typeof cors>
