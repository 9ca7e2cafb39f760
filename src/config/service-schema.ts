import * as v from 'valibot'
import { duration, flag, integer, listenAddress, text } from '../component/schema.ts'

/**
 * `service`, as the collector has it (service/config.go and service/telemetry of v0.157). What would change nothing
 * here is accepted with a warning; what would change something and is not there is refused.
 */
const ids = (description: string) => v.pipe(v.array(v.string()), v.description(description))

export const pipelineSchema = v.strictObject({
  receivers: v.optional(ids('Where the data comes from; one at least.'), []),
  processors: v.optional(ids('What happens to the data, in this order.'), []),
  exporters: v.optional(ids('Where the data goes; each gets all of it.'), []),
  unmasked: flag(
    false,
    'What goes around the masking of another pipeline here is meant to; without it there is a warning.',
  ),
})

const levels = ['debug', 'info', 'warn', 'error'] as const

const logsSchema = v.pipe(
  v.strictObject({
    level: v.optional(
      v.pipe(
        v.string(),
        v.toLowerCase(),
        v.picklist(levels),
        v.description('The least severe log lines to write.'),
      ),
      'info',
    ),
    encoding: v.optional(
      v.pipe(
        v.picklist(['json', 'console']),
        v.description('Log lines are always JSON; "console" is accepted and changes nothing.'),
      ),
      'json',
    ),
    development: v.optional(harmless(v.boolean())),
    disable_caller: v.optional(harmless(v.boolean())),
    disable_stacktrace: v.optional(harmless(v.boolean())),
    sampling: v.optional(harmless(v.looseObject({}))),
    output_paths: v.optional(onlyStderr()),
    error_output_paths: v.optional(onlyStderr()),
  }),
  v.metadata({ unsupported: ['processors', 'initial_fields'] }),
)

const prometheusSchema = v.strictObject({
  host: v.optional(v.pipe(v.string(), v.description('The address to listen on.')), 'localhost'),
  port: v.optional(v.pipe(integer(0, 65_535), v.description('The port to listen on.')), 8888),
  without_scope_info: v.optional(harmless(v.boolean())),
  without_type_suffix: flag(true, 'Counters are named without `_total` at the end.'),
  without_units: flag(true, 'Names get no `_seconds` or `_bytes` that the collector left out.'),
  with_resource_constant_labels: v.optional(harmless(v.looseObject({}))),
})

const readerSchema = v.pipe(
  v.strictObject({
    pull: v.pipe(
      v.strictObject({
        exporter: v.pipe(
          v.strictObject({
            prometheus: v.pipe(prometheusSchema, v.description('The address of /metrics.')),
          }),
          v.description('In which form: that of Prometheus.'),
        ),
      }),
      v.description('Metrics are fetched from remora; it does not push them.'),
    ),
  }),
  v.metadata({ unsupported: ['periodic'] }),
)

const metricsSchema = v.pipe(
  v.strictObject({
    level: v.optional(
      v.pipe(
        v.string(),
        v.toLowerCase(),
        v.picklist(['none', 'basic', 'normal', 'detailed']),
        v.description('"none" turns the metrics off; the others are the same.'),
      ),
      'normal',
    ),
    address: v.optional(
      v.pipe(listenAddress(), v.description('Older form of readers: "host:port" of /metrics.')),
    ),
    readers: v.optional(
      v.pipe(
        v.array(readerSchema),
        v.maxLength(1, 'must be one reader at most'),
        v.description('Where /metrics is served; an empty list turns it off.'),
      ),
    ),
  }),
  v.metadata({ unsupported: ['views'] }),
)

const tracesSchema = v.pipe(
  v.strictObject({
    level: v.optional(v.pipe(v.picklist(['none']), v.description('There are no others yet.'))),
  }),
  v.metadata({ unsupported: ['processors', 'propagators', 'sampler', 'schema_url'] }),
)

export const telemetrySchema = v.strictObject({
  logs: v.optional(v.pipe(logsSchema, v.description('What remora logs about itself.')), {}),
  metrics: v.optional(v.pipe(metricsSchema, v.description('What remora counts about itself.')), {}),
  traces: v.optional(
    v.pipe(tracesSchema, v.description('remora makes no traces of itself yet: level none only.')),
  ),
  resource: v.optional(
    v.pipe(
      v.record(v.string(), v.nullable(text())),
      v.description('Attributes of remora itself, e.g. service.instance.id.'),
    ),
    {},
  ),
})

export const serviceSchema = v.strictObject({
  extensions: v.optional(ids('The extensions to start, in this order.'), []),
  pipelines: v.optional(
    v.pipe(
      v.record(v.string(), pipelineSchema),
      v.description('logs, metrics or traces, each with an optional /name.'),
    ),
    {},
  ),
  telemetry: v.optional(
    v.pipe(telemetrySchema, v.description('What remora says about itself.')),
    {},
  ),
  shutdown_timeout: v.optional(
    v.pipe(
      duration(),
      v.description(
        'How long a stop may take to deliver what is held. Kubernetes kills after 30s.',
      ),
    ),
    '25s',
  ),
})

export type ServiceSection = v.InferOutput<typeof serviceSchema>

function harmless<S extends v.GenericSchema>(schema: S) {
  return v.pipe(schema, v.description('Accepted, and changes nothing.'))
}

function onlyStderr() {
  return v.pipe(
    v.array(v.picklist(['stderr'], 'remora logs to stderr only')),
    v.description('remora logs to stderr only.'),
  )
}
