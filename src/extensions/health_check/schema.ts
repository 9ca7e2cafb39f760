import * as v from 'valibot'
import { duration, listenAddress } from '../../component/schema.ts'
import { tlsServer } from '../../net/schema.ts'

const path = v.pipe(v.string('must be a path'), v.startsWith('/', 'must begin with "/"'))

export const config = v.pipe(
  v.strictObject({
    endpoint: v.pipe(
      v.optional(listenAddress(), 'localhost:13133'),
      v.description('Where probes are answered. For a kubelet it must be an address of the pod.'),
    ),
    path: v.pipe(
      v.optional(path, '/'),
      v.description('Answers as `/health/ready` does; for probes written for the collector.'),
    ),
    response_body: v.pipe(
      v.optional(
        v.strictObject({
          healthy: v.pipe(
            v.optional(v.string(), ''),
            v.description('Instead of the JSON, with status 200.'),
          ),
          unhealthy: v.pipe(
            v.optional(v.string(), ''),
            v.description('Instead of the JSON, with status 503.'),
          ),
        }),
      ),
      v.description('What `path` answers instead of JSON.'),
    ),
    recovery_duration: v.pipe(
      v.optional(duration(), '5m'),
      v.description(
        'How long a component may be in trouble that ends by itself, such as a backend that is down, before remora is not ready any more.',
      ),
    ),
    tls: v.pipe(v.optional(tlsServer), v.description('Serves HTTPS.')),
  }),
  v.metadata({
    unsupported: [
      'check_collector_pipeline',
      'auth',
      'cors',
      'middlewares',
      'include_metadata',
      'response_headers',
    ],
  }),
)

export type HealthCheckConfig = v.InferOutput<typeof config>
