import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { referencePages } from '../scripts/reference/pages.ts'
import { toyRegistry } from './support/toy-registry.ts'

const top = fileURLToPath(new URL('..', import.meta.url))

test('docs/reference is what the definitions say (npm run generate)', async () => {
  const run = promisify(execFile)(process.execPath, ['scripts/generate.ts', '--check'], {
    cwd: top,
  })
  const failed = await run.then(
    () => '',
    (error: { stderr: string }) => error.stderr,
  )
  assert.equal(failed, '')
})

suite('a page of the reference', () => {
  const pages = referencePages({
    registry: toyRegistry,
    metrics: { otelcol_x: { type: 'counter', help: 'What | happened.' } },
    notes: ({ type }) => (type === 'batch' ? '## When to use it\n\nNearly always.\n' : undefined),
  })

  test('exists for every component, and for what they share', () => {
    assert.deepEqual(
      [...pages.keys()],
      [
        'receivers/file_log.md',
        'receivers/otlp.md',
        'processors/batch.md',
        'exporters/debug.md',
        'exporters/otlp_http.md',
        'extensions/file_storage.md',
        'service.md',
        'presets.md',
        'operators.md',
        'detectors.md',
        'errors.md',
        'metrics.md',
        'exit-codes.md',
        'config.schema.json',
        'README.md',
      ],
    )
  })

  const rows: readonly { path: string; line: string }[] = [
    {
      path: 'processors/batch.md',
      line: '| `timeout` | duration | `200ms` | Send after this long. |',
    },
    {
      path: 'processors/batch.md',
      line: '| `send_batch_size` | integer ≥ 1 | `8192` | Send as soon as this many. |',
    },
    { path: 'processors/batch.md', line: 'Nearly always.' },
    { path: 'processors/batch.md', line: '| traces | stable |' },
    { path: 'receivers/otlp.md', line: '| `protocols` | map | required | What is served. |' },
    {
      path: 'receivers/otlp.md',
      line: '| `protocols.grpc.max_size` | size | `4MiB` | The largest request. |',
    },
    {
      path: 'receivers/otlp.md',
      line: 'Options of the collector that remora refuses: `protocols.grpc.read_buffer_size`, `protocols.http.read_buffer_size`.',
    },
    {
      path: 'receivers/file_log.md',
      line: '| `operators[].type` | `"json_parser"`, `"regex_parser"` | required | Which of these it is; the other options depend on it. |',
    },
    {
      path: 'receivers/file_log.md',
      line: '| `operators[].regex` | string | required | Only of `"regex_parser"`. |',
    },
    { path: 'receivers/file_log.md', line: 'Also written as `filelog`.' },
    { path: 'exporters/otlp_http.md', line: '    token: ${'.concat('env:TOKEN}') },
    { path: 'metrics.md', line: '| `otelcol_x` | counter | What \\| happened. |' },
    {
      path: 'metrics.md',
      line: '| `otelcol_processor_batch_timeout_sends` | [batch](processors/batch.md) | Batches sent because of the timeout. |',
    },
    {
      path: 'README.md',
      line: '| [debug](exporters/debug.md) | logs, metrics, traces stable | Prints. |',
    },
  ]
  for (const { path, line } of rows) {
    test(`${path} says: ${line}`, () => {
      assert.ok(pages.get(path)?.split('\n').includes(line), pages.get(path))
    })
  }
})
