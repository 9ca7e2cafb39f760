/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: the references of the configuration look like that */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import Ajv from 'ajv'
import { parse } from 'yaml'
import { loadRegistry } from '../../src/components.ts'
import { toyRegistry } from '../../test/support/toy-registry.ts'
import { configJsonSchema } from './json-schema.ts'

const registry = await loadRegistry()

const validate = new Ajv({ allErrors: true }).compile(configJsonSchema(toyRegistry))

const service = 'service: {pipelines: {logs: {receivers: [otlp], exporters: [debug]}}}'

suite('the JSON Schema accepts', () => {
  const rows: Readonly<Record<string, string>> = {
    'the least': service,
    'components with nothing behind them': `receivers: {otlp: {protocols: {grpc: }}}\nexporters: {debug: }\nprocessors:\n${service}`,
    'aliases and names': `receivers: {filelog/a: {include: [x]}, file_log: {include: [x]}}\n${service}`,
    'references where scalars stand': `processors: {batch: {timeout: "\${env:T}", send_batch_size: "\${N:-5}"}}\nexporters: {debug: {verbosity: "\${env:V}"}, otlp_http: {endpoint: x, insecure: "\${I}"}}\n${service}`,
    'references where lists and sections stand': `receivers: "\${file:r.yaml}"\nservice: {pipelines: {logs: {receivers: "\${env:R}", exporters: ["\${env:E}"]}}}`,
    'durations and sizes': `processors: {batch: {timeout: 1h30m}, batch/0: {timeout: 0}}\nreceivers: {otlp: {protocols: {grpc: {max_size: 4MiB}, http: {max_size: 100}}}}\n${service}`,
    'headers as a map and as a list': `exporters: {otlphttp: {endpoint: x, headers: {a: b}}, otlphttp/l: {endpoint: x, headers: [{name: a, value: b}]}}\n${service}`,
    'texts that are numbers': `receivers: {file_log: {include: [a], attributes: {a: 1, b: true}}}\n${service}`,
    'all of service': `service: {extensions: [file_storage/x], shutdown_timeout: 5s, telemetry: {logs: {level: DEBUG}, metrics: {level: none}}, pipelines: {traces/2: {receivers: [otlp/3], processors: [batch], exporters: [otlphttp]}}}`,
  }
  for (const [name, yaml] of Object.entries(rows)) {
    test(name, () => assert.ok(validate(parse(yaml)), JSON.stringify(validate.errors)))
  }
})

suite('the JSON Schema refuses', () => {
  const rows: Readonly<Record<string, string>> = {
    'a file without service': 'receivers: {}',
    'an unknown section': `receiver: {}\n${service}`,
    'an unknown type': `receivers: {kafka: }\n${service}`,
    'a type of another kind': `receivers: {batch: }\n${service}`,
    'an unknown option': `processors: {batch: {timout: 5s}}\n${service}`,
    'a nested unknown option': `receivers: {otlp: {protocols: {grpc: {x: 1}}}}\n${service}`,
    'a missing option': `exporters: {otlphttp: {}}\n${service}`,
    'a bare number as a duration': `processors: {batch: {timeout: 5}}\n${service}`,
    'a word that is no choice': `exporters: {debug: {verbosity: loud}}\n${service}`,
    'a number out of range': `processors: {batch: {send_batch_size: 0}}\n${service}`,
    'an unknown signal': 'service: {pipelines: {log: {receivers: [otlp], exporters: [debug]}}}',
    'a receiver that does not handle the signal':
      'service: {pipelines: {metrics: {receivers: [file_log], exporters: [debug]}}}',
    'an exporter among the receivers':
      'service: {pipelines: {logs: {receivers: [debug], exporters: [debug]}}}',
    'a pipeline without exporters': 'service: {pipelines: {logs: {receivers: [otlp]}}}',
    'a pipeline with no receiver in the list':
      'service: {pipelines: {logs: {receivers: [], exporters: [debug]}}}',
    'a component twice':
      'service: {pipelines: {logs: {receivers: [otlp, otlp], exporters: [debug]}}}',
    'an unknown extension': `service: {extensions: [pprof], pipelines: {logs: {receivers: [otlp], exporters: [debug]}}}`,
    'no pipelines': 'service: {pipelines: {}}',
  }
  for (const [name, yaml] of Object.entries(rows)) {
    test(name, () => assert.equal(validate(parse(yaml)), false))
  }
})

test('the JSON Schema of the real components is one, and accepts their examples', () => {
  const real = new Ajv({ allErrors: true }).compile(configJsonSchema(registry))
  for (const kind of ['receiver', 'processor', 'exporter', 'extension'] as const) {
    for (const definition of registry[kind].values()) {
      for (const { config } of definition.examples) {
        const document = {
          ...parse('service: {pipelines: {logs: {receivers: ["${R}"], exporters: ["${E}"]}}}'),
        }
        document[`${kind}s`] = { [definition.type]: config }
        assert.ok(real(document), `${definition.type}: ${JSON.stringify(real.errors)}`)
      }
    }
  }
})
