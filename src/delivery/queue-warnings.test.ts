import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { queueWarnings } from './queue-warnings.ts'
import { queueOptions } from './schema.ts'

const config = v.strictObject(queueOptions())

suite('options of a queue that is off', () => {
  const rows: readonly [v.InferInput<typeof config>['sending_queue'], string[]][] = [
    [{}, []],
    [{ num_consumers: 3, queue_size: 5, sizer: 'items', batch: {} }, []],
    [{ enabled: false }, []],
    // They still hold: callers that wait for room are bounded in bytes, too.
    [{ enabled: false, max_bytes: 1000, overflow: 'reject', wait_for_result: true }, []],
    [{ enabled: false, batch: null }, []],
    [{ enabled: false, batch: {} }, ['batch']],
    [
      { enabled: false, num_consumers: 3, queue_size: 1000, sizer: 'items' },
      ['num_consumers', 'queue_size', 'sizer'],
    ],
  ]
  for (const [queue, want] of rows) {
    test(`${JSON.stringify(queue)}: ${want.join(' ') || 'no warning'}`, () => {
      const warnings = queueWarnings(v.parse(config, { sending_queue: queue }))
      assert.deepEqual(
        warnings.map((one) => one.option),
        want.map((name) => ['sending_queue', name]),
      )
    })
  }
})
