import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Scene } from './scene.ts'

/*
 * What users of the collector's file receiver rely on, as its own tests of files and rotation list it, where no other test
 * here has it: rotation by moving and by copying, under new names and along a chain, with and without removal of the
 * oldest; and files that change while the receiver is down.
 */

const head = `${'h'.repeat(999)}\n`

type Rotate = (scene: Scene, turn: number) => void

const rotations: readonly (readonly [name: string, rotate: Rotate])[] = [
  [
    'moved to a new name each time',
    (scene, turn) => {
      scene.rename('app.log', `app.log.${turn}`)
    },
  ],
  [
    'moved along a chain',
    (scene, turn) => {
      if (turn > 1) scene.rename('app.log.1', 'app.log.2')
      scene.rename('app.log', 'app.log.1')
    },
  ],
  [
    'copied to a new name each time',
    (scene, turn) => {
      scene.copy('app.log', `app.log.${turn}`)
      scene.truncate('app.log')
    },
  ],
  [
    'copied along a chain',
    (scene, turn) => {
      if (turn > 1) scene.rename('app.log.1', 'app.log.2')
      scene.copy('app.log', 'app.log.1')
      scene.truncate('app.log')
    },
  ],
]

suite('rotation, beside a steady writer: each line comes once', () => {
  for (const [name, rotate] of rotations) {
    for (const [lineName, end] of [
      ['short lines', ''],
      ['lines longer than the fingerprint', ` ${'x'.repeat(1500)}`],
    ] as const) {
      test(`${name}, ${lineName}`, async () => {
        const scene = new Scene()
        const want: string[] = []
        await scene.start()
        for (let turn = 1; turn <= 5; turn++) {
          for (let n = 0; n < 4; n++) {
            const line = `turn ${turn} line ${n}${end}`
            want.push(line)
            scene.write('app.log', `${line}\n`)
            await scene.pass(130)
          }
          rotate(scene, turn)
        }
        await scene.polls(5)
        scene.die()
        assert.deepEqual(scene.lines.toSorted(), want.toSorted())
      })
    }
  }
})

test('a copy that is written over an older copy comes again: docs/decisions/0010 says why', async () => {
  const scene = new Scene()
  scene.write('app.log', 'one\n')
  await scene.start()
  scene.copy('app.log', 'app.log.1')
  scene.truncate('app.log')
  await scene.polls(3)
  scene.write('app.log', 'two\n')
  await scene.polls(3)
  scene.copyOver('app.log', 'app.log.1')
  scene.truncate('app.log')
  await scene.polls(5)
  scene.die()
  assert.deepEqual(scene.lines, ['one', 'two', 'two'])
})

interface Row {
  readonly name: string
  /** Before the stop, and while it is down. */
  readonly before: (scene: Scene) => void
  readonly down: (scene: Scene) => void
  readonly want: readonly string[]
}

const rows: readonly Row[] = [
  {
    name: 'moved, and a new one begins with the same fingerprint',
    before: (scene) => scene.write('app.log', `${head}one\n`),
    down: (scene) => {
      scene.rename('app.log', 'app.log.1')
      scene.write('app.log', `${head}two\n`)
    },
    want: ['one', 'two'],
  },
  {
    name: 'moved and written to, and a new one is there',
    before: (scene) => scene.write('app.log', 'one\n'),
    down: (scene) => {
      scene.rename('app.log', 'app.log.1')
      scene.write('app.log.1', 'two\n')
      scene.write('app.log', 'three\n')
    },
    want: ['one', 'two', 'three'],
  },
  {
    name: 'shorter than a fingerprint, and grown far beyond it',
    before: (scene) => scene.write('app.log', 'one\n'),
    down: (scene) => scene.write('app.log', `${head}${head}two\n`),
    want: ['one', 'two'],
  },
  {
    name: 'removed, and another one begins with what was in it',
    before: (scene) => scene.write('app.log', 'one\n'),
    down: (scene) => {
      scene.remove('app.log')
      scene.write('app.log', 'one and more\n')
    },
    want: ['one', 'one and more'],
  },
  {
    name: 'moved out of the patterns and back',
    before: (scene) => scene.write('app.log', 'one\n'),
    down: (scene) => {
      scene.rename('app.log', 'elsewhere')
      scene.write('elsewhere', 'two\n')
      scene.rename('elsewhere', 'app.log.9')
    },
    want: ['one', 'two'],
  },
]

