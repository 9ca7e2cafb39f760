import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createInstanceId } from './instance-id.ts'

test('instance ids are UUIDs of version 4, each another', () => {
  const ids = Array.from({ length: 1000 }, createInstanceId)
  for (const id of ids) {
    assert.match(id, /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
  }
  assert.equal(new Set(ids).size, ids.length)
})
