/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: the references of the configuration look like that */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toyRegistry } from '../../test/support/toy-registry.ts'
import { checkConfig } from './check-config.ts'

const valid = `
x: &x {a: [1, 2], b: "\${env:A:-5}"}
receivers:
  otlp: {protocols: {grpc: , http: {endpoint: "0.0.0.0:4318"}}}
  filelog/a: {include: [a, 'b'], operators: [{type: regex_parser, regex: "(?P<a>.)"}], <<: {storage: s}}
exporters:
  otlphttp:
    endpoint: http://\${env:HOST}:1
    headers: {authorization: "Bearer \${file:token}", list: *x}
    sending_queue:
      queue_size: 10
  debug:
service::telemetry::logs::level: info
service:
  pipelines:
    logs: {receivers: [otlp], exporters: [debug]}
    metrics/2:
      receivers:
        - otlp
      exporters: &e
        - debug
`

/** Pieces that mean something to YAML, to references or to the configuration. */
const pieces = [
  ...['\n', ' ', '  ', '\t', ':', ': ', '- ', '[', ']', '{', '}', ',', '"', "'", '#', '&x ', '*x'],
  ...['<<: ', '!!str ', '!t ', '|', '>', '?', '---\n', '...', '%', '@', '\u0000', '\uFEFF', '\r\n'],
  ...[
    '${',
    '${env:',
    '$$',
    '${file:f}',
    '::',
    'null',
    '~',
    '0x',
    '.inf',
    '__proto__: 1',
    'é',
    '😀',
  ],
]

const edit = fc.record({
  at: fc.nat(valid.length),
  remove: fc.nat(12),
  insert: fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 5 })),
})

test('whatever a file holds, checking it ends with problems at real places, or with a plan', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
      let text = valid
      for (const { at, remove, insert } of edits) {
        text = text.slice(0, at) + insert + text.slice(at + remove)
      }
      const readFile = (path: string): string => {
        if (path === 'c.yaml') return text
        if (path === 'token') return 'secret'
        throw new Error('no such file')
      }
      const checked = await checkConfig(
        { config: ['c.yaml'], set: [] },
        { env: { HOST: 'h', A: '7' }, readFile, loadRegistry: async () => toyRegistry },
      )
      assert.equal(checked.plan === undefined, checked.problems.length > 0)
      const lines = text.split('\n')
      for (const { place, message } of [...checked.problems, ...checked.loaded.warnings]) {
        assert.ok(message.length > 0)
        if (place?.file !== 'c.yaml') continue
        assert.ok(place.line >= 1 && place.line <= lines.length)
        assert.ok(place.column >= 1 && place.column <= (lines[place.line - 1]?.length ?? 0) + 1)
      }
    }),
    { numRuns: 400 },
  )
})
