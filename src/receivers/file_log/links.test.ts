import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { TailHarness } from '../../../test/support/tail.ts'

suite('S14, KHV047: a link in a watched directory', () => {
  async function withSecret(
    run: (secret: string, directory: string) => Promise<void>,
  ): Promise<void> {
    const directory = await mkdtemp(join(tmpdir(), 'remora-secret-'))
    try {
      await writeFile(join(directory, 'secret.log'), 'secret\n')
      await run(join(directory, 'secret.log'), directory)
    } finally {
      await rm(directory, { recursive: true })
    }
  }

  test('to a file outside is refused, once and with the reason', async () => {
    await withSecret(async (secret) => {
      await using tail = await TailHarness.create()
      await symlink(secret, tail.path('0.log'))
      await writeFile(tail.path('app.log'), 'fine\n')
      await tail.start()
      await tail.untilRecords(1)
      assert.deepEqual(tail.bodies, ['fine'])
      const warned = tail.settings.logger.texts('warn').filter((m) => m.includes('0.log'))
      assert.equal(warned.length, 1)
      assert.match(warned[0] ?? '', /outside of the directory of its pattern/)
    })
  })

  test('to a directory outside is refused too', async () => {
    await withSecret(async (_secret, directory) => {
      await using tail = await TailHarness.create()
      await symlink(directory, tail.path('sub'))
      await tail.start({ include: [tail.path('*/*.log')] })
      await tail.polls(5)
      assert.deepEqual(tail.bodies, [])
    })
  })

  test('to an allowed root is followed', async () => {
    await withSecret(async (secret, directory) => {
      await using tail = await TailHarness.create()
      await symlink(secret, tail.path('0.log'))
      await tail.start({ allowed_roots: [directory] })
      await tail.untilRecords(1)
      assert.deepEqual(tail.bodies, ['secret'])
    })
  })

  test('within the directory is followed, and the directory itself may be a link', async () => {
    await using tail = await TailHarness.create()
    await mkdir(tail.path('real'))
    await symlink(tail.path('real'), tail.path('link'))
    await writeFile(tail.path('real/data'), 'linked\n')
    await symlink(tail.path('real/data'), tail.path('real/x.log'))
    await tail.start({ include: [tail.path('link/*.log')] })
    await tail.untilRecords(1)
    assert.deepEqual(tail.bodies, ['linked'])
  })

  test('that is swapped in between never shows what is outside', async () => {
    await withSecret(async (secret) => {
      await using tail = await TailHarness.create()
      await writeFile(tail.path('0.log'), 'fine 0\n')
      await tail.start({ poll_interval: '1ms' })
      for (let round = 1; round <= 60; round++) {
        await symlink(secret, tail.path('swap'))
        await rename(tail.path('swap'), tail.path('0.log'))
        await new Promise((resolve) => setTimeout(resolve, 2))
        await writeFile(tail.path('swap'), `fine ${round}\n`)
        await rename(tail.path('swap'), tail.path('0.log'))
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
      await tail.until('some', () => tail.intake.itemCount > 3)
      assert.ok(tail.bodies.every((body) => String(body).startsWith('fine')))
    })
  })
})
