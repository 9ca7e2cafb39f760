import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { patientKeepalive } from '../../../test/support/http2/echo-server.ts'
import { KeepaliveWatch } from './keepalive.ts'

suite('the age of a connection', () => {
  for (const { random, ageMs } of [
    { random: 0, ageMs: 900 },
    { random: 0.5, ageMs: 1000 },
    { random: 1, ageMs: 1100 },
  ]) {
    test(`is ${ageMs} of 1000 ms for the random number ${random}`, () => {
      const watch = new KeepaliveWatch({ ...patientKeepalive, ageMs: 1000 }, 0, random)
      assert.deepEqual([watch.tick(ageMs - 1, 1), watch.tick(ageMs, 1)], ['none', 'drain'])
    })
  }

  test('that has no end has none with jitter either', () => {
    const watch = new KeepaliveWatch(patientKeepalive, 0, 0)
    assert.equal(watch.tick(Number.MAX_SAFE_INTEGER, 1), 'none')
  })
})
