import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { DiskQueue } from '../../../src/buffer/disk/disk-queue.ts'
import type { FileSystem } from '../../../src/buffer/disk/file-system.ts'
import { readDiskQueueStatus } from '../../../src/buffer/disk-status.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { Random } from '../../support/random.ts'
import { drain, fill, numbers, openQueue } from './on-disk.ts'
import { numberOf, quietEvents, quietLogger, settingsFor } from './queue-support.ts'
import { failure, SimulatedFileSystem } from './simulated-file-system.ts'

const changes = { maxSizeBytes: 64 * 1024, memoryBytes: 0, readBytes: 1 }

/** Twenty batches in five segments; of the second, 4 to 7, the first two are acknowledged. All before are not. */
async function backlog(): Promise<SimulatedFileSystem> {
  const fs = new SimulatedFileSystem(new Random(1))
  const { queue } = await openQueue('/queue', changes, fs.forProcess())
  await fill(queue, 0, 20, 900)
  const taken = []
  while (taken.length < 6) {
    const record = queue.take()
    if (record === undefined) await turn()
    else taken.push(record)
  }
  for (const record of taken.slice(4)) queue.ack(record)
  await queue.close()
  return fs
}

/** Opens the queue on a file system whose calls for files of this name fail while `broken`. */
async function openBroken(fs: SimulatedFileSystem, part: string, abort?: AbortSignal) {
  const broken = { open: true }
  const methods = fs.forProcess()
  const breaking: FileSystem = {
    ...methods,
    open: (path, access) =>
      broken.open && path.includes(part)
        ? Promise.reject(failure('EMFILE'))
        : methods.open(path, access),
  }
  const clock = new FakeClock()
  const found = { records: 0, items: 0 }
  const events = {
    ...quietEvents,
    onFound: (_account: string, more: { readonly records: number; readonly items: number }) => {
      found.records += more.records
      found.items += more.items
    },
  }
  const parts = {
    fs: breaking,
    clock,
    logger: quietLogger,
    random: Math.random,
    ...(abort && { abort }),
  }
  const opening = DiskQueue.open(settingsFor('/queue', changes), parts, events)
  return { opening, clock, broken, found }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Takes and acknowledges all that comes within some seconds. */
async function takeFor(queue: DiskQueue, clock: FakeClock, ms: number): Promise<number[]> {
  const taken: number[] = []
  for (let passedMs = 0; passedMs <= ms; passedMs += 1000) {
    if (passedMs > 0) await clock.advance(1000)
    for (let idle = 0; idle < 20; idle++) {
      await turn()
      const record = queue.take()
      if (record === undefined) continue
      idle = 0
      taken.push(numberOf(record.batch))
      queue.ack(record)
    }
  }
  return taken
}

suite('a queue file that cannot be opened when the queue starts', () => {
  const open = [0, 1, 2, 3, 6, 7, ...numbers(8, 20)]

  test('for a moment: everything comes in order, and nothing that was acknowledged', async () => {
    const { opening, clock, broken, found } = await openBroken(await backlog(), '/00000002-')
    const queue = await opening
    assert.deepEqual([queue.unreadableFiles, queue.waiting.records], [1, 16])
    assert.deepEqual(await takeFor(queue, clock, 5000), [0, 1, 2, 3])
    broken.open = false
    assert.deepEqual(await takeFor(queue, clock, 1000), [6, 7, ...numbers(8, 20)])
    assert.deepEqual([queue.unreadableFiles, queue.lost.records, queue.waiting.records], [0, 0, 0])
    assert.deepEqual(found, { records: 2, items: 7 + 1 })
    await queue.close()
    assert.equal(clock.pending, 0)
  })

  test('for minutes: the others go on, it comes when it can be', async () => {
    const { opening, clock, broken } = await openBroken(await backlog(), '/00000002-')
    const queue = await opening
    assert.deepEqual(await takeFor(queue, clock, 20_000), [0, 1, 2, 3, ...numbers(8, 20)])
    assert.deepEqual([queue.unreadableFiles, queue.waiting.records], [1, 0])
    broken.open = false
    assert.deepEqual(await takeFor(queue, clock, 10_000), [6, 7])
    await queue.close()
  })

  test('until the end: the next start has it, without what was acknowledged', async () => {
    const fs = await backlog()
    const { opening, clock } = await openBroken(fs, '/00000002-')
    const queue = await opening
    assert.equal((await takeFor(queue, clock, 20_000)).length, 16)
    await queue.close()
    const { queue: again } = await openQueue('/queue', changes, fs)
    assert.deepEqual(await drain(again), [6, 7])
    await again.close()
  })

  test('and is the newest, with a torn end: its whole records come, nothing passes for damaged', async () => {
    const fs = await backlog()
    const name = fs.names().findLast((file) => file.endsWith('.segment')) as string
    fs.put(name, fs.content(name).subarray(0, -100))
    const { opening, clock, broken } = await openBroken(fs, name)
    const queue = await opening
    await fill(queue, 20, 21)
    broken.open = false
    assert.deepEqual(await takeFor(queue, clock, 20_000), [...open.slice(0, -1), 20])
    assert.equal(queue.lost.records, 0)
    await queue.close()
  })

  test('and is of a later version: it stays until a start can set it aside', async () => {
    const fs = await backlog()
    const later = Buffer.alloc(100)
    later.write('RMRQ')
    fs.put('00000002-12345678.segment', later)
    const { opening, clock, broken } = await openBroken(fs, '-12345678')
    const queue = await opening
    broken.open = false
    assert.deepEqual(await takeFor(queue, clock, 30_000), open)
    assert.equal(queue.unreadableFiles, 1)
    await queue.close()
    assert.ok(fs.names().includes('00000002-12345678.segment'))
    const { queue: again } = await openQueue('/queue', changes, fs)
    assert.deepEqual(again.report.setAside, ['00000002-12345678.segment.damaged'])
    await again.close()
  })

  test('is not given up for newer data: nobody knows what it holds', async () => {
    const { opening } = await openBroken(await backlog(), '/0000000')
    const queue = await opening
    assert.equal(
      queue.dropOldest(60_000, 'logs', () => {}),
      false,
    )
    assert.equal(queue.unreadableFiles, 5)
    await queue.close()
  })

  test('and is removed before it could be: the others go on, and it is counted', async () => {
    const fs = await backlog()
    const { opening, clock, broken } = await openBroken(fs, '/00000002-')
    const queue = await opening
    fs.remove(fs.names().find((name) => name.startsWith('00000002-')) as string)
    broken.open = false
    assert.deepEqual(await takeFor(queue, clock, 2000), [0, 1, 2, 3, ...numbers(8, 20)])
    assert.deepEqual([queue.unreadableFiles, queue.lost.records], [0, 1])
    await queue.close()
    assert.equal(queue.lost.records, 1)
  })

  test('and is removed before the stop: it is counted then', async () => {
    const fs = await backlog()
    const { opening } = await openBroken(fs, '/00000002-')
    const queue = await opening
    fs.remove(fs.names().find((name) => name.startsWith('00000002-')) as string)
    await queue.close()
    assert.equal(queue.lost.records, 1)
  })

  const places = { beginning: 2000, middle: 9000, end: 18_000 }
  for (const [place, from] of Object.entries(places)) {
    test(`with blocks at the ${place} that can be read only later: what stands there is found then`, async () => {
      const { queue, broken, found } = await openUnread(from)
      const known = { ...queue.waiting }
      broken.read = false
      assert.deepEqual(await drain(queue), numbers(0, 22))
      assert.ok(known.records > 0 && known.records < 22, `${known.records} were known`)
      assert.deepEqual(
        [known.records + found.records, known.items + found.items],
        [22, itemsIn(22)],
      )
      assert.deepEqual({ ...queue.waiting }, { records: 0, items: 0, bytes: 0 })
      assert.equal(queue.lost.records, 0)
      await queue.close()
    })
  }

  test('with blocks at the end that cannot be read later either: what stood there is counted', async () => {
    const { queue } = await openUnread(18_000)
    const known = queue.waiting.records
    assert.ok(known < 22, `${known} were known`)
    // Of the last one that was known, only the header can be read.
    assert.deepEqual(await drain(queue), numbers(0, known - 1))
    while (queue.lost.records < 2) await turn()
    assert.equal(queue.report.tornBytes, 0)
    await queue.close()
  })
})

/** A queue of 22 batches in one file, whose blocks around `from` cannot be read while `broken`. */
async function openUnread(from: number) {
  const fs = new SimulatedFileSystem(new Random(1))
  const { queue: written } = await openQueue('/queue', {}, fs.forProcess())
  await fill(written, 0, 22, 900)
  await written.close()
  const methods = fs.forProcess()
  const broken = { read: true }
  const read: FileSystem['read'] = (file, into, offset) =>
    broken.read && offset < from + 3000 && offset + into.byteLength > from
      ? Promise.reject(failure('EIO'))
      : methods.read(file, into, offset)
  const found = { records: 0, items: 0 }
  const onFound = (
    _account: string,
    more: { readonly records: number; readonly items: number },
  ) => {
    found.records += more.records
    found.items += more.items
  }
  const { queue } = await openQueue('/queue', {}, { ...methods, read }, { onFound })
  return { queue, broken, found }
}

function itemsIn(batches: number): number {
  let items = 0
  for (const number of numbers(0, batches)) items += (number % 7) + 1
  return items
}

test('the status of a queue that nobody has open counts files that cannot be read', async () => {
  const fs = await backlog()
  for (const [part, items] of [
    ['/nothing', 66],
    ['/00000002-', 58],
    ['/cursor.before', 66],
  ] as const) {
    const open: FileSystem['open'] = (path, access) =>
      path.includes(part) ? Promise.reject(failure('EACCES')) : fs.open(path, access)
    const status = await readDiskQueueStatus('/queue', { ...fs.forProcess(), open })
    assert.equal(status.items, items, part)
    assert.equal(status.unreadableFiles, part === '/00000002-' ? 1 : 0, part)
  }
})

suite('a cursor that cannot be opened when the queue starts', () => {
  test('for some seconds: the queue waits for it, and nothing comes again', async () => {
    const { opening, clock, broken } = await openBroken(await backlog(), '/cursor')
    for (let second = 0; second < 5; second++) {
      await clock.advance(1000)
      for (let turns = 0; turns < 20; turns++) await turn()
    }
    broken.open = false
    await clock.advance(1000)
    const queue = await opening
    assert.equal(queue.report.cursor, 'valid')
    const taken = await takeFor(queue, clock, 1000)
    assert.deepEqual(taken.slice(0, 6), [0, 1, 2, 3, 6, 7])
    await queue.close()
  })

  test('and a stop that comes meanwhile does not wait: the next start knows what was acknowledged', async () => {
    const fs = await backlog()
    const before = fs.names().map((name) => [name, fs.content(name)])
    const stop = new AbortController()
    const { opening, clock } = await openBroken(fs, '/cursor', stop.signal)
    const refused = assert.rejects(opening, (error) => error === stop.signal.reason)
    await clock.advance(1000)
    stop.abort()
    await refused
    assert.equal(clock.pending, 0)
    assert.deepEqual(
      fs.names().map((name) => [name, fs.content(name)]),
      before,
    )
    const { queue } = await openQueue('/queue', changes, fs)
    assert.deepEqual(await drain(queue), [0, 1, 2, 3, 6, 7, ...numbers(8, 20)])
    await queue.close()
  })

  test('for longer: the queue starts without it, and it stays where it is', async () => {
    const fs = await backlog()
    const { opening, clock } = await openBroken(fs, '/cursor')
    let queue: DiskQueue | undefined
    void opening.then((opened) => {
      queue = opened
    })
    let seconds = 0
    for (; queue === undefined && seconds < 20; seconds++) {
      await clock.advance(1000)
      for (let turns = 0; turns < 20; turns++) await turn()
    }
    assert.ok(queue !== undefined && seconds >= 9 && seconds <= 12, `${seconds} s`)
    assert.deepEqual([queue.report.cursor, queue.report.setAside], ['unreadable', []])
    assert.deepEqual(await takeFor(queue, clock, 1000), numbers(0, 20))
    await queue.close()
  })

  test('then is read again after a kill: nothing new passes for what it says is acknowledged', async () => {
    const fs = new SimulatedFileSystem(new Random(1))
    const { queue: first } = await openQueue('/queue', { fsync: false }, fs.forProcess())
    await fill(first, 0, 10, 900)
    for (let left = 10; left > 0; ) {
      const record = first.take()
      if (record === undefined) {
        await turn()
        continue
      }
      if (left < 10) first.ack(record)
      left--
    }
    await first.close()
    // Without `fsync` the power may take what was acknowledged.
    const name = fs.names().find((file) => file.endsWith('.segment')) as string
    fs.put(name, fs.content(name).subarray(0, 3500))
    const { opening, clock } = await openBroken(fs, '/cursor')
    for (let second = 0; second < 12; second++) {
      await clock.advance(1000)
      for (let turns = 0; turns < 20; turns++) await turn()
    }
    await fill(await opening, 10, 16, 900)
    fs.kill()
    const { queue: third } = await openQueue('/queue', {}, fs.forProcess())
    assert.equal(third.report.cursor, 'valid')
    assert.deepEqual(await drain(third), [0, ...numbers(10, 16)])
    await third.close()
  })
})

test('a stray name behind the newest segment does not hide that its end is torn', async () => {
  const fs = await backlog()
  const name = fs.names().findLast((file) => file.endsWith('.segment')) as string
  fs.put(name, fs.content(name).subarray(0, -100))
  fs.put('zzz.segment', Buffer.from('x'))
  const { queue } = await openQueue('/queue', changes, fs)
  assert.ok(queue.report.tornBytes > 0)
  assert.equal((await drain(queue)).length, 17)
  assert.equal(queue.lost.records, 0)
  await queue.close()
})
