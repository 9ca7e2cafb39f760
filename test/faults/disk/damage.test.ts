import assert from 'node:assert/strict'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { DiskRecord } from '../../../src/buffer/disk/disk-record.ts'
import { recordHeaderBytes, segmentHeaderBytes } from '../../../src/buffer/disk/format.ts'
import { Random } from '../../support/random.ts'
import { drain, fill, makeDirectory, numbers, openQueue } from './on-disk.ts'
import { account, numberedBatch, numberOf } from './queue-support.ts'
import { failure, SimulatedFileSystem } from './simulated-file-system.ts'

const payloadBytes = 100
const recordBytes = recordHeaderBytes + account.length + payloadBytes
const count = 5

/** A queue directory with five records in one segment, closed. */
async function written(): Promise<{ fs: SimulatedFileSystem; name: string; bytes: Buffer }> {
  const fs = new SimulatedFileSystem(new Random(1))
  const { queue } = await openQueue('/queue', {}, fs)
  await fill(queue, 0, count, payloadBytes)
  await queue.close()
  const name = fs.names().find((file) => file.endsWith('.segment')) ?? ''
  return { fs, name, bytes: Buffer.from(fs.content(name)) }
}

function fileSystemWith(files: Readonly<Record<string, Uint8Array>>): SimulatedFileSystem {
  const fs = new SimulatedFileSystem(new Random(1))
  for (const [name, bytes] of Object.entries(files)) fs.put(name, bytes)
  return fs
}

/** Opens, drains, passes a fresh batch; says what was found. */
async function recover(fs: SimulatedFileSystem) {
  const { queue } = await openQueue('/queue', {}, fs)
  const waitingAtOpen = queue.waiting.records
  const delivered = await drain(queue)
  await queue.append(numberedBatch(1000, payloadBytes), account)
  assert.deepEqual(await drain(queue), [1000], 'a fresh batch does not pass')
  const { report, lost } = queue
  await queue.close()
  return { delivered, report, lost, waitingAtOpen }
}

