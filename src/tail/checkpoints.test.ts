import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { RecordingLogger } from '../../test/support/settings.ts'
import { MemoryStorage } from '../../test/support/tail.ts'
import { Checkpoints } from './checkpoints.ts'
import type { Remembered } from './remembered.ts'

const dayMs = 24 * 60 * 60 * 1000

suite('T19: checkpoints of dead files', () => {
  test('expire after a day', async () => {
    const storage = new MemoryStorage()
    seed(storage, [
      [1, 0],
      [2, dayMs],
    ])
    const checkpoints = new Checkpoints(await storage.open(), new RecordingLogger(), dayMs + 1)
    assert.deepEqual(
      (await all(checkpoints)).map(({ id }) => id),
      [2],
    )
    await checkpoints.save(dayMs + 1, true)
    assert.deepEqual([...storage.saved.keys()], ['file/2', 'saved_at'])
  })

  test('are at most 2,000: the oldest go', async () => {
    const storage = new MemoryStorage()
    seed(
      storage,
      Array.from({ length: 2100 }, (_, i) => [i + 1, i] as const),
      { gone: true },
    )
    const checkpoints = new Checkpoints(await storage.open(), new RecordingLogger(), 3000)
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
    const checkpoints = new Checkpoints(await storage.open(), new RecordingLogger(), 3000)
    assert.equal((await all(checkpoints)).length, 2100)
    checkpoints.expire(4000)
    assert.equal((await all(checkpoints)).length, 2100)
  })

  test('that of the same inode comes first, and is found without looking at all others', async () => {
    const storage = new MemoryStorage()
    const count = 12_000
    seed(
      storage,
      Array.from({ length: count }, (_, i) => [i + 1, i] as const),
    )
    const checkpoints = new Checkpoints(await storage.open(), new RecordingLogger(), 20_000)
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
    seed(storage, [[1, 0]])
    const client = await storage.open()
    let failing = true
    const logger = new RecordingLogger()
    const flaky = {
      ...client,
      update: (changes: ReadonlyMap<string, Uint8Array | undefined>) =>
        failing ? Promise.reject(new Error('ENOSPC')) : client.update(changes),
    }
    const checkpoints = new Checkpoints(flaky, logger, 2 * dayMs)
    await checkpoints.save(2 * dayMs, true)
    assert.deepEqual(logger.texts('error'), ['cannot save checkpoints {"message":"ENOSPC"}'])
    assert.ok(storage.saved.has('file/1'))
    failing = false
    await checkpoints.save(2 * dayMs, true)
    assert.ok(!storage.saved.has('file/1'))
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
