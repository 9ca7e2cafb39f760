import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Scene, type SceneSettings } from './scene.ts'

/** So long that a head of 1,000 bytes holds nothing else. */
const banner = `${'='.repeat(99)}\n`.repeat(12)
/** So many that there are ends of lines in what is made of them by compressing. */
const many = Array.from({ length: 300 }, (_, n) => `line ${(n * 7919) % 1009}`)

interface Row {
  readonly name: string
  readonly settings?: SceneSettings
  run(scene: Scene): Promise<void>
  /** What comes, in this order, without the lines of the banner. */
  readonly want: readonly string[]
}

/** What app.log.1 holds first, what app.log is written, and where that is copied to when the inode of app.log.1 is free. */
interface Contents {
  readonly old: string
  readonly written: string
  readonly copy: string
}

function copiesWithTheInode(
  what: string,
  { old, written, copy }: Contents,
  want: readonly string[],
): Row[] {
  return [true, false].map((keepsBirth) => ({
    name: `a copy has the ${what} of a file that was closed for others, birth ${keepsBirth ? 'known' : 'unknown'}`,
    settings: { maxConcurrentFiles: 1, keepsBirth },
    run: async (scene) => {
      scene.write('app.log.1', old)
      await scene.start()
      scene.write('app.log', written)
      await scene.polls(2)
      scene.remove('app.log.1')
      scene.copy('app.log', copy)
      scene.truncate('app.log')
      await scene.polls(5)
    },
    want,
  }))
}

