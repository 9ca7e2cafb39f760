import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { sleep } from '../../src/component/clock.ts'
import { DeliveryError } from '../../src/errors/delivery-error.ts'
import { Batch } from '../../src/signal/batch.ts'
import { FakeClock, settle } from './fake-clock.ts'
import { RecordingIntake, testContext } from './recording-intake.ts'
import { testSettings } from './settings.ts'

suite('FakeClock', () => {
  test('runs due timers in order of time, then of creation', async () => {
    const clock = new FakeClock(0)
    const ran: string[] = []
    clock.after(20, () => ran.push('b'))
    clock.after(10, () => ran.push('a'))
    clock.after(20, () => ran.push('c'))
    clock.after(21, () => ran.push('late'))
    await clock.advance(20)
    assert.deepEqual(ran, ['a', 'b', 'c'])
    assert.equal(clock.pending, 1)
  })

  test('runs timers that promise callbacks set on the way', async () => {
    const clock = new FakeClock(0)
    const at: number[] = []
    const loop = async (): Promise<void> => {
      for (let i = 0; i < 3; i++) {
        await sleep(clock, 10)
        at.push(clock.nowMs())
      }
    }
    const done = loop()
    await clock.advance(100)
    await done
    assert.deepEqual(at, [10, 20, 30])
    assert.equal(clock.nowMs(), 100)
  })

  test('repeats every period until cancelled', async () => {
    const clock = new FakeClock(0)
    let runs = 0
    const cancel = clock.every(10, () => {
      runs += 1
    })
    await clock.advance(35)
    cancel()
    await clock.advance(100)
    assert.equal(runs, 3)
  })
})

suite('RecordingIntake', () => {
  test('follows its script and stays with the last step', async () => {
    const full = new DeliveryError('queue_full', 'full')
    const intake = new RecordingIntake('hang', full, 'accept')
    const batch = new Batch('logs', [Uint8Array.of(1, 2)], 1)
    const first = intake.consume(batch, testContext())
    await assert.rejects(intake.consume(batch, testContext()), full)
    await intake.consume(batch, testContext())
    await intake.consume(batch, testContext())
    assert.equal(intake.hanging.length, 1)
    intake.hanging[0]?.accept()
    await first
    assert.equal(intake.itemCount, 4)
  })

  test('notices that bytes were written into', async () => {
    const intake = new RecordingIntake()
    const bytes = Uint8Array.of(1, 2)
    await intake.consume(new Batch('logs', [bytes], 1), testContext())
    intake.assertUnchanged()
    bytes[0] = 9
    assert.throws(() => intake.assertUnchanged(), /batch 0 was written into/)
  })
})

test('testSettings records what a component says', async () => {
  const settings = testSettings({ a: 1 }, { id: 'otlp/x' })
  settings.logger.warn('careful', { port: 1 })
  settings.meter.counter('n', { b: '2', a: '1' }).add(3)
  settings.meter.gauge('g', {}, () => 7)
  settings.status({ state: 'ok' })
  await settle()
  assert.deepEqual(settings.logger.messages('warn'), ['careful'])
  assert.equal(settings.meter.value('n', { a: '1', b: '2' }), 3)
  assert.equal(settings.meter.value('g'), 7)
  assert.deepEqual([...settings.meter.names], ['n', 'g'])
  assert.deepEqual(settings.statuses, [{ state: 'ok' }])
})
