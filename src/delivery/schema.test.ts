import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { queueOptions } from './schema.ts'

const schema = v.strictObject(queueOptions())

suite('the options of the delivery path refuse', () => {
  const rows: readonly (readonly [input: object, want: string | undefined])[] = [
    [
      { sending_queue: { storage: 'x', wait_for_result: true } },
      'must be false with a storage: senders are answered once their data is on the disk',
    ],
    [
      { sending_queue: { storage: 'x', enabled: false } },
      'needs the queue: set enabled to true, or remove the storage',
    ],
    [
      { sending_queue: { storage: 'x', max_bytes: '100kB' } },
      'must be at least 1MiB with a storage',
    ],
    [
      { sending_queue: { overflow: 'drop_oldest', block_on_overflow: true } },
      'says "overflow: block", and overflow says something else; remove one of the two',
    ],
    [{ sending_queue: { overflow: 'block', block_on_overflow: true } }, undefined],
    [{ sending_queue: { overflow: 'reject', block_on_overflow: false } }, undefined],
    [{ circuit_breaker: true }, 'must be a map, e.g. { failure_threshold: 5 }'],
    [{ rate_limit: 100 }, 'must be a map, e.g. { items_per_second: 1000 }'],
    [{ rate_limit: {} }, 'needs items_per_second or bytes_per_second'],
    [
      { rate_limit: { items_per_second: 1, bytes_per_second: '1MB' } },
      'takes items_per_second or bytes_per_second, not both',
    ],
    [
      { sending_queue: { storage: true } },
      'must be the id of a storage extension, such as file_storage',
    ],
    [{ dead_letter: true }, 'must be a map, e.g. { storage: file_storage }'],
    [{ dead_letter: {} }, 'needs a directory or a storage'],
    [
      { dead_letter: { directory: '/x', storage: 'x' } },
      'takes a directory or a storage, not both',
    ],
  ]
  for (const [input, want] of rows) {
    test(`${JSON.stringify(input)}: ${want ?? 'nothing'}`, () => {
      const { issues = [] } = v.safeParse(schema, input)
      assert.deepEqual(
        issues.map(({ message }) => message),
        want === undefined ? [] : [want],
      )
    })
  }
})