/** Each is the shortest life that showed a defect, of those that the model test found. */
const rows: readonly Row[] = [
  {
    name: 'an archive is made of a copy that waits for the answers',
    settings: { answerMs: 5000 },
    run: async (scene) => {
      scene.write('app.log', 'one\ntwo\n')
      await scene.start()
      scene.copy('app.log', 'app.log.1')
      scene.truncate('app.log')
      await scene.polls(3)
      scene.compress('app.log.1')
      await scene.polls(10)
      await scene.pass(20_000)
    },
    want: ['one', 'two'],
  },
  {
    name: 'an archive is made of a waiting copy that was closed for other files',
    settings: { answerMs: 5000, maxConcurrentFiles: 1 },
    run: async (scene) => {
      scene.write('app.log', 'one\ntwo\n')
      await scene.start()
      scene.copy('app.log', 'app.log.1')
      scene.truncate('app.log')
      await scene.polls(3)
      scene.write('app.log', 'three\n')
      await scene.polls(2)
      scene.compress('app.log.1')
      await scene.polls(10)
      await scene.pass(20_000)
    },
    want: ['one', 'two', 'three'],
  },
  ...copiesWithTheInode('inode', { old: 'old\n', written: 'one\ntwo\n', copy: 'app.log.2' }, [
    'old',
    'one',
    'two',
  ]),
  ...copiesWithTheInode(
    'inode and the head',
    { old: banner, written: `${banner}one\ntwo\n`, copy: 'app.log.2' },
    ['one', 'two'],
  ),
  ...copiesWithTheInode(
    'inode and the path',
    { old: 'old, and some more\n', written: 'one\ntwo\n', copy: 'app.log.1' },
    ['old, and some more', 'one', 'two'],
  ),
  {
    name: 'an archive has the inode and the time of a copy that was closed for others, birth unknown',
    settings: { maxConcurrentFiles: 1, keepsBirth: false },
    run: async (scene) => {
      scene.write('app.log', 'one\n')
      await scene.start()
      scene.copy('app.log', 'app.log.1')
      scene.write('app.log.2', `${many.join('\n')}\n`)
      await scene.polls(3)
      scene.remove('app.log.1')
      scene.compress('app.log.2')
      await scene.pass(3000)
    },
    want: ['one', ...many],
  },
  {
    name: 'a file begins like an archive that was closed for others',
    settings: { maxConcurrentFiles: 1 },
    run: async (scene) => {
      scene.write('app.log.1', banner)
      await scene.start()
      scene.compress('app.log.1')
      await scene.pass(9000)
      scene.write('app.log', banner)
      await scene.polls(5)
      scene.write('app.log', 'one\n')
      await scene.polls(10)
    },
    want: ['one'],
  },
  {
    name: 'an archive is deleted while it is gone through',
    run: async (scene) => {
      scene.write('app.log.1', 'one\ntwo\n')
      scene.compress('app.log.1')
      await scene.start()
      await scene.pass(850)
      scene.remove('app.log.1.gz')
      await scene.polls(10)
    },
    want: ['one', 'two'],
  },
  {
    name: 'an archive has the inode of a file that was open at the stop, and its time of birth is not known',
    settings: { keepsBirth: false },
    run: async (scene) => {
      scene.write('app.log.1', banner)
      scene.write('app.log.2', `${banner}one\n`)
      await scene.pass(1000)
      await scene.start()
      await scene.pass(3000)
      scene.die()
      scene.remove('app.log.1')
      scene.compress('app.log.2')
      await scene.start()
      await scene.pass(3000)
    },
    want: ['one'],
  },
  {
    name: 'a crash before the answers, after a copy of the beginning of a content was found and the content ended',
    settings: { answerMs: 5000 },
    run: async (scene) => {
      scene.write('app.log', 'one\ntwo\n')
      await scene.start()
      scene.copy('app.log', 'app.log.1')
      await scene.polls(1)
      scene.write('app.log', 'three\n')
      await scene.polls(1)
      scene.truncate('app.log')
      await scene.pass(1000)
      scene.die()
      await scene.start()
      await scene.pass(10_000)
    },
    // Of `three` there is no copy.
    want: ['one', 'two', 'three', 'one', 'two'],
  },
  {
    name: 'an archive that start_at: end leaves out begins like a content that ended before it was gone through',
    settings: { options: { start_at: 'end' } },
    run: async (scene) => {
      scene.write('app.log', banner)
      scene.write('app.log.1', `${banner}left out\n`)
      scene.compress('app.log.1')
      await scene.start()
      scene.truncate('app.log')
      await scene.pass(3000)
    },
    want: [],
  },
  {
    name: 'an archive that start_at: end leaves out begins like what was read before a crash, and is gone',
    settings: { options: { start_at: 'end' } },
    run: async (scene) => {
      scene.write('app.log.1', `${banner}left out\n`)
      scene.compress('app.log.1')
      await scene.start()
      scene.write('app.log', banner)
      await scene.pass(600)
      scene.die()
      scene.remove('app.log')
      await scene.start()
      await scene.pass(3000)
    },
    want: [],
  },
]

interface Disturbed {
  readonly name: string
  readonly settings?: SceneSettings
  /** Up to the look that is disturbed. */
  before(scene: Scene): Promise<void>
  /** Without it, the look is the next poll, and the reading after it. */
  look?(scene: Scene): Promise<void>
  /** Between two calls of it. */
  change(scene: Scene): void
  after(scene: Scene): Promise<void>
  readonly want: readonly string[]
  /** What need not come: it was there during the look only. */
  readonly mayCome: string
}

async function readBefore(scene: Scene): Promise<void> {
  scene.write('app.log', banner)
  await scene.pass(1000)
  await scene.start()
  await scene.pass(1000)
  scene.die()
}

const long = 'x'.repeat(banner.length + 5)

