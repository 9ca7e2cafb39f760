import assert from 'node:assert/strict'
import type { Stats } from 'node:fs'
import { suite, test } from 'node:test'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { RecordingLogger } from '../../test/support/settings.ts'
import { MemoryStorage } from '../../test/support/tail.ts'
import { sleep } from '../component/clock.ts'
import { Checkpoints } from './checkpoints.ts'
import type { Remembered } from './remembered.ts'
import type { Source } from './source.ts'
import { TailedFile } from './tailed-file.ts'

const dayMs = 24 * 60 * 60 * 1000

suite('T19: checkpoints of dead files', () => {
  test('expire after a day', async () => {
    const storage = new MemoryStorage()
    const gone = { gone: true }
    seed(
      storage,
      [
        [1, 0],
        [2, dayMs],
      ],
      gone,
    )
    const checkpoints = new Checkpoints(
      await storage.open(),
      new RecordingLogger(),
      new FakeClock(dayMs + 1),
    )
    assert.deepEqual(
      (await all(checkpoints)).map(({ id }) => id),
      [2],
    )
    await checkpoints.close()
    assert.deepEqual([...storage.saved.keys()], ['file/2', 'saved_at'])
  })

  test('are at most 2,000: the oldest go', async () => {
    const storage = new MemoryStorage()
    seed(
      storage,
      Array.from({ length: 2100 }, (_, i) => [i + 1, i] as const),
      { gone: true },
    )
    const checkpoints = new Checkpoints(
      await storage.open(),
      new RecordingLogger(),
      new FakeClock(3000),
    )
    const ids = (await all(checkpoints)).map(({ id }) => id)
    assert.equal(ids.length, 2000)
    assert.equal(Math.min(...ids), 101)
  })

  test('are not counted before their files were looked for: 2,100 files are tailed again after a restart', async () => {
    const storage = new MemoryStorage()
    seed(
      storage,
      Array.from({ length: 2100 }, (_, i) => [i + 1, i] as const),
    )
    const clock = new FakeClock(3000)
    const checkpoints = new Checkpoints(await storage.open(), new RecordingLogger(), clock)
    assert.equal((await all(checkpoints)).length, 2100)
    await clock.advance(1000)
    checkpoints.expire([])
    assert.equal((await all(checkpoints)).length, 2100)
  })

  test('are kept while remora is away, however long, until their files were looked for for an hour', async () => {
    const storage = new MemoryStorage()
    seed(storage, [[1, 0]])
    const clock = new FakeClock(9 * dayMs)
    const checkpoints = new Checkpoints(await storage.open(), new RecordingLogger(), clock)
    await clock.advance(dayMs / 24 - 1)
    checkpoints.expire([])
    assert.equal((await all(checkpoints)).length, 1)
    await clock.advance(1)
    checkpoints.expire([])
    assert.equal((await all(checkpoints)).length, 0)
  })

  test('do not expire while the file is there, also if nothing happens in it for days', async () => {
    const storage = new MemoryStorage()
    const clock = new FakeClock()
    const checkpoints = new Checkpoints(await storage.open(), new RecordingLogger(), clock)
    const stats = { dev: 9, ino: 1, mtimeMs: clock.nowMs() } as Stats
    const file = new TailedFile(checkpoints.newId(), 'p', stats, 10, {} as Source)
    file.restartAt(10, { bytes: 10, hash: 'x' })
    checkpoints.changed(file)
    for (let minute = 0; minute < 3 * 24 * 60; minute++) {
      await clock.advance(60_000)
      checkpoints.expire([file])
    }
    await checkpoints.close()
    const next = new Checkpoints(await storage.open(), new RecordingLogger(), clock)
    assert.equal(next.ofInode(stats)[0]?.position.offset, 10)
    assert.ok(storage.savedAtMs.length < 3 * 24 + 5, 'saved more often than once an hour')
  })

  test('that of the same inode comes first, and is found without looking at all others', async () => {
    const storage = new MemoryStorage()
    const count = 12_000
    seed(
      storage,
      Array.from({ length: count }, (_, i) => [i + 1, i] as const),
    )
    const checkpoints = new Checkpoints(
      await storage.open(),
      new RecordingLogger(),
      new FakeClock(20_000),
    )
    const startMs = performance.now()
    for (let ino = count; ino > 0; ino--) {
      const [remembered] = checkpoints.ofInode({ dev: 9, ino })
      assert.equal(remembered?.position.ino, ino)
    }
    const tookMs = performance.now() - startMs
    assert.ok(tookMs < 500, `took ${tookMs} ms`)
  })

  test('a storage that cannot write is said, and tried again with everything', async () => {
    const storage = new MemoryStorage()
    seed(storage, [[1, 0]], { gone: true })
    const client = await storage.open()
    let failing = true
    const logger = new RecordingLogger()
    const flaky = {
      ...client,
      update: (changes: ReadonlyMap<string, Uint8Array | undefined>) =>
        failing ? Promise.reject(new Error('ENOSPC')) : client.update(changes),
    }
    const clock = new FakeClock(2 * dayMs)
    new Checkpoints(flaky, logger, clock)
    await clock.advance(0)
    assert.deepEqual(logger.texts('error'), ['cannot save checkpoints {"message":"ENOSPC"}'])
    assert.ok(storage.saved.has('file/1'))
    failing = false
    await clock.advance(250)
    assert.ok(!storage.saved.has('file/1'))
  })
})

suite('T12: what is acknowledged is saved', () => {
  test('within 250 ms and two writes, however fast the answers come and however slow a write is', async () => {
    const writeMs = 40
    const clock = new FakeClock()
    const storage = new MemoryStorage()
    const client = await storage.open()
    let savedOffset = 0
    const slow = {
      ...client,
      update: async (changes: ReadonlyMap<string, Uint8Array | undefined>) => {
        const saved = JSON.parse(Buffer.from(changes.get('file/1') ?? []).toString())
        await sleep(clock, writeMs)
        savedOffset = saved.position.offset
      },
    }
    const checkpoints = new Checkpoints(slow, new RecordingLogger(), clock)
    const file = new TailedFile(
      checkpoints.newId(),
      'p',
      { dev: 9, ino: 1 } as Stats,
      0,
      {} as Source,
    )
    for (let ms = 1; ms <= 3000; ms++) {
      // The offset is the time at which it was acknowledged.
      file.restartAt(ms, { bytes: 1, hash: 'x' })
      checkpoints.changed(file)
      await clock.advance(1)
      assert.ok(ms - savedOffset <= 250 + 2 * writeMs, `after ${ms} ms: ${savedOffset}`)
    }
    assert.ok(savedOffset > 2500)
  })
})

function all(checkpoints: Checkpoints): Promise<readonly Remembered[]> {
  return checkpoints.withHead(() => Promise.resolve('x'))
}

function seed(
  storage: MemoryStorage,
  entries: readonly (readonly [number, number])[],
  more: Record<string, unknown> = {},
): void {
  for (const [id, seenMs] of entries) {
    const position = {
      dev: 9,
      ino: id,
      headBytes: 1,
      headHash: 'x',
      offset: 1,
      guardBytes: 1,
      guardHash: 'y',
    }
    storage.saved.set(
      `file/${id}`,
      Buffer.from(JSON.stringify({ version: 1, id, path: 'p', position, seenMs, ...more })),
    )
  }
}
