import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fail, ok, Rig } from '../../test/support/delivery-rig.ts'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { drainSeconds, Flow } from './flow.ts'

suite('a flow', () => {
  test('is what came in the last half minute, by the second', async () => {
    const clock = new FakeClock()
    const flow = new Flow(clock)
    assert.equal(flow.perSecond(), 0)
    for (let second = 0; second < 60; second++) {
      flow.add(100)
      await clock.advance(1000)
      if (second > 2) assert.ok(Math.abs(flow.perSecond() - 100) < 5, `${flow.perSecond()}`)
    }
    await clock.advance(30_000)
    assert.equal(flow.perSecond(), 0)
    flow.add(50)
    assert.ok(flow.perSecond() > 0)
    await clock.advance(3_600_000)
    assert.equal(flow.perSecond(), 0)
  })
})

suite('the time to drain', () => {
  const rows = [
    { name: 'of nothing', items: 0, coming: 10, going: 0, want: 0 },
    { name: 'while nothing goes out', items: 5, coming: 0, going: 0, want: Infinity },
    { name: 'of what is always under way', items: 50, coming: 100, going: 100, want: 0.5 },
    { name: 'while more comes than goes', items: 5000, coming: 120, going: 100, want: Infinity },
    { name: 'by what goes beyond what comes', items: 5000, coming: 50, going: 150, want: 50 },
  ]
  for (const { name, items, coming, going, want } of rows) {
    test(name, () => assert.equal(drainSeconds(items, coming, going), want))
  }
})

test('the backlog is seen: items, bytes, age, and when it will be gone', async () => {
  let down = true
  const rig = new Rig(
    {
      retry_on_failure: { initial_interval: '1s', max_interval: '1s', max_elapsed_time: '0s' },
      sending_queue: { num_consumers: 1 },
    },
    () => (down ? fail('unavailable')() : ok()),
  )
  const read = (name: string): number =>
    rig.settings.meter.value(`remora_exporter_backlog_${name}`, { data_type: 'logs' })
  for (let i = 0; i < 10; i++) {
    void rig.give(10)
    await rig.advance(1000)
  }
  assert.deepEqual([read('items'), read('age_seconds')], [100, 10])
  assert.ok(read('bytes') > 100)
  assert.equal(read('drain_seconds'), Infinity)
  down = false
  await rig.advance(2000)
  assert.deepEqual(
    ['items', 'bytes', 'age_seconds', 'drain_seconds'].map((name) => read(name)),
    [0, 0, 0, 0],
  )
})
