import assert from 'node:assert/strict'
import {
  appendFile,
  link,
  mkdir,
  mkdtemp,
  realpath,
  rm,
  statfs,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { RecordingLogger } from '../../test/support/settings.ts'
import { TailHarness } from '../../test/support/tail.ts'
import { systemClock } from '../component/clock.ts'
import { Discovery } from './discover.ts'
import { systemFiles } from './file-system.ts'
import { Wake } from './wake.ts'

const ext = 0xef53
const isLocal = [ext, 0x58465342, 0x9123683e, 0x01021994].includes((await statfs(tmpdir())).type)
const skip = isLocal ? false : `${tmpdir()} is no file system that is known to be local`

/*
 * While files are quiet, they are looked at every ten seconds, if a watcher tells of every change; otherwise once a second.
 */
suite('what a watcher tells of', () => {
  const flat: readonly (readonly [pattern: string, isFlat: boolean])[] = [
    ['*.log', true],
    ['app.log', true],
    ['{app,web}.log', true],
    ['none-*.log', true],
    ['links/app.log', true],
    ['links/*', false],
    ['links/to-file', false],
    ['*/app.log', false],
    ['**/app.log', false],
    ['**', false],
  ]
  for (const [pattern, expected] of flat) {
    test(`${pattern} lies ${expected ? '' : 'not '}in the watched directory itself`, async () => {
      await using files = await Files.create()
      const discovery = new Discovery(
        systemFiles,
        [join(files.directory, pattern)],
        [],
        undefined,
        () => {},
      )
      await discovery.paths('unsure')
      assert.equal(discovery.isFlat, expected)
    })
  }

  test('of everything in a local directory, from the moment it is known to be one until a change', {
    skip,
  }, async () => {
    await using files = await Files.create()
    const before = systemClock.monotonicMs()
    const wake = new Wake([files.directory], systemClock, new RecordingLogger(), () => {})
    wake.start()
    assert.equal(wake.tellsAllSince(before), false)
    await until(() => wake.tellsAllSince(systemClock.monotonicMs()))
    assert.equal(wake.tellsAllSince(before), false)
    await appendFile(join(files.directory, 'app.log'), 'more\n')
    await until(() => !wake.tellsAllSince(systemClock.monotonicMs()))
    wake.stop()
  })

  test('not of everything where one directory is behind a link, or on a file system of another kind', async () => {
    await using files = await Files.create()
    for (const other of [join(files.directory, 'links', 'to-directory'), '/proc/self']) {
      const wake = new Wake([files.directory, other], systemClock, new RecordingLogger(), () => {})
      wake.start()
      await pause(100)
      assert.equal(wake.armed, true)
      assert.equal(wake.tellsAllSince(systemClock.monotonicMs()), false)
      wake.stop()
    }
  })
})

suite('a directory of which nobody told a change', () => {
  const look = async (files: Files, pattern = '*.log') => {
    let lists = 0
    const list = (directory: string) => {
      lists++
      return systemFiles.list(directory)
    }
    const include = [join(files.directory, pattern)]
    const discovery = new Discovery({ ...systemFiles, list }, include, [], undefined, () => {})
    const first = await discovery.paths('unsure')
    return { discovery, first, lists: () => lists }
  }

  test('is not listed again', async () => {
    await using files = await Files.create()
    const { discovery, first, lists } = await look(files)
    assert.equal(await discovery.paths('quiet'), first)
    assert.equal(lists(), 1)
    assert.deepEqual(await discovery.paths('unsure'), first)
    assert.equal(lists(), 2)
  })

  test('is, where it is another one by now, is gone, or has links', async () => {
    await using files = await Files.create()
    const { discovery, first } = await look(files)
    await pause(20)
    await writeFile(join(files.directory, 'new.log'), '')
    assert.deepEqual(await discovery.paths('quiet'), [...first, join(files.directory, 'new.log')])
    await rm(files.directory, { recursive: true })
    assert.deepEqual(await discovery.paths('quiet'), [])
    await mkdir(files.directory)

    await using others = await Files.create()
    const linked = await look(others, 'links/*')
    await linked.discovery.paths('quiet')
    assert.equal(linked.lists(), 2)
  })
})

test('where nobody watches, nothing is asked but the list', async () => {
  await using files = await Files.create()
  const asked: string[] = []
  const system = { ...systemFiles }
  for (const question of ['list', 'stat', 'realPath'] as const) {
    Object.assign(system, {
      [question]: (path: string) => {
        asked.push(question)
        return systemFiles[question](path)
      },
    })
  }
  for (const [pattern, questions] of [
    ['*.log', ['list']],
    ['app.log', []],
  ] as const) {
    const include = [join(files.directory, pattern)]
    const discovery = new Discovery(system, include, [], undefined, () => {})
    asked.length = 0
    assert.deepEqual(await discovery.paths('unwatched'), [join(files.directory, 'app.log')])
    assert.deepEqual(asked, questions)
    assert.equal(discovery.isFlat, false)
  }
})

suite('what happens where no watcher looks is found within a second', () => {
  const ways: readonly (readonly [
    name: string,
    make: (target: string, path: string) => Promise<void>,
  ])[] = [
    ['behind a link', symlink],
    ['by another name of the file', link],
  ]
  for (const [name, make] of ways) {
    test(name, async () => {
      await using tail = await TailHarness.create()
      await using files = await Files.create()
      const target = join(files.directory, 'app.log')
      await make(target, tail.path('app.log'))
      const allowed_roots = [await realpath(files.directory)]
      await tail.start({ watch: true, poll_interval: '200ms', allowed_roots })
      await tail.untilRecords(1)
      // Two of the polls of a quiet time: the first one long enough after the watcher came to be sure of it.
      await pause(2200)
      await appendFile(target, 'more\n')
      await tail.until('the line', () => tail.intake.itemCount === 2, 3000)
    })
  }
})

class Files implements AsyncDisposable {
  readonly directory: string

  private constructor(directory: string) {
    this.directory = directory
  }

  static async create(): Promise<Files> {
    const directory = await mkdtemp(join(tmpdir(), 'remora-watched-'))
    await mkdir(join(directory, 'links'))
    await mkdir(join(directory, 'there'))
    await writeFile(join(directory, 'app.log'), 'one\n')
    await symlink(join(directory, 'app.log'), join(directory, 'links', 'to-file'))
    await symlink(join(directory, 'there'), join(directory, 'links', 'to-directory'))
    return new Files(directory)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true })
  }
}

async function until(condition: () => boolean): Promise<void> {
  const endMs = Date.now() + 5000
  while (!condition()) {
    assert.ok(Date.now() < endMs, 'not within 5 s')
    await pause(5)
  }
}
