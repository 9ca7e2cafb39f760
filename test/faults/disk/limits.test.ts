import assert from 'node:assert/strict'
import { mkdir, readdir, rm, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { readCursor } from '../../../src/buffer/disk/cursor.ts'
import { DiskQueue } from '../../../src/buffer/disk/disk-queue.ts'
import type { DiskRecord } from '../../../src/buffer/disk/disk-record.ts'
import type { FileSystem } from '../../../src/buffer/disk/file-system.ts'
import { nodeFileSystem } from '../../../src/buffer/disk/node-file-system.ts'
import { DeliveryError } from '../../../src/errors/delivery-error.ts'
import { Batch } from '../../../src/signal/batch.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { Random } from '../../support/random.ts'
import { until } from '../../support/remora-process.ts'
import { RecordingLogger } from '../../support/settings.ts'
import { bytesIn, drain, fill, makeDirectory, numbers, openQueue } from './on-disk.ts'
import { account, numberedBatch, numberOf, quietEvents, settingsFor } from './queue-support.ts'
import { type FaultyCall, failure, SimulatedFileSystem } from './simulated-file-system.ts'

const KiB = 1024
const MiB = 1024 * KiB

function simulated(): SimulatedFileSystem {
  return new SimulatedFileSystem(new Random(7))
}

function isRefusal(code: string) {
  return (error: unknown) => error instanceof DeliveryError && error.code === code
}

suite('what is not acknowledged stays', () => {
  test('D8: closed while nothing can be delivered: nothing is deleted', async (t) => {
    const directory = await makeDirectory(t)
    const { queue } = await openQueue(directory)
    await fill(queue, 0, 50)
    // Ten of them are being sent, and their sends never end.
    for (let sent = 0; sent < 10; sent++) queue.take()
    await queue.close()
    const { queue: again } = await openQueue(directory)
    assert.equal(again.waiting.records, 50)
    assert.deepEqual(await drain(again), numbers(0, 50))
    await again.close()
  })

  test('D9: restarted in the middle of sends: those in flight come again, the others do not', async () => {
    const fs = simulated()
    const { queue, clock } = await openQueue('/queue', {}, fs.forProcess())
    await fill(queue, 0, 20)
    const sent = Array.from({ length: 10 }, () => queue.take())
    // Out of order: 1, 3, 5, 7, 9 arrive, and the cursor is saved.
    for (const record of sent) {
      if (record !== undefined && numberOf(record.batch) % 2 === 1) queue.ack(record)
    }
    await settle(fs)
    await clock.advance(1100)
    await settle(fs)
    // 0 and 2 arrive after the last save: they are the duplicates that a crash makes.
    for (const index of [0, 2]) {
      const record = sent[index]
      if (record !== undefined) queue.ack(record)
    }
    fs.kill()
    const { queue: again } = await openQueue('/queue', {}, fs.forProcess())
    assert.deepEqual(await drain(again), [0, 2, 4, 6, 8, ...numbers(10, 20)])
    await again.close()
  })

  test('D9: what was acknowledged stays so when the removal of its file is lost with the power', async () => {
    let came = 0
    for (let seed = 1; seed <= 200; seed++) {
      const fs = new SimulatedFileSystem(new Random(seed))
      const { queue, clock } = await openQueue(
        '/queue',
        { maxSizeBytes: 64 * KiB },
        fs.forProcess(),
      )
      await fill(queue, 0, 6, 1000)
      const [first, ...others] = [queue.take(), queue.take(), queue.take(), queue.take()]
      for (const record of others) if (record !== undefined) queue.ack(record)
      await settle(fs)
      await clock.advance(1100)
      await settle(fs)
      assert.equal(queue.counts.cursorSaves, 1)
      // Its segment goes. The next save of the cursor is cut short after the rename.
      let renamed = false
      fs.fault = (call) => {
        if (call !== 'rename') return
        renamed = true
        fs.callsLeft = 0
      }
      if (first !== undefined) queue.ack(first)
      await clock.advance(1100)
      for (let turns = 0; turns < 100; turns++) await clock.advance(0)
      assert.ok(renamed)
      fs.crash()
      if (fs.names().some((name) => name.startsWith('00000001-'))) came++
      const { queue: again } = await openQueue('/queue', {}, fs.forProcess())
      const delivered = await drain(again)
      assert.deepEqual(
        delivered.filter((number) => number > 0),
        [4, 5],
        `seed ${seed}`,
      )
      await again.close()
    }
    assert.ok(came > 10, 'the removed file hardly ever came back')
  })

  test('D14: an outage of days, with restarts and a clock that goes wrong: the oldest goes first', async (t) => {
    const directory = await makeDirectory(t)
    for (let day = 0; day < 5; day++) {
      const { queue, clock } = await openQueue(directory, { memoryBytes: 4 * KiB })
      clock.jumpWallClock((day === 2 ? -3 : day) * 86_400_000)
      await fill(queue, day * 200, day * 200 + 200, 300)
      assert.equal(queue.peek() === undefined ? 0 : numberOf((queue.peek() as never)['batch']), 0)
      await queue.close()
    }
    const { queue } = await openQueue(directory, { memoryBytes: 4 * KiB })
    assert.equal(queue.waiting.records, 1000)
    assert.deepEqual(await drain(queue), numbers(0, 1000))
    await queue.close()
  })

  test('D16: taken to be joined with others, then killed: nothing is lost', async () => {
    const fs = simulated()
    const { queue } = await openQueue('/queue', {}, fs.forProcess())
    await fill(queue, 0, 30)
    while (queue.take() !== undefined) {
      // They wait in a batcher.
    }
    fs.crash()
    const { queue: again } = await openQueue('/queue', {}, fs.forProcess())
    assert.deepEqual(await drain(again), numbers(0, 30))
    await again.close()
  })
})

suite('the cap', () => {
  test('D10: smaller than the backlog after a restart: starts, drains, then takes new batches', async (t) => {
    const directory = await makeDirectory(t)
    const { queue } = await openQueue(directory, { maxSizeBytes: 8 * MiB })
    await fill(queue, 0, 400, 10_000)
    await queue.close()
    let room = 0
    const changes = { maxSizeBytes: MiB, memoryBytes: 64 * KiB }
    const { queue: again } = await openQueue(directory, changes, nodeFileSystem, {
      onRoom: () => room++,
    })
    assert.equal(again.waiting.records, 400)
    assert.ok(!again.fits(100, account))
    await assert.rejects(again.append(numberedBatch(1, 100), account), isRefusal('queue_full'))
    assert.deepEqual(await drain(again), numbers(0, 400))
    assert.ok(room > 0, 'nobody was told that there is room')
    assert.ok(again.fits(100, account))
    await fill(again, 400, 410)
    assert.deepEqual(await drain(again), numbers(400, 410))
    assert.ok((await bytesIn(directory)) <= MiB)
    await again.close()
  })

  test('D12: never exceeded, across restarts and with very many small batches', async (t) => {
    const directory = await makeDirectory(t)
    const cap = 256 * KiB
    let most = 0
    let descriptors = 0
    let mostDescriptors = 0
    const watched: FileSystem = {
      ...nodeFileSystem,
      create: (path) => {
        mostDescriptors = Math.max(mostDescriptors, ++descriptors)
        return nodeFileSystem.create(path)
      },
      open: (path, access) => {
        mostDescriptors = Math.max(mostDescriptors, ++descriptors)
        return nodeFileSystem.open(path, access)
      },
      close: (file) => {
        descriptors--
        return nodeFileSystem.close(file)
      },
      writev: async (file, buffers, offset) => {
        const written = await nodeFileSystem.writev(file, buffers, offset)
        most = Math.max(most, await bytesIn(directory))
        return written
      },
    }
    let number = 0
    const accepted: number[] = []
    const delivered: number[] = []
    for (let start = 0; start < 4; start++) {
      const { queue } = await openQueue(directory, { maxSizeBytes: cap, memoryBytes: 0 }, watched)
      for (let group = 0; group < 50; group++) {
        const appends: Promise<void>[] = []
        for (let count = 0; count < 100; count++) {
          const mine = number++
          if (!queue.fits(20, account)) continue
          appends.push(queue.append(numberedBatch(mine, 20), account))
          accepted.push(mine)
        }
        await Promise.all(appends)
      }
      assert.ok(!queue.fits(20, account), 'it was never full')
      for (let count = 0; count < 2500; count++) {
        const record = await nextRecord(queue)
        if (record === undefined) break
        delivered.push(numberOf(record.batch))
        queue.ack(record)
      }
      await queue.close()
    }
    const { queue } = await openQueue(directory, { maxSizeBytes: cap })
    delivered.push(...(await drain(queue)))
    await queue.close()
    assert.deepEqual(delivered, accepted)
    assert.ok(most <= cap && most > cap * 0.9, `${most} bytes of ${cap}`)
    assert.ok(mostDescriptors <= 4, `${mostDescriptors} files open at once`)
    assert.deepEqual(await readdir(directory), ['cursor', 'cursor.before'])
  })

  test('D12: room that acknowledged files leave is used only once they are gone', async () => {
    const fs = simulated()
    const cap = 64 * KiB
    const { queue, clock } = await openQueue('/queue', { maxSizeBytes: cap }, fs)
    let number = 0
    while (queue.fits(1000, account)) await fill(queue, number, ++number, 1000)
    let removable = false
    fs.fault = (call) => {
      if (call === 'unlink' && !removable) throw failure('EIO')
    }
    await drain(queue)
    assert.ok(queue.fits(20_000, account), 'acknowledged files leave room')
    await assert.rejects(
      queue.append(numberedBatch(number, 20_000), account),
      isRefusal('write_failed'),
    )
    assert.equal(queue.failure?.code, 'EIO', 'what is wrong is said')
    await clock.advance(1000)
    await settle(fs)
    assert.equal(queue.failure?.code, 'EIO', 'a cursor that can be saved makes no room')
    removable = true
    await clock.advance(2000)
    await settle(fs)
    assert.equal(queue.failure, undefined)
    await queue.append(numberedBatch(number, 20_000), account)
    assert.ok(fs.bytesMostSeen <= cap, `${fs.bytesMostSeen} bytes of ${cap}`)
    await queue.close()
  })

  test('D12: a long time read-only costs no memory, and the cursor after it says everything once', async () => {
    const fs = simulated()
    const { queue, clock } = await openQueue('/queue', { maxSizeBytes: 64 * KiB }, fs)
    await fill(queue, 0, 30, 1000)
    fs.fault = (call) => {
      if (['create', 'rename', 'unlink'].includes(call)) throw failure('EROFS')
    }
    assert.deepEqual(await drain(queue), numbers(0, 30))
    for (let probe = 0; probe < 50; probe++) {
      await clock.advance(30_000)
      await settle(fs)
    }
    fs.fault = (call) => {
      if (call === 'unlink') throw failure('EROFS')
    }
    await clock.advance(30_000)
    await settle(fs)
    const cursor = readCursor(fs.content('cursor'))
    assert.ok(typeof cursor === 'object', String(cursor))
    const sequences = cursor.entries.map(({ sequence }) => sequence)
    assert.deepEqual(sequences, [...new Set(sequences)])
    assert.ok(sequences.length > 5, `${sequences.length} segments`)
    await queue.close()
  })

  test('D12: a stop that cannot save the cursor says so', async () => {
    const fs = simulated()
    const logger = new RecordingLogger()
    const parts = { fs, clock: new FakeClock(), logger, random: () => 0.5 }
    const queue = await DiskQueue.open(settingsFor('/queue'), parts, quietEvents)
    await fill(queue, 0, 5)
    queue.ack(queue.take() as DiskRecord)
    fs.fault = (call) => {
      if (call === 'rename') throw failure('EROFS')
    }
    await queue.close()
    assert.deepEqual(logger.texts('error'), [
      'cannot write to the disk queue {"message":"EROFS: simulated"}',
    ])
    assert.equal(parts.clock.pending, 0)
  })

  test('D13: a batch larger than the queue can hold is refused alone', async (t) => {
    const directory = await makeDirectory(t)
    const { queue } = await openQueue(directory, { maxSizeBytes: 8 * MiB })
    const largest = queue.payloadBytesMax
    assert.ok(largest > 4 * MiB, 'the largest request of a gRPC sender must fit')
    const outcomes = await Promise.allSettled([
      queue.append(numberedBatch(0, 100), account),
      queue.append(numberedBatch(1, largest + 1000), account),
      queue.append(numberedBatch(2, largest), account),
      queue.append(numberedBatch(3, 100), account),
    ])
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
    )
    await assert.rejects(
      queue.append(numberedBatch(1, largest + 1000), account),
      isRefusal('too_large'),
    )
    await queue.close()
    const { queue: again } = await openQueue(directory, { maxSizeBytes: 8 * MiB, memoryBytes: 0 })
    assert.deepEqual(await drain(again), [0, 2, 3])
    await again.close()
  })

  test('D13: a record nested 10,000 deep passes as the bytes that it is', async (t) => {
    const directory = await makeDirectory(t)
    const { queue } = await openQueue(directory)
    const deep = Buffer.alloc(20_000, 0x2a)
    await queue.append(new Batch('logs', [deep], 1), account)
    await queue.close()
    const { queue: again } = await openQueue(directory)
    const record = await nextRecord(again)
    assert.deepEqual(Buffer.from(record?.batch.bytes() ?? []), deep)
    await again.close()
  })

  test('drop_oldest: drops nothing when what is being sent leaves no room even so', async (t) => {
    const { queue } = await openQueue(await makeDirectory(t), { maxSizeBytes: 64 * KiB })
    // Three to a file. One of the last file is being sent, so no file can go.
    await fill(queue, 0, 42, 1000)
    for (let count = 0; count < 40; count++) await nextRecord(queue)
    await new Promise((resolve) => setImmediate(resolve))
    assert.ok(!queue.fits(20_000, account))
    assert.ok(!queue.dropOldest(20_000, account, () => assert.fail('something is dropped')))
    assert.equal(queue.waiting.records, 2)
    await queue.close()
  })

  test('drop_oldest: makes room, says what went, and that does not come back', async (t) => {
    const directory = await makeDirectory(t)
    const cap = 256 * KiB
    const { queue } = await openQueue(directory, { maxSizeBytes: cap, memoryBytes: 8 * KiB })
    let number = 0
    while (queue.fits(1000, account)) await fill(queue, number, ++number, 1000)
    let dropped = 0
    let items = 0
    queue.dropOldest(20_000, account, (name, tally) => {
      assert.equal(name, account)
      dropped += tally.records
      items += tally.items
    })
    assert.ok(queue.fits(20_000, account))
    assert.ok(dropped > 0 && dropped < number / 4, `${dropped} of ${number} dropped`)
    assert.equal(
      items,
      numbers(0, dropped).reduce((sum, n) => sum + (n % 7) + 1, 0),
    )
    await queue.append(numberedBatch(number, 20_000), account)
    assert.ok((await bytesIn(directory)) <= cap)
    await queue.close()
    const { queue: again } = await openQueue(directory, { maxSizeBytes: cap })
    assert.deepEqual(await drain(again), numbers(dropped, number + 1))
    await again.close()
  })
})