suite('a damaged segment', () => {
  test('D5: torn at every byte: only the torn record is missing', async () => {
    const { name, bytes } = await written()
    for (let size = 1; size < bytes.length; size++) {
      const fs = fileSystemWith({ [name]: bytes.subarray(0, size) })
      const whole = Math.max(0, Math.floor((size - segmentHeaderBytes) / recordBytes))
      const { delivered, report, lost } = await recover(fs)
      assert.deepEqual(delivered, numbers(0, whole), `cut to ${size} bytes`)
      assert.equal(lost.records, 0)
      const torn = size < segmentHeaderBytes ? 0 : size - segmentHeaderBytes - whole * recordBytes
      assert.equal(report.tornBytes, torn, `cut to ${size} bytes`)
    }
  })

  test('D6: a bit flipped at every byte: only that record is lost, and counted', async () => {
    const { name, bytes } = await written()
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes)
      damaged[at] = (damaged[at] as number) ^ (1 << (at % 8))
      const { delivered, report, lost } = await recover(fileSystemWith({ [name]: damaged }))
      const hit = Math.floor((at - segmentHeaderBytes) / recordBytes)
      assert.deepEqual(
        delivered,
        numbers(0, count).filter((number) => number !== hit),
        `byte ${at}`,
      )
      // A damaged header at the very end looks like a torn write.
      const inHead = (at - segmentHeaderBytes) % recordBytes < recordHeaderBytes + account.length
      const torn = hit === count - 1 && inHead
      assert.equal(lost.records, hit < 0 || torn ? 0 : 1, `byte ${at}`)
      assert.equal(report.tornBytes, torn ? recordBytes : 0, `byte ${at}`)
      assert.equal(report.damagedHeaders, hit < 0 ? 1 : 0)
      // The items are known where the record's own header is whole.
      if (hit >= 0 && !inHead) assert.equal(lost.items, (hit % 7) + 1)
    }
  })

  test('D6: a stretch of garbage in the middle costs the records it touches', async () => {
    const { name, bytes } = await written()
    const damaged = Buffer.from(bytes)
    new Random(3).bytes(recordBytes).copy(damaged, segmentHeaderBytes + recordBytes + 50)
    const { delivered, lost } = await recover(fileSystemWith({ [name]: damaged }))
    assert.deepEqual(delivered, [0, 3, 4])
    assert.equal(lost.records, 2)
  })

  test('a sector that cannot be read costs the records it touches', async () => {
    const fs = new SimulatedFileSystem(new Random(1))
    const { queue } = await openQueue('/queue', {}, fs)
    await fill(queue, 0, 40, 1000)
    await queue.close()
    const broken = { ...methodsOf(fs) }
    broken.read = (file, into, offset) =>
      offset < 20_000 && offset + into.byteLength > 19_000
        ? Promise.reject(failure('EIO'))
        : fs.read(file, into, offset)
    const { queue: again } = await openQueue('/queue', {}, broken)
    const delivered = await drain(again)
    assert.ok(delivered.length >= 32, `only ${delivered.length} of 40 are delivered`)
    assert.equal(delivered.length + again.lost.records, 40)
    await again.close()
  })

  test('bytes in a payload that look like a record never pass for one', async () => {
    const { name, bytes } = await written()
    const inner = bytes.subarray(segmentHeaderBytes, segmentHeaderBytes + recordBytes)
    const fs = new SimulatedFileSystem(new Random(1))
    const { queue } = await openQueue('/queue', {}, fs)
    const { Batch } = await import('../../../src/signal/batch.ts')
    await queue.append(new Batch('logs', [inner, inner], 1), account)
    await fill(queue, 1, 2)
    await queue.close()
    const outer = fs.names().find((file) => file.endsWith('.segment')) ?? ''
    assert.notEqual(outer, name)
    const damaged = Buffer.from(fs.content(outer))
    damaged[segmentHeaderBytes + 8] = (damaged[segmentHeaderBytes + 8] as number) ^ 1
    fs.put(outer, damaged)
    const { delivered, lost } = await recover(fs)
    assert.deepEqual(delivered, [1])
    assert.equal(lost.records, 1)
  })

  test('a file that has disappeared is counted, and the next one is read', async () => {
    const fs = new SimulatedFileSystem(new Random(1))
    const { queue } = await openQueue('/queue', { maxSizeBytes: 64 * 1024 }, fs)
    await fill(queue, 0, 20, 1000)
    await queue.close()
    const { queue: again } = await openQueue('/queue', { memoryBytes: 0, readBytes: 1 }, fs)
    const second = fs.names().filter((name) => name.endsWith('.segment'))[2] ?? ''
    fs.remove(second)
    const delivered = await drain(again)
    assert.ok(again.lost.records > 0)
    assert.equal(delivered.length + again.lost.records, 20)
    assert.deepEqual({ ...again.waiting }, { records: 0, items: 0, bytes: 0 })
    await again.close()
  })
})

suite('a queue file that cannot be opened while the queue runs', () => {
  /** Twenty batches in five segments, of which the second, 4 to 7, cannot be opened while `broken`. */
  async function withBrokenFile() {
    const fs = new SimulatedFileSystem(new Random(1))
    const changes = { maxSizeBytes: 64 * 1024, memoryBytes: 0, readBytes: 1 }
    const { queue: written } = await openQueue('/queue', changes, fs)
    await fill(written, 0, 20, 900)
    await written.close()
    const state = { broken: false }
    const methods = methodsOf(fs)
    const { queue, clock } = await openQueue('/queue', changes, {
      ...methods,
      open: (path, access) =>
        state.broken && path.includes('/00000002-')
          ? Promise.reject(failure('EMFILE'))
          : methods.open(path, access),
    })
    state.broken = true
    const taken: number[] = []
    /** Takes all that comes within some seconds. */
    async function takeFor(ms: number): Promise<number[]> {
      taken.length = 0
      for (let idle = 0; idle < 40; idle++) {
        if (idle === 20) await clock.advance(ms)
        await new Promise((resolve) => setImmediate(resolve))
        const record = queue.take()
        if (record === undefined) continue
        idle = idle < 20 ? 0 : 20
        taken.push(numberOf(record.batch))
        queue.ack(record)
      }
      return [...taken]
    }
    return { fs, queue, clock, state, takeFor }
  }

  test('for a moment: the order stays', async () => {
    const { queue, state, takeFor } = await withBrokenFile()
    assert.deepEqual(await takeFor(5000), numbers(0, 4))
    state.broken = false
    assert.deepEqual(await takeFor(1000), numbers(4, 20))
    assert.equal(queue.lost.records, 0)
    await queue.close()
  })

  test('for minutes: the others go on, its batches wait, and come when it can be', async () => {
    const { queue, clock, state, takeFor } = await withBrokenFile()
    assert.deepEqual(await takeFor(20_000), [...numbers(0, 4), ...numbers(8, 20)])
    assert.deepEqual([queue.waiting.records, queue.reachableRecords], [4, 0])
    assert.deepEqual([queue.unreadableFiles, queue.lost.records], [1, 0])
    await queue.append(numberedBatch(20, 900), account)
    assert.deepEqual(await takeFor(100_000), [20])
    state.broken = false
    assert.deepEqual(await takeFor(10_000), numbers(4, 8))
    assert.deepEqual([queue.unreadableFiles, queue.lost.records, queue.waiting.records], [0, 0, 0])
    await queue.close()
    assert.equal(clock.pending, 0)
  })

  test('until the end: the next start delivers what is in it', async () => {
    const { fs, queue, takeFor } = await withBrokenFile()
    await takeFor(20_000)
    await queue.close()
    const { delivered, lost } = await recover(fs)
    assert.deepEqual([delivered, lost.records], [numbers(4, 8), 0])
  })
})

