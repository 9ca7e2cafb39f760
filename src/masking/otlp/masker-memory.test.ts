import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as v from 'valibot'
import { oracleEncode } from '../../../test/support/wire/oracle.ts'
import { compileMasking } from '../compile.ts'
import { maskSchema } from '../schema.ts'

// In a file, and so in a process, of its own: what other tests leave to be swept would count as well.

function oldBytes(): number {
  const old = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space')
  return old?.space_used_size ?? Number.NaN
}

test('a masked record leaves nothing behind that only a collection of the whole heap frees', () => {
  const { masker } = compileMasking(v.parse(maskSchema, {}))
  const body = { stringValue: 'mail jane.doe@example.com card 4111 1111 1111 1111' }
  const bytes = oracleEncode('logs', {
    resourceLogs: [{ scopeLogs: [{ logRecords: [{ body }] }] }],
  })
  const maskMany = (): void => {
    for (let i = 0; i < 1000; i++) masker.mask('logs', bytes)
  }
  for (let i = 0; i < 10; i++) maskMany()
  // What is kept from record to record is old from here on, as in a process that has run for a while.
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  let grown = 0
  for (let i = 0; i < 20; i++) {
    const before = oldBytes()
    maskMany()
    // Less where the whole heap was collected meanwhile.
    grown += Math.max(0, oldBytes() - before)
  }
  const bytesPerRecord = grown / 20_000
  assert.ok(bytesPerRecord < 100, `${bytesPerRecord} bytes a record`)
})