suite('D11: a disk that takes nothing', () => {
  const rows: readonly { code: string; call: FaultyCall }[] = [
    { code: 'ENOSPC', call: 'writev' },
    { code: 'EIO', call: 'writev' },
    { code: 'EROFS', call: 'writev' },
    { code: 'EIO', call: 'sync' },
    { code: 'ENOSPC', call: 'sync' },
    { code: 'EROFS', call: 'create' },
    { code: 'EIO', call: 'syncDirectory' },
  ]
  for (const { code, call } of rows) {
    test(`${code} of ${call}: refuses, keeps what it has, recovers`, async () => {
      const fs = simulated()
      const { queue } = await openQueue('/queue', { maxSizeBytes: 64 * KiB }, fs)
      await fill(queue, 0, 5, 500)
      let broken = true
      fs.fault = (name) => {
        if (broken && name === call) throw failure(code)
      }
      // Larger than a segment, so that a new file is needed.
      await assert.rejects(queue.append(numberedBatch(5, 5000), account), isRefusal('write_failed'))
      assert.equal(queue.failure?.code, code)
      broken = false
      await fill(queue, 6, 12, 500)
      assert.equal(queue.failure, undefined)
      assert.deepEqual(await drain(queue), [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11])
      await fill(queue, 12, 13, 500)
      await queue.close()
      const { queue: again } = await openQueue('/queue', {}, fs)
      assert.deepEqual(await drain(again), [12])
      await again.close()
    })
  }

  test('files removed by somebody: refuses what went into them, and goes on with new ones', async (t) => {
    const directory = await makeDirectory(t)
    const { queue } = await openQueue(directory)
    await fill(queue, 0, 3)
    for (const name of await readdir(directory)) await unlink(join(directory, name))
    await assert.rejects(queue.append(numberedBatch(3, 100), account), isRefusal('write_failed'))
    assert.equal(queue.failure?.code, 'ENOENT')
    await fill(queue, 4, 6)
    assert.equal(queue.failure, undefined)
    assert.deepEqual(await drain(queue), [0, 1, 2, 4, 5], 'what is in memory is not lost')
    await fill(queue, 6, 8)
    await queue.close()
    const { queue: again } = await openQueue(directory)
    assert.deepEqual(await drain(again), [6, 7])
    await again.close()
  })

  test('a directory removed by somebody: nothing is taken that would be gone', async (t) => {
    const directory = await makeDirectory(t)
    const { queue, clock } = await openQueue(directory)
    await fill(queue, 0, 3)
    await rm(directory, { recursive: true })
    for (const number of [3, 4]) {
      const append = queue.append(numberedBatch(number, 100), account)
      await assert.rejects(append, isRefusal('write_failed'))
    }
    await mkdir(directory)
    await until('the probe', async () => {
      await clock.advance(1000)
      return queue.failure === undefined
    })
    await fill(queue, 5, 7)
    assert.deepEqual(await drain(queue), [0, 1, 2, 5, 6])
    await queue.close()
  })

  test('a directory removed by somebody, then a stop: what is lost with it is counted', async (t) => {
    const directory = await makeDirectory(t)
    const lost: unknown[] = []
    const onLost = (name: string, { records, items }: { records: number; items: number }): void => {
      lost.push([name, records, items])
    }
    const changes = { memoryBytes: 500 }
    const { queue } = await openQueue(directory, changes, nodeFileSystem, { onLost })
    // Of 28 items: two batches are being sent, some wait in memory, the rest on the disk.
    await fill(queue, 0, 7)
    queue.take()
    queue.take()
    await rm(directory, { recursive: true })
    await queue.close()
    assert.deepEqual(lost, [[account, 7, 28]])
    assert.deepEqual([queue.waiting.records, queue.sending.records, queue.lost.items], [0, 0, 28])
  })

  test('full disk: it finds by itself that space is back, and says so', async () => {
    const fs = simulated()
    let room = 0
    const { queue, clock } = await openQueue('/queue', {}, fs, { onRoom: () => room++ })
    await fill(queue, 0, 3)
    fs.capacityBytes = fs.usedBytes
    await assert.rejects(queue.append(numberedBatch(3, 500), account), isRefusal('write_failed'))
    for (let second = 0; second < 10; second++) {
      await clock.advance(1000)
      await settle(fs)
    }
    assert.equal(queue.failure?.code, 'ENOSPC')
    assert.equal(room, 0)
    fs.capacityBytes = Number.POSITIVE_INFINITY
    for (let second = 0; second < 30 && room === 0; second++) {
      await clock.advance(1000)
      await settle(fs)
    }
    assert.equal(room, 1)
    assert.equal(queue.failure, undefined)
    assert.deepEqual(await drain(queue), [0, 1, 2])
    await queue.close()
  })

  for (const [where, maxSizeBytes, reserve] of [
    ['in many files', 64 * KiB, 0],
    ['in the file that is written to', MiB, 0],
    ['in that file, with room for a cursor', MiB, 1024],
  ] as const) {
    test(`full disk: what was delivered ${where} is room, and the next batch is taken a second later`, async () => {
      const fs = simulated()
      const { queue, clock } = await openQueue('/queue', { maxSizeBytes }, fs)
      await fill(queue, 0, 20, 1000)
      fs.capacityBytes = fs.usedBytes + reserve
      const append = () => queue.append(numberedBatch(20, 2000), account)
      await assert.rejects(append(), isRefusal('write_failed'))
      // By now the probes come every half minute.
      for (let second = 0; second < 100; second++) {
        await clock.advance(1000)
        await settle(fs)
        if (queue.failure === undefined) await assert.rejects(append(), isRefusal('write_failed'))
      }
      assert.equal(queue.failure?.code, 'ENOSPC')
      assert.deepEqual(await drain(queue), numbers(0, 20))
      await settle(fs)
      await clock.advance(1000)
      await settle(fs)
      assert.equal(queue.failure, undefined)
      await fill(queue, 21, 22, 2000)
      await queue.close()
      assert.equal(clock.pending, 0)
    })
  }

  test('full disk: what was delivered before it filled up is room too', async () => {
    const fs = simulated()
    const { queue, clock } = await openQueue('/queue', { maxSizeBytes: MiB }, fs)
    await fill(queue, 0, 20, 1000)
    await drain(queue)
    fs.capacityBytes = fs.usedBytes
    await assert.rejects(queue.append(numberedBatch(20, 2000), account), isRefusal('write_failed'))
    for (let second = 0; second < 3; second++) {
      await clock.advance(1000)
      await settle(fs)
    }
    assert.equal(queue.failure, undefined)
    await fill(queue, 21, 22, 2000)
    await queue.close()
  })

  test('full disk with room for a cursor: it is not said to be healed again and again', async () => {
    const fs = simulated()
    const { queue, clock } = await openQueue('/queue', {}, fs)
    await fill(queue, 0, 3)
    fs.capacityBytes = fs.usedBytes + 4096
    let refused = 0
    const seconds = 120
    for (let second = 0; second < seconds; second++) {
      if (queue.failure === undefined) {
        const append = queue.append(numberedBatch(3, 50_000), account)
        await assert.rejects(append, isRefusal('write_failed'))
        refused++
      }
      await clock.advance(1000)
      await settle(fs)
    }
    assert.ok(refused > 3 && refused < 12, `${refused} times in ${seconds} s`)
    fs.capacityBytes = Number.POSITIVE_INFINITY
    for (let second = 0; second < 30; second++) {
      await clock.advance(1000)
      await settle(fs)
    }
    assert.equal(queue.failure, undefined)
    await fill(queue, 3, 4, 50_000)
    assert.deepEqual(await drain(queue), [0, 1, 2, 3])
    await queue.close()
  })

  test('full disk: acknowledged files go although the cursor cannot be saved', async () => {
    const fs = simulated()
    const { queue, clock } = await openQueue('/queue', { maxSizeBytes: 64 * KiB }, fs)
    await fill(queue, 0, 40, 1000)
    fs.capacityBytes = fs.usedBytes
    const before = fs.usedBytes
    await drain(queue)
    await clock.advance(2000)
    await settle(fs)
    assert.ok(fs.usedBytes < before / 2, `${fs.usedBytes} of ${before} bytes are left`)
    await queue.close()
  })

  test('a disk that is read-only from the start: delivers what it has', async () => {
    const fs = simulated()
    const { queue } = await openQueue('/queue', {}, fs)
    await fill(queue, 0, 5)
    await queue.close()
    fs.fault = (name) => {
      if (!['list', 'size', 'open', 'read', 'close'].includes(name)) throw failure('EROFS')
    }
    const { queue: again } = await openQueue('/queue', {}, fs)
    assert.deepEqual(await drain(again), numbers(0, 5))
    await assert.rejects(again.append(numberedBatch(9, 10), account), isRefusal('write_failed'))
    await again.close()
  })
})

