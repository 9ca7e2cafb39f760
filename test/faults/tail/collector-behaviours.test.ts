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
