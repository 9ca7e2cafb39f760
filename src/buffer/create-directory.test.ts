import assert from 'node:assert/strict'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { createDirectory } from './create-directory.ts'

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