suite('while the consumer keeps up', () => {
  test('nothing is read back, and appends of one turn share a sync', async () => {
    const fs = simulated()
    const calls: FaultyCall[] = []
    fs.fault = (call) => {
      calls.push(call)
    }
    const { queue } = await openQueue('/queue', {}, fs)
    for (let round = 0; round < 10; round++) {
      await Promise.all(
        numbers(round * 20, round * 20 + 20).map((number) =>
          queue.append(numberedBatch(number, 1000), account),
        ),
      )
      assert.deepEqual(await drain(queue), numbers(round * 20, round * 20 + 20))
    }
    assert.equal(calls.filter((call) => call === 'read').length, 0)
    assert.equal(queue.counts.groups, 10)
    assert.equal(queue.counts.syncs, 10)
    await queue.close()
  })
})

test('large records that are read back are read about once', async (t) => {
  const directory = await makeDirectory(t)
  const sizeBytes = 100_000
  const { queue: first } = await openQueue(directory)
  await fill(first, 0, 20, sizeBytes)
  await first.close()
  let read = 0
  const counting: FileSystem = {
    ...nodeFileSystem,
    read: (file, into, offset) => {
      read += into.byteLength
      return nodeFileSystem.read(file, into, offset)
    },
  }
  const { queue } = await openQueue(directory, { readBytes: 64 * 1024 }, counting)
  const scanned = read
  assert.deepEqual(await drain(queue), numbers(0, 20))
  const bytes = read - scanned
  assert.ok(bytes < 1.1 * 20 * sizeBytes, `${bytes} bytes were read`)
  await queue.close()
})

async function nextRecord(queue: Awaited<ReturnType<typeof openQueue>>['queue']) {
  while (queue.peek() === undefined && queue.waiting.records > 0) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  return queue.take()
}

async function settle(fs: SimulatedFileSystem): Promise<void> {
  for (let idle = 0; idle < 4; ) {
    await new Promise((resolve) => setImmediate(resolve))
    idle = fs.underWay === 0 ? idle + 1 : 0
  }
}
