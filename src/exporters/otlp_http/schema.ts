import * as v from 'valibot'
import { rule } from '../../component/rule.ts'
import {
  duration,
  headers,
  integer,
  type ObjectMetadata,
  type ScalarMetadata,
  secret,
  wrongAddress,
} from '../../component/schema.ts'
import { deliveryOptions } from '../../delivery/schema.ts'
import { httpRequestHeader } from '../../net/header-rules.ts'
import { insteadOfAuth, tlsClient } from '../../net/schema.ts'

const urlMessage = 'must be a URL such as "http://host:4318" or "https://host/path"'

function isBackendUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url?.protocol === 'http:' || url?.protocol === 'https:'
}

function isProxyUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return (url?.protocol === 'http:' || url?.protocol === 'https:') && url.pathname === '/'
}

const withoutCredentials = (text: string): boolean => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url === undefined || (url.username === '' && url.password === '')
}

function url(description: string) {
  return v.pipe(
    v.string(urlMessage),
    v.metadata({ scalar: 'endpoint' } satisfies ScalarMetadata),
    v.check(isBackendUrl, ({ input }) =>
      wrongAddress(input.replace(/(?<=:\d+)\/.*$/, ''), urlMessage),
    ),
    v.check(withoutCredentials, 'must not hold a password; put it into `headers`'),
    v.description(description),
  )
}

/** The path of a signal at the end of a base URL, where it does not belong. */
export function signalPathOf(endpoint: string): string | undefined {
  return /\/v1\/(?:logs|metrics|traces)(?=\/*(?:[?#]|$))/.exec(endpoint)?.[0]
}

const endpointNames = ['logs_endpoint', 'metrics_endpoint', 'traces_endpoint'] as const

export const config = v.pipe(
  v.strictObject({
    endpoint: v.optional(
      url('The base: `/v1/logs`, `/v1/metrics` and `/v1/traces` are put behind it.'),
    ),
    logs_endpoint: v.optional(url('The whole URL for logs.')),
    metrics_endpoint: v.optional(url('The whole URL for metrics.')),
    traces_endpoint: v.optional(url('The whole URL for traces.')),
    encoding: v.optional(
      v.pipe(
        v.picklist(['proto', 'json'], 'must be "proto" or "json"'),
        v.description('`proto` costs far less CPU.'),
      ),
      'proto',
    ),
    compression: v.optional(
      v.pipe(
        v.picklist(
          ['gzip', 'zstd', 'deflate', 'zlib', 'none'],
          'must be "gzip", "zstd", "deflate", "zlib" or "none"',
        ),
        v.description('How requests are compressed; `none` costs the least CPU.'),
      ),
      'gzip',
    ),
    compression_params: v.optional(
      v.pipe(
        v.strictObject({
          level: v.optional(
            v.pipe(
              integer(-1, 22),
              v.description('−1 is the usual one; gzip and deflate up to 9, zstd up to 22.'),
            ),
            -1,
          ),
        }),
        v.description('How hard to compress.'),
      ),
      {},
    ),
    headers: v.optional(
      v.pipe(headers(httpRequestHeader), v.description('Sent with every request, e.g. a token.')),
      {},
    ),
    tls: v.optional(v.pipe(tlsClient, v.description('For `https://` endpoints.')), {}),
    proxy_url: v.optional(
      v.pipe(
        secret(),
        v.check(
          (url) => isProxyUrl(url.reveal()),
          'must be the URL of an HTTP proxy, such as "http://proxy:3128" or "http://user:password@proxy:3128"',
        ),
        v.description('An HTTP proxy; its credentials may stand in the URL.'),
      ),
    ),
    max_conns_per_host: v.optional(
      v.pipe(integer(0), v.description('Connections to one host; 0 sets no limit.')),
      0,
    ),
    idle_conn_timeout: v.optional(
      v.pipe(duration(), v.description('A connection without a request is closed after this.')),
      '90s',
    ),
    max_idle_conns: v.optional(
      v.pipe(integer(0), v.description('Accepted for the collector; idle_conn_timeout rules.')),
      100,
    ),
    max_idle_conns_per_host: v.optional(
      v.pipe(integer(0), v.description('Accepted for the collector; idle_conn_timeout rules.')),
      0,
    ),
    read_buffer_size: v.optional(
      v.pipe(integer(0), v.description('Accepted for the collector; without effect.')),
      0,
    ),
    write_buffer_size: v.optional(
      v.pipe(integer(0), v.description('Accepted for the collector; without effect.')),
      524_288,
    ),
    retryable_status: v.optional(
      v.pipe(
        v.array(integer(300, 599)),
        v.description('Answers that are tried again besides 429, 502, 503 and 504, e.g. 500.'),
      ),
      [],
    ),
    ...deliveryOptions('30s'),
  }),
  v.metadata({
    instead: insteadOfAuth,
    unsupported: [
      'auth',
      'cookies',
      'middlewares',
      'profiles_endpoint',
      'disable_keep_alives',
      'force_attempt_http2',
      'http2_read_idle_timeout',
      'http2_ping_timeout',
    ],
  } satisfies ObjectMetadata),
  rule(
    ['endpoint', ...endpointNames],
    (c) => c.endpoint !== undefined || endpointNames.some((name) => c[name] !== undefined),
    'needs an endpoint, or one for each signal that is sent',
  ),
  rule(
    ['compression', 'compression_params'],
    (c) => c.compression === 'zstd' || c.compression_params.level <= 9,
    'must be at most 9 for this compression',
    ['compression_params', 'level'],
  ),
)

export type OtlpHttpConfig = v.InferOutput<typeof config>
