import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { readUsedBytes, recordHeaderBytes } from '../../../src/buffer/disk/format.ts'
import { Random } from '../../support/random.ts'
import { drain, fill, numbers, type Opened, openQueue } from './on-disk.ts'
import { account, numberedBatch } from './queue-support.ts'
import { failure, SimulatedFileSystem } from './simulated-file-system.ts'

const KiB = 1024
/** Five records a segment. */
const payloadBytes = 700
const changes = { maxSizeBytes: 64 * KiB }

interface Kept extends Opened {
  readonly fs: SimulatedFileSystem
}

/** A queue through which `count` batches have passed, and whose spare files may be written over. */
async function passed(count: number): Promise<Kept> {
  const fs = new SimulatedFileSystem(new Random(1))
  const opened = await openQueue('/queue', changes, fs.forProcess())
  for (let number = 0; number < count; number++) {
    await fill(opened.queue, number, number + 1, payloadBytes)
    await drain(opened.queue)
    if (number % 5 === 4) await opened.clock.advance(1000)
    await quiet(fs)
  }
  return { ...opened, fs }
}

async function quiet(fs: SimulatedFileSystem): Promise<void> {
  for (let idle = 0; idle < 4; idle = fs.underWay === 0 ? idle + 1 : 0) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function named(fs: SimulatedFileSystem, suffix: string): string[] {
  return fs.names().filter((name) => name.endsWith(suffix))
}

async function recover(fs: SimulatedFileSystem) {
  const { queue } = await openQueue('/queue', changes, fs.forProcess())
  const delivered = await drain(queue)
  await queue.append(numberedBatch(1000, payloadBytes), account)
  assert.deepEqual(await drain(queue), [1000])
  const { report, lost } = queue
  await queue.close()
  return { delivered, report, lost: lost.records }
}

/** Two records in a segment over a used file, not acknowledged, and where the second one begins. */
async function overUsedFile(): Promise<Kept & { readonly name: string; readonly at: number }> {
  const kept = await passed(50)
  const { fs, queue } = kept
  const before = named(fs, '.segment')
  // The newest segment has room for some: go on until another one is begun.
  let number = 50
  for (; named(fs, '.segment').every((name) => before.includes(name)); number++) {
    await drain(queue)
    await fill(queue, number, number + 1, payloadBytes)
  }
  await fill(queue, number, number + 1, payloadBytes)
  const name = named(fs, '.segment').find((file) => !before.includes(file)) as string
  assert.ok(readUsedBytes(fs.content(name)) > 2 * KiB, 'the file was used before')
  return { ...kept, name, at: fs.content(name).indexOf('RREC', 40) }
}

suite('a file of the disk queue that is used again', () => {
  test('takes the records of later segments, and nothing is made or removed any more', async () => {
    const { fs, queue } = await passed(30)
    const calls: string[] = []
    fs.fault = (call) => {
      calls.push(call)
    }
    for (let number = 30; number < 90; number++) {
      await fill(queue, number, number + 1, payloadBytes)
      assert.deepEqual(await drain(queue), [number])
    }
    await quiet(fs)
    assert.deepEqual(
      calls.filter((call) => call === 'create' || call === 'unlink'),
      [],
    )
    assert.ok(calls.filter((call) => call === 'rename').length > 10)
    assert.equal(queue.fileBytes >= fs.usedBytes, true)
    await queue.close()
    assert.deepEqual(named(fs, '.spare'), [])
  })

  test('is not before the directory was synced, so that its former segment cannot come back', async () => {
    const { fs, queue } = await passed(0)
    const calls: string[] = []
    fs.fault = (call) => {
      calls.push(call)
    }
    // The first segment goes when the second one has been made; the third makes sure of it, and the fourth may use its file.
    const made: number[] = []
    for (const [from, to] of [
      [0, 6],
      [6, 11],
      [11, 16],
    ] as const) {
      await fill(queue, from, to, payloadBytes)
      await quiet(fs)
      await drain(queue)
      await quiet(fs)
      made.push(calls.filter((call) => call === 'create').length)
    }
    assert.deepEqual(made, [2, 3, 3])
    await queue.close()
  })

  test('is removed when nothing was written for ten seconds', async () => {
    const { fs, queue, clock } = await passed(30)
    assert.ok(named(fs, '.spare').length > 0)
    await clock.advance(10_000)
    await quiet(fs)
    assert.deepEqual(named(fs, '.spare'), [])
    assert.ok(queue.fileBytes < 16 * KiB)
    await queue.close()
  })

  test('makes way for a backlog: the cap is used up, and never exceeded', async () => {
    const { fs, queue } = await passed(30)
    fs.bytesMostSeen = 0
    let held = 0
    for (; queue.fits(payloadBytes, account); held++) {
      await fill(queue, held, held + 1, payloadBytes)
    }
    assert.deepEqual(named(fs, '.spare'), [])
    assert.ok(fs.bytesMostSeen <= 64 * KiB)
    assert.ok(fs.usedBytes > 54 * KiB, `${fs.usedBytes} bytes`)
    assert.deepEqual(await drain(queue), numbers(0, held))
    await queue.close()
  })

  test('goes when the disk is full, so that what is missing may be there', async () => {
    const { fs, queue, clock } = await passed(30)
    assert.ok(named(fs, '.spare').length > 0)
    fs.fault = (call) => {
      if (call === 'writev') throw failure('ENOSPC')
    }
    await assert.rejects(fill(queue, 30, 31, payloadBytes))
    await quiet(fs)
    assert.deepEqual(named(fs, '.spare'), [])
    fs.fault = () => {}
    await clock.advance(1000)
    await quiet(fs)
    assert.equal(queue.failure, undefined)
    await fill(queue, 31, 32, payloadBytes)
    assert.deepEqual(await drain(queue), [31])
    await queue.close()
  })

  test('left behind by a process that was killed is removed', async () => {
    const { fs } = await passed(30)
    assert.ok(named(fs, '.spare').length > 0)
    fs.kill()
    const { lost, report } = await recover(fs)
    assert.deepEqual([lost, report.tornBytes, report.setAside], [0, 0, []])
    assert.deepEqual(named(fs, '.spare'), [])
  })

  test('and was being written to at a kill -9: what is whole is delivered, nothing passes for damaged', async () => {
    const { fs, name, at } = await overUsedFile()
    const whole = Buffer.from(fs.content(name))
    fs.kill()
    const end = at + recordHeaderBytes + account.length + payloadBytes
    for (let to = at; to <= end; to += 4) {
      // The write came this far. Behind it stands what was there before, with whole records of a former segment.
      const torn = Buffer.from(whole).fill(7, to, end)
      fs.put(name, torn)
      const { delivered, lost, report } = await recover(copyOf(fs))
      const first = delivered[0] as number
      assert.equal(lost, 0, `${to - at} bytes`)
      assert.deepEqual(delivered, to < end ? [first] : [first, first + 1], `${to - at} bytes`)
      assert.deepEqual(report.setAside, [])
    }
  })

  test('and was closed: a bit flipped in its last record is counted as damage', async () => {
    const { fs, queue, name, at } = await overUsedFile()
    await queue.close()
    const bytes = Buffer.from(fs.content(name))
    assert.deepEqual([readUsedBytes(bytes), bytes.length < at + 760], [0, true])
    bytes[at + 100] = (bytes[at + 100] as number) ^ 1
    fs.put(name, bytes)
    const { delivered, lost, report } = await recover(fs)
    assert.equal(delivered.length, 1)
    assert.deepEqual([lost, report.tornBytes], [1, 0])
  })
})

suite('a new segment', () => {
  test('has its name only once its first records are on the disk: no kill leaves an empty one', async () => {
    for (let calls = 0; calls < 12; calls++) {
      const fs = new SimulatedFileSystem(new Random(1))
      const { queue } = await openQueue('/queue', changes, fs.forProcess())
      fs.callsLeft = calls
      queue.append(numberedBatch(0, payloadBytes), account).catch(() => {})
      // The last of the calls never returns.
      for (let turns = 0; turns < 100; turns++)
        await new Promise((resolve) => setImmediate(resolve))
      fs.callsLeft = Number.POSITIVE_INFINITY
      fs.kill()
      const { report, lost } = await recover(fs)
      assert.deepEqual([report.setAside, report.tornBytes, lost], [[], 0, 0], `${calls} calls`)
    }
  })
})

suite('the end of a segment that is followed by another', () => {
  test('is counted as lost too where the file was used before', async () => {
    const { fs, queue, name } = await overUsedFile()
    const number = 1000
    for (let more = 0; more < 8; more++)
      await fill(queue, number + more, number + more + 1, payloadBytes)
    fs.kill()
    const bytes = Buffer.from(fs.content(name))
    assert.notEqual(named(fs, '.segment').at(-1), name)
    const at = bytes.lastIndexOf('RREC')
    bytes[at + 9] = (bytes[at + 9] as number) ^ 1
    fs.put(name, bytes)
    const { queue: again } = await openQueue('/queue', changes, fs.forProcess())
    const waiting = (await drain(again)).length
    assert.deepEqual([waiting, again.lost.records], [9, 1])
    await again.close()
  })

  async function twoSegments() {
    const fs = new SimulatedFileSystem(new Random(1))
    const { queue } = await openQueue('/queue', changes, fs)
    await fill(queue, 0, 8, payloadBytes)
    await queue.close()
    const [name = ''] = named(fs, '.segment')
    return { fs, name, bytes: Buffer.from(fs.content(name)) }
  }

  test('is counted as lost if the header of the last record is damaged', async () => {
    const { fs, name, bytes } = await twoSegments()
    const at = bytes.lastIndexOf('RREC')
    bytes[at + 9] = (bytes[at + 9] as number) ^ 1
    fs.put(name, bytes)
    const { delivered, lost } = await recover(fs)
    assert.deepEqual(delivered, [0, 1, 2, 3, 5, 6, 7])
    assert.equal(lost, 1)
  })

  test('is not if a write was cut short there', async () => {
    const { fs, name, bytes } = await twoSegments()
    fs.put(name, bytes.subarray(0, bytes.length - 300))
    const { delivered, lost } = await recover(fs)
    assert.deepEqual([delivered, lost], [[0, 1, 2, 3, 5, 6, 7], 0])
  })
})

test('a queue whose file cannot be cut at the stop leaves no file open', async () => {
  const { queue, fs } = await overUsedFile()
  assert.ok(fs.openFiles > 0)
  fs.fault = (call) => {
    if (call === 'truncate') throw failure('EIO')
  }
  await queue.close()
  assert.equal(fs.openFiles, 0)
})

function copyOf(fs: SimulatedFileSystem): SimulatedFileSystem {
  const copy = new SimulatedFileSystem(new Random(1))
  for (const name of fs.names()) copy.put(name, fs.content(name))
  return copy
}
