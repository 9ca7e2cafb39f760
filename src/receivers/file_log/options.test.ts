import assert from 'node:assert/strict'
import { appendFile, chmod, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { TailHarness } from '../../../test/support/tail.ts'
import { fileLog } from './definition.ts'

const parse = (config: object): Record<string, unknown> =>
  v.parse(fileLog.config, { include: ['/var/log/*.log'], ...config }) as never

/** The collector's options with its defaults, from the README of receiver/filelogreceiver and stanza, 0.156. */
const documented: Readonly<Record<string, unknown>> = {
  exclude: [],
  exclude_older_than: 0,
  start_at: 'end',
  force_flush_period: 500,
  encoding: 'utf-8',
  preserve_leading_whitespaces: false,
  preserve_trailing_whitespaces: false,
  include_file_name: true,
  include_file_path: false,
  include_file_name_resolved: false,
  include_file_path_resolved: false,
  include_file_owner_name: false,
  include_file_owner_group_name: false,
  include_file_permissions: false,
  include_file_record_number: false,
  include_file_record_offset: false,
  poll_interval: 200,
  fingerprint_size: 1000,
  max_log_size: 1024 * 1024,
  max_log_size_behavior: 'split',
  max_concurrent_files: 1024,
  delete_after_read: false,
  acquire_fs_lock: false,
  file_cache_advise: false,
  attributes: {},
  resource: {},
  operators: [],
}

suite('the options of the collector', () => {
  test('have its defaults', () => {
    const parsed = parse({})
    for (const [option, value] of Object.entries(documented)) {
      assert.deepEqual(parsed[option], value, option)
    }
  })

  test('differ in their defaults only where the notes say so', () => {
    const { on_truncate, compression } = parse({})
    assert.deepEqual(
      { on_truncate, compression },
      {
        on_truncate: 'read_whole_file',
        compression: 'auto',
      },
    )
  })

  const refused: readonly (readonly [object, string])[] = [
    [{ delete_after_read: true }, 'delete_after_read needs start_at: beginning'],
    [{ fingerprint_size: 15 }, 'must be at least 16 bytes'],
    [{ encoding: 'utf-9' }, 'is not an encoding that is known here'],
    [{ multiline: {} }, 'must have either line_start_pattern or line_end_pattern'],
    [
      { encoding: 'nop', multiline: { line_end_pattern: ';' } },
      'multiline needs an encoding with lines: nop has none',
    ],
    [{ attributes: { a: 'EXPR(1 +)' } }, 'it ends too early at character 4'],
  ]
  for (const [config, want] of refused) {
    test(`refuses: ${want}`, () => {
      const { issues } = v.safeParse(fileLog.config, { include: ['*'], ...config })
      assert.ok(
        issues?.some(({ message }) => message === want),
        JSON.stringify(issues?.map(({ message }) => message)),
      )
    })
  }
})

suite('what records carry of their file', () => {
  test('number and offset count blank lines and the blanks in front', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('app.log'), 'one\n\n   \n  four\n')
    await tail.start({ include_file_record_number: true, include_file_record_offset: true })
    await tail.untilRecords(2)
    assert.deepEqual(
      tail.records.map(({ body, attributes }) => [
        body,
        attributes['log.file.record_number'],
        attributes['log.file.record_offset'],
      ]),
      [
        ['one', 1, 0],
        ['four', 4, 9],
      ],
    )
  })

  test('permissions, as three digits', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('app.log'), 'one\n')
    await chmod(tail.path('app.log'), 0o640)
    await tail.start({ include_file_permissions: true })
    await tail.untilRecords(1)
    assert.equal(tail.records[0]?.attributes['log.file.permissions'], '640')
  })

  test('attributes and resource with expressions', async () => {
    await using tail = await TailHarness.create()
    process.env['REMORA_TEMPLATE_TEST'] = 'pod-7'
    await writeFile(tail.path('app.log'), 'one\n')
    await tail.start({
      attributes: {
        plain: 'a (b)',
        first: 'EXPR(body)!',
        both: 'EXPR(upper(body)) and EXPR(body)',
      },
      resource: { 'service.name': 'shop', 'k8s.pod.name': 'EXPR(env("REMORA_TEMPLATE_TEST"))' },
    })
    await appendFile(tail.path('app.log'), 'two\n')
    await tail.untilRecords(2)
    for (const [index, word] of ['one', 'two'].entries()) {
      const { attributes, resource } = tail.records[index] ?? assert.fail()
      assert.deepEqual(attributes, {
        'log.file.name': 'app.log',
        plain: 'a (b)',
        first: `${word}!`,
        both: `${word.toUpperCase()} and ${word}`,
      })
      assert.deepEqual(resource, { 'service.name': 'shop', 'k8s.pod.name': 'pod-7' })
    }
  })
})
