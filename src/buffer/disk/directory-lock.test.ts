import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readlink, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { DirectoryInUse, lockDirectory } from './directory-lock.ts'
import { giveSignOfLife } from './sign-of-life.ts'

let root: string
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'remora-lock-'))
})
after(() => rm(root, { recursive: true }))

const unshare = ['-pf', '--mount-proc', '--kill-child']
const namespaces = spawnSync('unshare', [...unshare, 'true']).status === 0
const skip = namespaces ? false : 'process namespaces cannot be made here (unshare -p)'

/** Locks `directory` as process 1 of a namespace, as in a container of its own; says "held" or the refusal. */
async function lockElsewhere(directory: string): Promise<{ child: ChildProcess; said: string }> {
  const module = new URL('./directory-lock.ts', import.meta.url).href
  const script = `
    const { lockDirectory } = await import(${JSON.stringify(module)})
    const say = (text) => process.stdout.write(text + '\\n')
    await lockDirectory(${JSON.stringify(directory)}).then(() => say('held'), (error) => say(error.message))
    process.stdin.resume()`
  const node = [process.execPath, '--input-type=module', '-e', script]
  const child = spawn('unshare', [...unshare, ...node], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, said: said.toString().trim() }
}

suite('a directory', () => {
  test('is locked once, and free afterwards, with nothing left', async () => {
    const unlock = await lockDirectory(root)
    await assert.rejects(lockDirectory(root), DirectoryInUse)
    await unlock()
    assert.deepEqual(await readdir(root), [])
    await (await lockDirectory(root))()
  })

  test('of a path longer than sockets allow is locked too', async () => {
    const directory = join(root, ...Array.from({ length: 8 }, () => 'd'.repeat(30)))
    await mkdir(directory, { recursive: true })
    const unlock = await lockDirectory(directory)
    const files = await readdir(directory)
    assert.equal(files.filter((file) => file.endsWith('.sock')).length, 1, files.join())
    await unlock()
  })

  test('keeps files that a forged lock names', async () => {
    const directory = await mkdtemp(join(root, 'forged-'))
    await writeFile(join(directory, 'precious'), '')
    await writeFile(join(directory, 'lock'), '{"pid":4194303,"startedAt":"1","socket":"precious"}')
    await (await lockDirectory(directory))()
    assert.deepEqual(await readdir(directory), ['precious'])
  })

  test('is rid of what processes left that were killed while they took the lock', async (t) => {
    const directory = await mkdtemp(join(root, 'left-'))
    const left = ['sock', 'tmp', 'stale'].map((ending) => `lock.0badcafe.${ending}`)
    const notOurs = ['lock.0badcafe.txt', 'lock.other.tmp']
    const minutesAgo = new Date(Date.now() - 120_000)
    for (const name of [...left, ...notOurs]) {
      await writeFile(join(directory, name), '')
      await utimes(join(directory, name), minutesAgo, minutesAgo)
    }
    const alive = await giveSignOfLife(join(directory, 'lock.0000beef.sock'))
    t.after(() => alive?.end())
    await writeFile(join(directory, 'lock.0000beef.tmp'), '')
    for (const ending of ['sock', 'tmp']) {
      await utimes(join(directory, `lock.0000beef.${ending}`), minutesAgo, minutesAgo)
    }
    await writeFile(join(directory, 'lock.00000e3f.sock'), '')
    await (await lockDirectory(directory))()
    const others = ['lock.0000beef.sock', 'lock.0000beef.tmp', 'lock.00000e3f.sock']
    assert.deepEqual((await readdir(directory)).sort(), [...others, ...notOurs].sort())
  })

  test('that process 1 of a container uses is refused to process 1 of another', {
    skip,
  }, async () => {
    const directory = await mkdtemp(join(root, 'shared-'))
    const first = await lockElsewhere(directory)
    assert.equal(first.said, 'held')
    const second = await lockElsewhere(directory)
    assert.equal(second.said, `cannot use directory "${directory}": process 1 uses it`)
    await assert.rejects(lockDirectory(directory), DirectoryInUse)
    first.child.kill('SIGKILL')
    await once(first.child, 'close')
    const third = await lockElsewhere(directory)
    assert.equal(third.said, 'held')
    for (const { child } of [second, third]) {
      child.kill('SIGKILL')
      await once(child, 'close')
    }
    await (await lockDirectory(directory))()
    assert.deepEqual(await readdir(directory), [])
  })

  test('on a full disk is locked too: what makes room there waits for it', { skip }, async (t) => {
    const directory = await mkdtemp(join(root, 'full-'))
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory])
    if (mounted.status !== 0) {
      t.skip(`a small file system cannot be mounted here: ${String(mounted.stderr)}`)
      return
    }
    t.after(() => spawnSync('umount', ['-l', directory]))
    const full = writeFile(join(directory, 'fill'), Buffer.alloc(128 * 1024))
    await assert.rejects(full, { code: 'ENOSPC' })
    const first = await lockElsewhere(directory)
    assert.equal(first.said, 'held')
    assert.ok(Buffer.byteLength(await readlink(join(directory, 'lock'))) < 60)
    await assert.rejects(lockDirectory(directory), DirectoryInUse)
    first.child.kill('SIGKILL')
    await once(first.child, 'close')
    await (await lockDirectory(directory))()
    assert.deepEqual(await readdir(directory), ['fill'])
  })

  test('that was removed, and made and locked by another: a late release leaves that lock alone', {
    skip,
  }, async () => {
    const directory = await mkdtemp(join(root, 'again-'))
    const release = await lockDirectory(directory)
    await rm(directory, { recursive: true })
    await mkdir(directory)
    const other = await lockElsewhere(directory)
    assert.equal(other.said, 'held')
    await release()
    await assert.rejects(lockDirectory(directory), DirectoryInUse)
    other.child.kill('SIGKILL')
    await once(other.child, 'close')
    await (await lockDirectory(directory))()
  })

  test('whose lock cannot be read at the release is not said to be in use any more', async () => {
    const directory = await mkdtemp(join(root, 'late-'))
    const release = await lockDirectory(directory)
    await rm(join(directory, 'lock'))
    await mkdir(join(directory, 'lock'))
    await assert.rejects(release(), { code: 'EISDIR' })
    assert.deepEqual(await readdir(directory), ['lock'])
  })

  test('whose lock cannot be read is named', async () => {
    const directory = await mkdtemp(join(root, 'odd-'))
    await mkdir(join(directory, 'lock'))
    await assert.rejects(lockDirectory(directory), (error: Error) => {
      assert.ok(error.message.startsWith(`cannot lock directory "${directory}": EISDIR`))
      return true
    })
    assert.deepEqual(await readdir(directory), ['lock'])
  })
})
