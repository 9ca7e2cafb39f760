import assert from 'node:assert/strict'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { createDirectory, type Directories } from './create-directory.ts'

suite('a directory', () => {
  let root = ''
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'remora-directory-'))
    await writeFile(join(root, 'file'), '')
  })
  after(() => rm(root, { recursive: true }))

  test('is made with those above it, also by two at once, and may be there', async () => {
    const path = join(root, 'a', 'b', 'c')
    await Promise.all([createDirectory(path, 0o700), createDirectory(path, 0o700)])
    await createDirectory(path, 0o700)
    assert.equal((await stat(path)).mode & 0o777, 0o700)
  })

  test('below a file is refused', async () => {
    await assert.rejects(createDirectory(join(root, 'file', 'a'), 0o700), { code: 'ENOTDIR' })
  })

  test('where the system makes none is refused, and not tried for ever', async (t) => {
    if (process.platform !== 'linux') {
      t.skip('there is no /proc')
      return
    }
    await assert.rejects(createDirectory('/proc/remora/a', 0o700), { code: 'ENOENT' })
  })
})

/** Directories that a loss of power takes, unless the one above was synced after they were made. */
class ForgetfulTree implements Directories {
  readonly #there = new Set(['/'])
  readonly #safe = new Set(['/'])
  /** Calls that take effect before the process is killed. */
  callsLeft = Number.POSITIVE_INFINITY

  async make(path: string): Promise<void> {
    this.#count()
    assert.ok(this.#there.has(dirname(path)), `the directory above ${path} is there`)
    this.#there.add(path)
  }

  async isThere(path: string): Promise<boolean> {
    return this.#there.has(path)
  }

  async sync(path: string): Promise<void> {
    this.#count()
    for (const one of this.#there) if (dirname(one) === path) this.#safe.add(one)
  }

  survivesPowerLoss(path: string): boolean {
    return this.#safe.has(path) && (path === '/' || this.survivesPowerLoss(dirname(path)))
  }

  #count(): void {
    if (this.callsLeft-- <= 0) throw new Error('killed')
  }
}

suite('a new directory survives a loss of power', () => {
  // Six calls make three directories; the first sync is of what was there.
  for (let calls = 0; calls <= 7; calls++) {
    test(`when a process that was killed after ${calls} calls had begun it`, async () => {
      const tree = new ForgetfulTree()
      tree.callsLeft = calls
      const killed = createDirectory('/a/b/c', 0o700, tree)
      if (calls < 7) await assert.rejects(killed, /killed/)
      await killed.catch(() => undefined)
      tree.callsLeft = Number.POSITIVE_INFINITY
      await createDirectory('/a/b/c', 0o700, tree)
      assert.ok(tree.survivesPowerLoss('/a/b/c'))
    })
  }

  test('as far as the directory above can be synced', async () => {
    const made: string[] = []
    const directories: Directories = {
      make: async (path) => {
        made.push(path)
      },
      isThere: async (path) => path === '/',
      sync: (path) => Promise.reject(Object.assign(new Error(path), { code: 'EACCES' })),
    }
    await createDirectory('/a/b', 0o700, directories)
    assert.deepEqual(made, ['/a', '/a/b'])
    const broken = { ...directories, sync: () => Promise.reject(new Error('EIO')) }
    await assert.rejects(createDirectory('/a/b', 0o700, broken), /EIO/)
  })
})