const disturbed: readonly Disturbed[] = [
  {
    name: 'a file is truncated while it is found again',
    before: async (scene) => {
      await readBefore(scene)
      scene.write('app.log', 'one\n')
    },
    look: (scene) => scene.start(),
    change: (scene) => {
      scene.truncate('app.log')
      scene.write('app.log', `${long}\ntwo\n`)
    },
    after: (scene) => scene.polls(3),
    want: [long, 'two'],
    mayCome: 'one',
  },
  {
    name: 'a file becomes one that begins like another one that was read, and is compressed later',
    before: async (scene) => {
      await readBefore(scene)
      scene.remove('app.log')
      scene.write('app.log', 'short\n')
    },
    look: (scene) => scene.start(),
    change: (scene) => {
      scene.truncate('app.log')
      scene.write('app.log', `${banner}one\n`)
    },
    after: async (scene) => {
      await scene.polls(3)
      scene.compress('app.log')
    },
    want: ['one'],
    mayCome: 'short',
  },
  ...['', banner].map(
    (head): Disturbed => ({
      name: `a file that has a copy is written anew before it is read, behind ${head.length} bytes that were`,
      before: async (scene) => {
        await scene.start()
        if (head !== '') {
          scene.write('app.log', head)
          await scene.polls(1)
        }
        scene.write('app.log', 'one\n')
        scene.copy('app.log', 'app.log.1')
      },
      change: (scene) => {
        scene.truncate('app.log')
        scene.write('app.log', `${head}two, and more\n`)
      },
      after: async (scene) => {
        scene.truncate('app.log')
        await scene.polls(2)
      },
      want: ['one'],
      mayCome: 'two, and more',
    }),
  ),
  {
    name: 'the copy of a file that is gone is moved, and then compressed',
    settings: { maxConcurrentFiles: 1 },
    before: async (scene) => {
      scene.write('app.log', 'one\ntwo\n')
      await scene.start()
      scene.write('app.log.9', 'other\n')
      await scene.polls(1)
      scene.copy('app.log', 'app.log.1')
      scene.remove('app.log')
      // So that the copy is closed for others again.
      scene.write('app.log.9', 'another\n')
      await scene.polls(1)
    },
    change: (scene) => scene.rename('app.log.1', 'app.log.2'),
    after: async (scene) => {
      await scene.pass(100)
      scene.compress('app.log.2')
    },
    want: ['one', 'two', 'other', 'another'],
    mayCome: '',
  },
  {
    name: 'an archive has the inode and the time of birth of a file that was closed for others as soon as it was made',
    settings: { maxConcurrentFiles: 1 },
    before: async (scene) => {
      scene.write('app.log.1', `${many.join('\n')}\n`)
      await scene.pass(1000)
      scene.write('app.log', 'short\n')
    },
    look: (scene) => scene.start(),
    change: (scene) => {
      scene.remove('app.log')
      scene.compress('app.log.1')
    },
    after: (scene) => scene.polls(3),
    want: many,
    mayCome: 'short',
  },
  {
    name: 'an archive that start_at: end leaves out is renamed before it is gone through',
    settings: { options: { start_at: 'end' } },
    before: async (scene) => {
      scene.write('app.log', 'left out\n')
      scene.compress('app.log')
      await scene.start()
    },
    change: (scene) => scene.rename('app.log.gz', 'app.log.1.gz'),
    after: (scene) => scene.polls(1),
    want: [],
    mayCome: '',
  },
]

suite('what the model found', () => {
  for (const { name, settings, run, want } of rows) {
    test(name, async () => {
      const scene = new Scene(settings)
      try {
        await run(scene)
      } finally {
        scene.die()
      }
      assert.deepEqual(
        scene.lines.filter((line) => !line.startsWith('=')),
        want,
      )
    })
  }

  for (const { name, settings, before, look, change, after, want, mayCome } of disturbed) {
    test(`between any two calls of a look, ${name}`, async () => {
      let calls = 0
      for (; ; calls++) {
        const scene = new Scene(settings)
        await before(scene)
        scene.interrupt(calls, () => change(scene))
        await (look === undefined ? scene.polls(1) : look(scene))
        if (!scene.interrupted) {
          scene.die()
          break
        }
        await after(scene)
        await scene.pass(3000)
        scene.die()
        const lines = scene.lines.filter((line) => !line.startsWith('=') && line !== mayCome)
        assert.deepEqual(lines, want, `changed before call ${calls}`)
      }
      assert.ok(calls > 5, `${calls} calls`)
    })
  }
})
