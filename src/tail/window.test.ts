import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { RecordingIntake } from '../../test/support/recording-intake.ts'
import { RecordingLogger } from '../../test/support/settings.ts'
import { DeliveryError } from '../errors/delivery-error.ts'
import { Batch } from '../signal/batch.ts'
import { DeliveryWindow } from './window.ts'

test('so many batches are on their way and no more, however small they are', async () => {
  const intake = new RecordingIntake('hang')
  const window = new DeliveryWindow({
    intake: intake as never,
    clock: new FakeClock(),
    logger: new RecordingLogger(),
    counters: { accepted: { add: () => {} }, refused: { add: () => {} } },
    limitBytes: 8 * 1024 * 1024,
    until: 'delivered',
    committed: () => {},
  })
  let pushed = 0
  for (; window.hasRoom && pushed < 1000; pushed++) {
    window.push(new Batch('logs', [new Uint8Array(3)], 1), [])
  }
  assert.equal(pushed, 128)
  intake.hanging[0]?.accept()
  await window.room()
  assert.equal(window.hasRoom, true)
})

suite('a consumer that asks to wait', () => {
  test('for hours is asked again after a minute: one answer must not stop reading', async () => {
    const clock = new FakeClock()
    const late = new DeliveryError('throttled', 'slow', { retryAfterMs: 7_200_000 })
    const intake = new RecordingIntake(late, 'accept')
    const counters = { accepted: { add: () => {} }, refused: { add: () => {} } }
    const window = new DeliveryWindow({
      intake: intake as never,
      clock,
      logger: new RecordingLogger(),
      counters,
      limitBytes: 1000,
      until: 'delivered',
      committed: () => {},
    })
    window.push(new Batch('logs', [new Uint8Array(3)], 1), [])
    await clock.advance(59_000)
    assert.equal(intake.calls.length, 1)
    assert.equal(window.hasRoom, false)
    await clock.advance(1000)
    assert.equal(intake.calls.length, 2)
    assert.equal(window.hasRoom, true)
    assert.equal(window.bytes, 0)
  })
})
