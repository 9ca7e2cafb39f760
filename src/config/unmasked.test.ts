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
        'service.pipelines.logs/raw.exporters[1]: what comes to exporter "debug" here goes around the masking of pipeline "logs": logs reach it as they are; add "mask" to the processors of "logs/raw", if that is not meant',
      ],
    ],
    [
      'where both begin at one receiver',
      'logs/raw: {receivers: [otlp], exporters: [debug/2]}, logs: {receivers: [otlp], processors: [redaction], exporters: [debug]}',
      [
        'service.pipelines.logs/raw.receivers[0]: what comes from receiver "otlp" here goes around the masking of pipeline "logs": logs leave as they are; add "redaction" to the processors of "logs/raw", if that is not meant',
      ],
    ],
    ['not for another signal', `${masked}, traces: {receivers: [otlp], exporters: [debug]}`, []],
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