suite('files that change while remora is down', () => {
  for (const { name, before, down, want } of rows) {
    test(name, async () => {
      const scene = new Scene()
      before(scene)
      await scene.pass(1000)
      await scene.start()
      await scene.pass(1000)
      scene.die()
      down(scene)
      await scene.start()
      await scene.polls(5)
      scene.die()
      const lines = scene.lines.filter((line) => !line.startsWith('h'))
      assert.deepEqual(lines.toSorted(), want.toSorted())
    })
  }
})

suite('start_at: end leaves out what the first look has seen', () => {
  test('of an archive too, which is gone through first, and of all files where few are kept open', async () => {
    const names = Array.from({ length: 6 }, (_, n) => `app.log.${n}`)
    const scene = new Scene({ maxConcurrentFiles: 2, options: { start_at: 'end' } })
    scene.write('app.log.old', 'left out\n')
    scene.compress('app.log.old')
    for (const name of names) scene.write(name, `${name} left out\n`)
    await scene.start()
    for (const name of names) scene.write(name, `${name} read\n`)
    scene.write('app.log', 'a new file\n')
    await scene.pass(5000)
    scene.write('app.log.new', 'a new archive\n')
    scene.compress('app.log.new')
    await scene.pass(5000)
    scene.die()
    const want = [...names.map((name) => `${name} read`), 'a new file', 'a new archive']
    assert.deepEqual(scene.lines.toSorted(), want.toSorted())
  })

  test('of an archive that was not gone through before remora was started again', async () => {
    const scene = new Scene({ options: { start_at: 'end' } })
    scene.write('app.log', 'left out\n')
    scene.compress('app.log')
    await scene.start()
    scene.die()
    await scene.pass(100)
    await scene.start()
    await scene.pass(5000)
    scene.die()
    assert.deepEqual(scene.lines, [])
  })

  test('of two files that were equal then, and of none that is another one by now', async () => {
    const scene = new Scene({ options: { start_at: 'end' } })
    for (const name of ['app.log.1', 'app.log.2', 'app.log.3']) scene.write(name, 'left out\n')
    await scene.start()
    scene.write('app.log.2', 'two\n')
    scene.truncate('app.log.3')
    scene.write('app.log.3', 'three, longer than before\n')
    await scene.polls(3)
    scene.die()
    assert.deepEqual(scene.lines, ['two', 'three, longer than before'])
  })

  for (const [first, second] of ['12', '21']) {
    for (const startsAgain of ['before that', 'between the two', 'at the end only']) {
      const title = `of two equal files, both of which are followed: ${first} is written first, remora starts again`
      test(`${title} ${startsAgain}`, async () => {
        const scene = new Scene({ options: { start_at: 'end' } })
        const again = async (): Promise<void> => {
          await scene.pass(1000)
          scene.die()
          await scene.start()
        }
        for (const name of ['app.log.1', 'app.log.2']) scene.write(name, 'left out\n')
        await scene.start()
        if (startsAgain.startsWith('before')) await again()
        scene.write(`app.log.${first}`, `${first}\n`)
        await scene.polls(1)
        if (startsAgain.startsWith('between')) await again()
        scene.write(`app.log.${second}`, `${second}\n`)
        await scene.polls(3)
        await again()
        scene.die()
        assert.deepEqual(scene.lines, [first, second])
      })
    }
  }
})

interface Behaviour {
  readonly name: string
  readonly options?: Record<string, unknown>
  run(scene: Scene): Promise<void>
  readonly want: readonly string[]
}

