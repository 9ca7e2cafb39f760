import * as v from 'valibot'
import {
  duration,
  headers,
  integer,
  type ObjectMetadata,
  type ScalarMetadata,
  wrongAddress,
} from '../../component/schema.ts'
import { deliveryOptions } from '../../delivery/schema.ts'
import { grpcStatus } from '../../net/grpc/status.ts'
import { parseGrpcTarget } from '../../net/grpc/target.ts'
import { grpcMetadata } from '../../net/header-rules.ts'
import { insteadOfAuth, tlsClient } from '../../net/schema.ts'

const endpointMessage =
  'must be "host:port", "http://host:port", "https://host:port" or "unix:///path"'

const keepalive = v.strictObject({
  time: v.optional(
    v.pipe(duration(), v.description('Ping a backend that is silent for this long; 0 never.')),
    '10s',
  ),
  timeout: v.optional(
    v.pipe(duration(), v.description('Close the connection without an answer after this.')),
    '10s',
  ),
  permit_without_stream: v.optional(
    v.pipe(v.boolean(), v.description('Ping also while no request is under way.')),
    false,
  ),
})

const statusMessage = 'must be the name of a gRPC status such as "INTERNAL", or its number'
const statusNames = Object.keys(grpcStatus).filter((name) => name !== 'OK')
const retryableStatus = v.pipe(
  v.union(
    [
      v.picklist(statusNames, statusMessage),
      v.pipe(
        v.number(statusMessage),
        v.integer(statusMessage),
        v.minValue(1, statusMessage),
        v.maxValue(statusNames.length, statusMessage),
      ),
    ],
    statusMessage,
  ),
  v.transform((status) => (typeof status === 'number' ? status : statusNames.indexOf(status) + 1)),
)

export const config = v.pipe(
  v.strictObject({
    endpoint: v.pipe(
      v.string(endpointMessage),
      v.metadata({ scalar: 'endpoint' } satisfies ScalarMetadata),
      v.check(
        (text) => parseGrpcTarget(text) !== undefined,
        ({ input }) => wrongAddress(input, endpointMessage),
      ),
      v.description(
        'Where to send to. `http://` means without TLS, `https://` with it; else `tls.insecure` decides.',
      ),
    ),
    tls: v.optional(v.pipe(tlsClient, v.description('On unless `insecure: true`.')), {}),
    compression: v.optional(
      v.pipe(
        v.picklist(['gzip', 'zstd', 'none'], 'must be "gzip", "zstd" or "none"'),
        v.description('How requests are compressed; `none` costs the least CPU.'),
      ),
      'gzip',
    ),
    headers: v.optional(
      v.pipe(
        headers(grpcMetadata),
        v.description(
          'Sent with every request, e.g. a token. The value of a name that ends in `-bin` is sent as base64.',
        ),
      ),
      {},
    ),
    authority: v.optional(
      v.pipe(v.string(), v.description('The `:authority` of requests, if not the endpoint.')),
    ),
    keepalive: v.optional(
      v.pipe(keepalive, v.description('Finds a backend that is gone without a word.')),
      {},
    ),
    wait_for_ready: v.optional(
      v.pipe(
        v.boolean(),
        v.description('Requests wait for a connection, up to `timeout`, instead of failing.'),
      ),
      false,
    ),
    balancer_name: v.optional(
      v.pipe(
        v.picklist(['round_robin', 'pick_first'], 'must be "round_robin" or "pick_first"'),
        v.description('Accepted for the collector; there is one connection.'),
      ),
      'round_robin',
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
        v.array(retryableStatus),
        v.description(
          'Answers that are tried again besides those of OTLP (UNAVAILABLE, …), e.g. INTERNAL.',
        ),
      ),
      [],
    ),
    ...deliveryOptions('5s'),
  }),
  v.metadata({
    unsupported: ['auth', 'middlewares'],
    instead: insteadOfAuth,
  } satisfies ObjectMetadata),
)

export type OtlpGrpcConfig = v.InferOutput<typeof config>