suite('D7: a queue starts', () => {
  test('without its cursor: everything unremoved comes again', async () => {
    const { fs } = await written()
    fs.remove('cursor')
    const { delivered, report } = await recover(fs)
    assert.deepEqual(delivered, numbers(0, count))
    assert.equal(report.cursor, 'missing')
  })

  const future = Buffer.alloc(64)
  future.write('RMRQ')
  future.writeUInt16LE(2, 4)
  future.writeUInt16LE(32, 6)

  test('with a cursor damaged at any byte, which it sets aside', async () => {
    const { fs, name, bytes } = await written()
    const cursor = Buffer.from(fs.content('cursor'))
    for (let at = 0; at < cursor.length; at++) {
      const damaged = Buffer.from(cursor)
      damaged[at] = (damaged[at] as number) ^ 0x10
      const again = fileSystemWith({ [name]: bytes, cursor: damaged })
      const { delivered, report } = await recover(again)
      assert.deepEqual(delivered, numbers(0, count))
      assert.deepEqual([report.cursor, report.setAside], ['damaged', ['cursor.damaged']])
    }
  })

  /** Ten batches; 0 and 1 are acknowledged in the cursor before, 2 and 3 in the cursor as well. */
  async function withTwoCursors(): Promise<SimulatedFileSystem> {
    const fs = new SimulatedFileSystem(new Random(1))
    const { queue, clock } = await openQueue('/queue', {}, fs.forProcess())
    await fill(queue, 0, 10, payloadBytes)
    for (let save = 0; save < 2; save++) {
      for (let sent = 0; sent < 2; sent++) queue.ack(queue.take() as DiskRecord)
      await clock.advance(1000)
      while (queue.counts.cursorSaves === save)
        await new Promise((resolve) => setImmediate(resolve))
    }
    fs.kill()
    return fs
  }

  function flipped(bytes: Buffer, at: number): Buffer {
    const damaged = Buffer.from(bytes)
    damaged[at] = (damaged[at] as number) ^ (1 << (at % 8))
    return damaged
  }

  const damages: readonly { name: string; damage: (bytes: Buffer, at: number) => Uint8Array }[] = [
    { name: 'torn', damage: (bytes, at) => bytes.subarray(0, at) },
    { name: 'flipped', damage: flipped },
  ]
  for (const { name, damage } of damages) {
    test(`with a cursor ${name} at any byte: only what the one before it does not know comes again`, async () => {
      const fs = await withTwoCursors()
      const cursor = Buffer.from(fs.content('cursor'))
      for (let at = 0; at < cursor.length; at++) {
        const files = Object.fromEntries(fs.names().map((file) => [file, fs.content(file)]))
        const again = fileSystemWith({ ...files, cursor: damage(cursor, at) })
        const { delivered, report, lost } = await recover(again)
        assert.deepEqual(delivered, numbers(2, 10), `byte ${at}`)
        assert.deepEqual([report.cursor, report.setAside], ['before', ['cursor.damaged']])
        assert.equal(lost.records, 0)
      }
    })
  }

  test('with both cursors damaged: everything comes again', async () => {
    const fs = await withTwoCursors()
    for (const name of ['cursor', 'cursor.before']) fs.put(name, flipped(fs.content(name), 9))
    const { delivered, report } = await recover(fs)
    assert.deepEqual(delivered, numbers(0, 10))
    assert.deepEqual(report.setAside, ['cursor.damaged', 'cursor.before.damaged'])
  })

  test('where a save of the cursor was killed between its two renames', async () => {
    const fs = await withTwoCursors()
    const cursor = Buffer.from(fs.content('cursor'))
    fs.put('cursor.tmp', cursor)
    fs.put('cursor.before', cursor)
    fs.remove('cursor')
    const { delivered, report } = await recover(fs)
    assert.deepEqual(delivered, numbers(4, 10))
    assert.deepEqual([report.cursor, report.setAside], ['before', []])
  })

  const rows: readonly { name: string; file: string; bytes: () => Promise<Uint8Array> }[] = [
    {
      name: 'an empty file',
      file: '00000009-00000001.segment',
      bytes: async () => Buffer.alloc(0),
    },
    {
      name: 'an empty file older than the others',
      file: '00000000-00000001.segment',
      bytes: async () => Buffer.alloc(0),
    },
    {
      name: 'garbage',
      file: '00000009-00000001.segment',
      bytes: async () => new Random(5).bytes(5000),
    },
    { name: 'zeros', file: '00000009-00000001.segment', bytes: async () => Buffer.alloc(5000) },
    {
      name: 'a segment under another name',
      file: 'copy.segment',
      bytes: async () => (await written()).bytes,
    },
    {
      name: 'a file of a later version',
      file: '00000009-00000001.segment',
      bytes: async () => {
        const { crc32 } = await import('node:zlib')
        future.writeUInt32LE(crc32(future.subarray(0, 28)), 28)
        return future
      },
    },
  ]
  for (const { name, file, bytes } of rows) {
    test(`with ${name}, which it sets aside and says so`, async () => {
      const { fs } = await written()
      fs.put(file, await bytes())
      const { delivered, report } = await recover(fs)
      assert.deepEqual(delivered, numbers(0, count))
      assert.deepEqual(report.setAside, [`${file}.damaged`])
      assert.ok(fs.names().includes(`${file}.damaged`))
      assert.ok(!fs.names().includes(file))
    })
  }

  const last = 'ffffffff-00000001.segment'
  for (const file of [last, `${last}.damaged`]) {
    test(`with garbage under the last name there is, ${file}`, async () => {
      const { fs } = await written()
      fs.put(file, new Random(5).bytes(100))
      const { delivered } = await recover(fs)
      assert.deepEqual(delivered, numbers(0, count))
    })
  }

  test('with more damaged files than it keeps: the first ones go', async () => {
    const { fs } = await written()
    for (let index = 0; index < 20; index++) {
      fs.put(`000000${20 + index}-00000001.segment`, new Random(index).bytes(100))
    }
    const { delivered, report } = await recover(fs)
    assert.deepEqual(delivered, numbers(0, count))
    assert.equal(report.setAside.length, 20)
    const kept = fs.names().filter((name) => name.endsWith('.damaged'))
    assert.deepEqual(
      kept,
      numbers(12, 20).map((index) => `000000${20 + index}-00000001.segment.damaged`),
    )
  })

  test('with directories where its own files belong', async (t) => {
    const directory = await makeDirectory(t)
    for (const name of ['cursor', 'cursor.before', 'cursor.tmp']) {
      await mkdir(join(directory, name))
      await writeFile(join(directory, name, 'content'), '')
    }
    const { queue, clock } = await openQueue(directory)
    await fill(queue, 0, count, payloadBytes)
    assert.deepEqual(await drain(queue), numbers(0, count))
    await clock.advance(5000)
    assert.equal(queue.failure, undefined)
    await queue.close()
    assert.deepEqual(
      (await readdir(directory)).filter((name) => name.startsWith('cursor')),
      ['cursor', 'cursor.before', 'cursor.before.stray', 'cursor.stray', 'cursor.tmp.stray'],
    )
  })

  test('beside files that are not its own, and a cursor that was being written', async () => {
    const { fs } = await written()
    fs.put('cursor.tmp', Buffer.from('half'))
    fs.put('notes.txt', Buffer.from('mine'))
    const { delivered } = await recover(fs)
    assert.deepEqual(delivered, numbers(0, count))
    assert.ok(fs.names().includes('notes.txt'))
    assert.ok(!fs.names().includes('cursor.tmp'))
  })
})

/** The calls as properties, so that a test can replace one. */
function methodsOf(fs: SimulatedFileSystem): ReturnType<SimulatedFileSystem['forProcess']> {
  return fs.forProcess()
}