const behaviours: readonly Behaviour[] = [
  {
    name: 'records are numbered from the first behind the header',
    options: {
      header: {
        pattern: '^#',
        metadata_operators: [{ type: 'regex_parser', regex: '^#(?P<app>.*)' }],
      },
      include_file_record_number: true,
      operators: [{ type: 'move', from: 'attributes["log.file.record_number"]', to: 'body' }],
    },
    run: async (scene) => {
      scene.write('app.log', '#shop\n#till\none\ntwo\n')
      await scene.start()
    },
    want: ['1', '2'],
  },
  {
    name: 'a line of the header that its operators do not fit is passed over',
    options: {
      header: {
        pattern: '^#',
        metadata_operators: [{ type: 'regex_parser', regex: '^#app=(?P<app>.*)' }],
      },
      operators: [{ type: 'move', from: 'attributes.app', to: 'body' }],
    },
    run: async (scene) => {
      scene.write('app.log', '#app=shop\n#no field\none\n')
      await scene.start()
    },
    want: ['shop'],
  },
  {
    name: 'exclude_older_than leaves a file alone until it is changed',
    options: { exclude_older_than: '2h' },
    run: async (scene) => {
      scene.write('app.log.1', 'old\n')
      await scene.pass(3_600_000)
      scene.write('app.log.2', 'young\n')
      await scene.pass(3_700_000)
      await scene.start()
      assert.deepEqual(scene.lines, ['young'])
      scene.write('app.log.1', 'and new\n')
      await scene.polls(2)
    },
    want: ['young', 'old', 'and new'],
  },
  {
    name: 'nop hands on pieces of max_log_size, the last one too, and ends of lines in them',
    options: { encoding: 'nop', max_log_size: 16 },
    run: async (scene) => {
      scene.write('app.log', `${'a'.repeat(14)}\n\tand ends\n`)
      await scene.start()
    },
    want: [`${'a'.repeat(14)}\n\t`, 'and ends\n'],
  },
  {
    name: 'a record that begins by a pattern is cut where it is too long, and the next one is whole',
    options: { multiline: { line_start_pattern: '\\[\\d+\\]' }, max_log_size: 16 },
    run: async (scene) => {
      scene.write('app.log', `before [1]${'a'.repeat(30)} [2] b [3]`)
      await scene.start()
    },
    want: ['before', '[1]aaaaaaaaaaaaa', 'a'.repeat(16), 'a', '[2] b'],
  },
  {
    name: 'an unfinished line larger than a block waits anew when it grows, and comes whole',
    options: { force_flush_period: '500ms' },
    run: async (scene) => {
      await scene.start()
      scene.write('app.log', 'a'.repeat(300_000))
      await scene.pass(400)
      scene.write('app.log', 'b')
      await scene.pass(400)
      assert.deepEqual(scene.lines, [])
      await scene.pass(400)
    },
    want: [`${'a'.repeat(300_000)}b`],
  },
  {
    name: 'an empty file is read when something is in it',
    run: async (scene) => {
      scene.write('app.log.1', '')
      scene.write('app.log.2', 'two\n')
      await scene.start()
      scene.write('app.log.1', 'one\n')
      await scene.polls(1)
    },
    want: ['two', 'one'],
  },
  {
    // The collector reads it at once: but a copy that a rotation leaves behind looks the same.
    name: 'of two short files that are equal the second is read when it becomes another one, and not before',
    run: async (scene) => {
      scene.write('app.log.1', 'same\n')
      scene.write('app.log.2', 'same\n')
      await scene.start()
      scene.write('app.log.1', 'one\n')
      await scene.polls(3)
      assert.deepEqual(scene.lines, ['same', 'one'])
      scene.write('app.log.2', 'two\n')
      await scene.polls(3)
    },
    want: ['same', 'one', 'same', 'two'],
  },
  {
    // The collector goes on behind `one`: but whoever starts again prints the same first lines.
    name: 'a file that is removed, and made anew with the same first lines, is a new one',
    run: async (scene) => {
      scene.write('app.log', 'one\n')
      await scene.start()
      scene.remove('app.log')
      await scene.pass(500)
      scene.write('app.log', 'one\ntwo\n')
      await scene.polls(3)
    },
    want: ['one', 'one', 'two'],
  },
]

suite('as in the collector, or not for a reason', () => {
  for (const { name, options = {}, run, want } of behaviours) {
    test(name, async () => {
      const scene = new Scene({ options })
      await run(scene)
      scene.die()
      assert.deepEqual(scene.lines, want)
    })
  }

  test('fingerprint_size may be another one after each stop', async () => {
    const scene = new Scene()
    const want: string[] = []
    const write = (name: string, line: string): void => {
      want.push(line)
      scene.write(name, `${line}\n`)
    }
    for (let n = 0; n < 15; n++) write('app.log', `${n} ${'x'.repeat(100)}`)
    write('app.log.short', 'short')
    for (const fingerprint_size of ['1kb', '4kb', 16, '1kb']) {
      await scene.start({ fingerprint_size })
      await scene.pass(1000)
      scene.die()
      write('app.log', `before ${fingerprint_size} ${'x'.repeat(100)}`)
      write('app.log.short', `short before ${fingerprint_size}`)
      await scene.pass(1000)
    }
    await scene.start()
    await scene.pass(1000)
    scene.die()
    assert.deepEqual(scene.lines.toSorted(), want.toSorted())
  })
})
