import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { RecordingLogger } from '../../test/support/settings.ts'
import { collectWhenQuiet } from './spare-heap.ts'

const mib = 1024 * 1024

/** A process of which the test says what it does; each collection leaves `alive`. */
function watched(usedAtStart = 0) {
  const clock = new FakeClock()
  const logger = new RecordingLogger()
  const state = { busy: 0, used: usedAtStart, alive: 0, collections: 0 }
  const stop = collectWhenQuiet(
    clock,
    logger,
    { busyShare: () => state.busy, usedBytes: () => state.used },
    () => {
      state.collections++
      state.used = state.alive
    },
  )
  return { clock, logger, state, stop }
}

suite('garbage of the whole process', () => {
  test('is collected once in a quiet moment', async () => {
    const { clock, logger, state } = watched()
    Object.assign(state, { used: 270 * mib, alive: 20 * mib })
    await clock.advance(4999)
    assert.equal(state.collections, 0)
    await clock.advance(1)
    assert.equal(state.collections, 1)
    assert.deepEqual(logger.texts('debug'), [
      `collected garbage {"before":${270 * mib},"after":${20 * mib},"took_ms":0}`,
    ])
    await clock.advance(3_600_000)
    assert.equal(state.collections, 1)
  })

  test('waits while there is work, and for five quiet seconds in a row after it', async () => {
    const { clock, state } = watched()
    Object.assign(state, { used: 270 * mib, busy: 0.2 })
    await clock.advance(60_000)
    for (const busy of [0, 0, 0, 0, 0.9, 0.19, 0.19, 0.19, 0.19]) {
      state.busy = busy
      await clock.advance(1000)
    }
    assert.equal(state.collections, 0)
    await clock.advance(1000)
    assert.equal(state.collections, 1)
  })

  test('that a start left behind is collected only if it is more than any program has', async () => {
    for (const [mibAtStart, collections] of [
      [24, 0],
      [50, 1],
    ] as const) {
      const { clock, state } = watched(mibAtStart * mib)
      await clock.advance(60_000)
      assert.equal(state.collections, collections, `${mibAtStart} MiB`)
    }
  })

  const rows: readonly (readonly [aliveMib: number, growsMib: number, collected: boolean])[] = [
    [10, 7, false],
    [10, 8, true],
    [200, 99, false],
    [200, 100, true],
  ]
  for (const [aliveMib, growsMib, collected] of rows) {
    const words = `${growsMib} MiB more than the ${aliveMib} that were alive`
    test(`${collected ? 'is collected at' : 'is left at'} ${words}`, async () => {
      const { clock, state } = watched()
      Object.assign(state, { used: 1000 * mib, alive: aliveMib * mib })
      await clock.advance(5000)
      state.used = (aliveMib + growsMib) * mib
      await clock.advance(10_000)
      assert.equal(state.collections, collected ? 2 : 1)
    })
  }

  test('is nobody’s business after the end', async () => {
    const { clock, state, stop } = watched()
    stop()
    state.used = 1000 * mib
    await clock.advance(10_000)
    assert.equal(state.collections, 0)
    assert.equal(clock.pending, 0)
  })
})
