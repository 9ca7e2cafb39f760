import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { loadRegistry } from '../components.ts'
import { loadConfig } from './load.ts'
import { formatPath } from './problem.ts'

async function warningsOf(pipelines: string): Promise<string[]> {
  const yaml = `
receivers: {otlp: {protocols: {grpc: }}, otlp/2: {protocols: {http: }}}
processors: {mask: {detectors: all}, redaction: {allow_all_keys: true}, batch: }
exporters: {debug: , debug/2: , debug/3: }
service: {pipelines: {${pipelines}}}
`
  const { problems, warnings } = await loadConfig({
    sources: ['c.yaml'],
    sets: [],
    env: {},
    readFile: () => yaml,
    loadRegistry,
  })
  assert.deepEqual(problems, [])
  return warnings
    .filter(({ message }) => message.includes('masking'))
    .map(({ path, message, suggestion }) => `${formatPath(path)}: ${message}; ${suggestion}`)
}

const masked = 'logs: {receivers: [otlp], processors: [batch, mask], exporters: [debug]}'

suite('a way around masking is warned of', () => {
  const rows: readonly (readonly [name: string, pipelines: string, want: readonly string[]])[] = [
    [
      'where both end at one exporter',
      `${masked}, logs/raw: {receivers: [otlp/2], processors: [batch], exporters: [debug/2, debug]}`,
      [
        'service.pipelines.logs/raw.exporters[1]: what comes to exporter "debug" here goes around the masking of pipeline "logs": logs reach it as they are; add "mask" to the processors of "logs/raw", or "unmasked: true" to it if that is meant',
      ],
    ],
    [
      'where both begin at one receiver',
      'logs/raw: {receivers: [otlp], exporters: [debug/2]}, logs: {receivers: [otlp], processors: [redaction], exporters: [debug]}',
      [
        'service.pipelines.logs/raw.receivers[0]: what comes from receiver "otlp" here goes around the masking of pipeline "logs": logs leave as they are; add "redaction" to the processors of "logs/raw", or "unmasked: true" to it if that is meant',
      ],
    ],
    [
      'where another signal begins at the same receiver, with another exporter',
      `${masked}, traces: {receivers: [otlp/2, otlp], exporters: [debug/2]}`,
      [
        'service.pipelines.traces.receivers[1]: what comes from receiver "otlp" here goes around the masking of pipeline "logs": traces leave as they are; add "mask" to the processors of "traces", or "unmasked: true" to it if that is meant',
      ],
    ],
    [
      'not where another signal only ends at the same exporter',
      `${masked}, metrics: {receivers: [otlp/2], exporters: [debug]}`,
      [],
    ],
    [
      'not where the pipeline says that it is meant',
      `${masked}, logs/raw: {receivers: [otlp], exporters: [debug/2], unmasked: true}, traces: {receivers: [otlp], exporters: [debug], unmasked: true}`,
      [],
    ],
    [
      'where it says that it is not',
      `${masked}, traces: {receivers: [otlp], exporters: [debug], unmasked: false}`,
      [
        'service.pipelines.traces.receivers[0]: what comes from receiver "otlp" here goes around the masking of pipeline "logs": traces leave as they are; add "mask" to the processors of "traces", or "unmasked: true" to it if that is meant',
      ],
    ],
    [
      'not where the two have nothing in common',
      `${masked}, logs/raw: {receivers: [otlp/2], exporters: [debug/2]}`,
      [],
    ],
    [
      'not where both mask',
      `${masked}, logs/2: {receivers: [otlp], processors: [redaction], exporters: [debug]}`,
      [],
    ],
    ['not where nobody masks', 'logs: {receivers: [otlp], exporters: [debug]}', []],
  ]
  for (const [name, pipelines, want] of rows) {
    test(name, async () => assert.deepEqual(await warningsOf(pipelines), want))
  }
})
