import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { DiskQueue } from '../../../src/buffer/disk/disk-queue.ts'
import type { DiskRecord } from '../../../src/buffer/disk/disk-record.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { Random } from '../../support/random.ts'
import { drain, openQueue } from './on-disk.ts'
import { account, numberedBatch, quietEvents, quietLogger, settingsFor } from './queue-support.ts'
import { type FaultyCall, SimulatedFileSystem } from './simulated-file-system.ts'

const KiB = 1024
const settings = settingsFor('/queue', { maxSizeBytes: 64 * KiB })

/** What one life of a queue was told before it ended, and the calls it made. */
interface Life {
  readonly fs: SimulatedFileSystem
  readonly safe: Set<number>
  readonly acknowledged: Set<number>
  readonly calls: FaultyCall[]
}

/** Writes some segments, acknowledges most of it, saves the cursor, closes; dies after `callsLeft` calls. */
async function live(seed: number, callsLeft: number): Promise<Life> {
  const fs = new SimulatedFileSystem(new Random(seed))
  const life: Life = { fs, safe: new Set(), acknowledged: new Set(), calls: [] }
  let died = false
  fs.onCrash = () => {
    died = true
  }
  fs.fault = (call) => {
    life.calls.push(call)
  }
  fs.callsLeft = callsLeft
  const script = runScript(life)
  let ended = false
  void script.then(() => {
    ended = true
  })
  while (!ended && !died) await new Promise((resolve) => setImmediate(resolve))
  if (!died) await script
  return life
}

async function runScript({ fs, safe, acknowledged }: Life): Promise<void> {
  const clock = new FakeClock()
  const parts = { fs: fs.forProcess(), clock, logger: quietLogger, random: () => 0.5 }
  const queue = await DiskQueue.open(settings, parts, quietEvents)
  const taken: (DiskRecord & { number?: number })[] = []
  for (let round = 0; round < 4; round++) {
    const appended = Array.from({ length: 6 }, (_, index) => {
      const number = round * 6 + index
      return queue.append(numberedBatch(number, 700), account).then(() => safe.add(number))
    })
    await Promise.all(appended)
    for (let record = queue.take(); record !== undefined; record = queue.take()) taken.push(record)
    // Not the first of each round: its segment stays.
    for (const record of taken.splice(1)) {
      acknowledged.add(Buffer.from(record.batch.bytes()).readUInt32LE(0))
      queue.ack(record)
    }
    await clock.advance(1500)
  }
  await queue.close()
}

async function checkAfterwards({ fs, safe, acknowledged }: Life): Promise<void> {
  const { queue } = await openQueue('/queue', { maxSizeBytes: 64 * KiB }, fs.forProcess())
  const delivered = new Set(await drain(queue))
  const lost = [...safe].filter((number) => !acknowledged.has(number) && !delivered.has(number))
  assert.deepEqual(lost, [])
  await queue.append(numberedBatch(1000, 100), account)
  assert.deepEqual(await drain(queue), [1000])
  await queue.close()
  assert.equal(fs.openFiles, 0)
}

suite('a crash', async () => {
  const whole = await live(1, Number.POSITIVE_INFINITY)
  const { calls } = whole

  test('is tried at calls of every kind', () => {
    for (const call of ['create', 'writev', 'sync', 'syncDirectory', 'rename', 'unlink', 'close']) {
      assert.ok(calls.includes(call as FaultyCall), call)
    }
  })

  /** Every number of calls after which the power fails or the process is killed. */
  async function crashAt(when: (index: number) => boolean, how: 'kill' | 'crash', seeds: number) {
    for (let index = 0; index <= calls.length; index++) {
      if (!when(index)) continue
      for (let seed = 1; seed <= seeds; seed++) {
        const life = await live(seed, index)
        life.fs[how]()
        await checkAfterwards(life).catch((error: Error) => {
          assert.fail(`after ${index} calls (${calls[index - 1]}), seed ${seed}: ${error.stack}`)
        })
      }
    }
  }

  test('D1: kill -9 at every write, fsync, rename and unlink loses nothing', () =>
    crashAt(() => true, 'kill', 1))

  test('D2: lost writes and lost directory entries lose nothing that was acknowledged', () =>
    crashAt(() => true, 'crash', 3))

  test('D3: between the unlink of a file and the save of the cursor: no crash loop', () =>
    crashAt((index) => calls[index - 1] === 'unlink' || calls[index] === 'unlink', 'crash', 10))

  test('D4: while a segment rolls: no deadlock', () =>
    crashAt((index) => calls.slice(index - 1, index + 4).includes('create'), 'crash', 5))
})
