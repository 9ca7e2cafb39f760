import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type Input, Rig } from '../../test/support/delivery-rig.ts'
import { settle } from '../../test/support/fake-clock.ts'
import { numbersOf } from '../../test/support/numbered-logs.ts'
import { seededRandom } from '../../test/support/random.ts'
import { until } from '../../test/support/remora-process.ts'
import { directoryStorage } from '../../test/support/stored.ts'
import { sleep } from '../component/clock.ts'
import { DeliveryError } from '../errors/delivery-error.ts'
import type { Batch } from '../signal/batch.ts'
import { fullSuccess, type SendOutcome } from './send.ts'

/**
 * Several lives of an exporter with one disk queue: random options, backends and stops. Whatever was answered is
 * delivered in the end, or was refused for good and counted; the account of each life balances.
 */
const seeds = Number(process.env['DELIVERY_SEEDS'] ?? 12)
const lives = 4

class World {
  readonly random: () => number
  readonly answered = new Set<number>()
  readonly taken = new Set<number>()
  readonly refused = new Set<number>()
  next = 0

  constructor(seed: number) {
    this.random = seededRandom(seed)
  }

  pick<T>(...choices: readonly T[]): T {
    return choices[Math.floor(this.random() * choices.length)] as T
  }

  options(): Input {
    return {
      timeout: '500ms',
      retry_on_failure: {
        enabled: this.random() < 0.7,
        initial_interval: '50ms',
        max_interval: '300ms',
        max_elapsed_time: this.pick('0s', '300ms'),
      },
      ...this.pick<Input>(
        {},
        { circuit_breaker: { failure_threshold: 2, open_duration: '200ms' } },
      ),
      sending_queue: {
        storage: 'file_storage',
        num_consumers: this.pick(1, 4),
        overflow: this.pick<'block' | 'reject' | undefined>(undefined, 'block', 'reject'),
        ...this.pick<object>(
          {},
          { queue_size: 20 },
          { batch: { min_size: 20, max_size: this.pick(0, 25) } },
        ),
      },
    }
  }

  async answer(rig: Rig, batch: Batch): Promise<SendOutcome> {
    const mood = this.random()
    if (mood < 0.2) await sleep(rig.clock, Math.floor(this.random() * 700))
    if (mood > 0.9) return new Promise(() => {})
    if (batch.itemCount > 15) throw new DeliveryError('too_large', 'no')
    if (mood > 0.6) throw new DeliveryError('unavailable', 'no')
    const numbers = numbersOf(batch)
    if (mood > 0.55) {
      for (const number of numbers) this.refused.add(number)
      throw new DeliveryError('backend_rejected', 'no')
    }
    for (const number of numbers) this.taken.add(number)
    return fullSuccess
  }
}

async function live(world: World, directory: string, healthy: boolean): Promise<void> {
  const rig: Rig = new Rig(
    world.options(),
    (batch) => {
      if (!healthy) return world.answer(rig, batch)
      for (const number of numbersOf(batch)) world.taken.add(number)
      return Promise.resolve(fullSuccess)
    },
    { storages: directoryStorage(directory, { maxSizeBytes: 2 * 1024 * 1024 }) },
  )
  await rig.delivery.start()
  rig.balances()
  for (let step = 0; step < 25 && !healthy; step++) {
    for (let i = Math.floor(world.random() * 4); i > 0; i--) {
      const [first, items] = [world.next, 1 + Math.floor(world.random() * 12)]
      world.next += items
      rig.give(items, { onFull: world.pick('refuse', 'wait') }, first).then(
        () => {
          for (let n = first; n < first + items; n++) world.answered.add(n)
        },
        () => undefined,
      )
    }
    await rig.clock.advance(Math.floor(world.random() * 200))
    await settle()
    rig.balances()
  }
  if (healthy) {
    await until('an empty queue', async () => {
      await rig.clock.advance(50)
      return rig.account.queued === 0
    })
  }
  const controller = new AbortController()
  if (world.random() < 0.5) controller.abort()
  let done = false
  const stopped = rig.delivery.stop(controller.signal).then(() => {
    done = true
  })
  const endMs = rig.clock.monotonicMs() + 2000
  await until('the stop', async () => {
    await rig.clock.advance(50)
    if (rig.clock.monotonicMs() > endMs) controller.abort()
    return done
  })
  await stopped
  await settle()
  rig.balances()
  assert.ok(!rig.outcomes.includes('pending'), 'a caller has not heard')
}

const root = await mkdtemp(join(tmpdir(), 'remora-stored-model-'))
after(() => rm(root, { recursive: true }))

for (let seed = 1; seed <= seeds; seed++) {
  test(`seed ${seed}`, { timeout: 30_000 }, async () => {
    const world = new World(seed)
    const directory = join(root, String(seed))
    for (let count = 0; count < lives; count++) await live(world, directory, false)
    await live(world, directory, true)
    const lost = [...world.answered].filter(
      (number) => !world.taken.has(number) && !world.refused.has(number),
    )
    assert.deepEqual(lost, [], 'answered and lost')
    assert.ok(world.answered.size > 50)
  })
}
