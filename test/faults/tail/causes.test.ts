import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Scene, type SceneSettings } from './scene.ts'

/** Runs something beside remora, which is killed at the end whatever happened. */
async function play(settings: SceneSettings, run: (scene: Scene) => Promise<void>): Promise<Scene> {
  const scene = new Scene(settings)
  try {
    await run(scene)
  } finally {
    scene.die()
  }
  return scene
}

suite('causes of loss that a real directory shows to few', () => {
  test('T7: more files than descriptors: each line comes once, also of files that are written to in turn', async () => {
    const names = Array.from({ length: 12 }, (_, n) => `app.log.${n}`)
    const { lines } = await play({ descriptorsMax: 3 }, async (scene) => {
      for (const name of names) scene.write(name, `${name} first\n`)
      await scene.start()
      await scene.polls(5)
      for (const name of names) scene.write(name, `${name} second\n`)
      await scene.polls(5)
      for (const name of names) scene.write(name, `${name} third\n`)
      await scene.polls(5)
    })
    const want = names.flatMap((name) => ['first', 'second', 'third'].map((n) => `${name} ${n}`))
    assert.deepEqual(lines.toSorted(), want.toSorted())
  })

  test('T14: permission that is taken and given back: told once, and nothing is lost', async () => {
    const { lines, warnings } = await play({}, async (scene) => {
      scene.write('app.log', 'one\n')
      scene.permit('app.log', false)
      scene.write('app.log.1', 'neighbour\n')
      await scene.start()
      await scene.polls(10)
      assert.deepEqual(scene.lines, ['neighbour'])
      scene.permit('app.log', true)
      await scene.polls(2)
      scene.permit('app.log', false)
      scene.write('app.log', 'two\n')
      await scene.polls(2)
    })
    assert.deepEqual(lines, ['neighbour', 'one', 'two'])
    assert.deepEqual(warnings.length, 1, warnings.join('\n'))
    assert.match(warnings[0] ?? '', /cannot tail a file.*app\.log.*permission denied/)
  })

  test('T14: permission that is taken while a file is closed for others', async () => {
    const { lines } = await play({ maxConcurrentFiles: 1 }, async (scene) => {
      scene.write('app.log', 'one\n')
      await scene.start()
      scene.write('app.log.1', 'neighbour\n')
      await scene.polls(2)
      scene.permit('app.log', false)
      scene.write('app.log', 'two\n')
      await scene.polls(5)
      scene.write('app.log.1', 'still read\n')
      await scene.polls(5)
      assert.deepEqual(scene.lines, ['one', 'neighbour', 'still read'])
      scene.permit('app.log', true)
      await scene.polls(5)
    })
    assert.deepEqual(lines, ['one', 'neighbour', 'still read', 'two'])
  })

  test('T18: a file that cannot be read any more: what begins like it goes on where it ended', async () => {
    const { lines, warnings } = await play({}, async (scene) => {
      scene.write('app.log', 'one\n')
      await scene.start()
      scene.break('app.log', true)
      scene.write('app.log.1', 'one\ntwo\n')
      await scene.polls(3)
      scene.break('app.log', false)
      await scene.polls(3)
      scene.write('app.log', 'three\n')
      await scene.polls(3)
    })
    assert.deepEqual(lines, ['one', 'two', 'one', 'three'])
    assert.match(warnings[0] ?? '', /cannot read a file.*"\/logs\/app\.log".*input\/output error/)
  })

  test('T18: an archive that may not be opened any more: what begins like it is read', async () => {
    const { lines } = await play({ maxConcurrentFiles: 1 }, async (scene) => {
      scene.write('app.log.1', 'one\n')
      scene.compress('app.log.1')
      await scene.start()
      await scene.pass(3000)
      scene.write('app.log.2', 'another\n')
      await scene.polls(2)
      scene.permit('app.log.1.gz', false)
      scene.write('app.log', 'one\ntwo\n')
      await scene.polls(5)
    })
    assert.deepEqual(lines, ['one', 'another', 'two'])
  })

  const time = '2026-01-02T03:04:05.123456789Z'
  const container = { type: 'container', add_metadata_from_filepath: false }

  test('T17: parts of two files and two streams that come in turn', async () => {
    const { lines } = await play({ operators: [container] }, async (scene) => {
      await scene.start()
      for (const part of ['P a', 'P b', 'F c']) {
        for (const name of ['app.log.1', 'app.log.2']) {
          for (const stream of ['stdout', 'stderr']) {
            scene.write(name, `${time} ${stream} ${part}-${name.at(-1)}-${stream.slice(3)} \n`)
          }
        }
        await scene.polls(1)
      }
    })
    const want = ['1-out', '1-err', '2-out', '2-err'].map((of) => `a-${of} b-${of} c-${of} `)
    assert.deepEqual(lines.toSorted(), want.toSorted())
  })

  test('T17: parts without an end go out by themselves, and what follows is whole', async () => {
    const { lines } = await play({ operators: [container] }, async (scene) => {
      scene.write('app.log', `${time} stdout P never \n${time} stdout P ended\n`)
      await scene.start()
      await scene.pass(4000)
      assert.deepEqual(scene.lines, [])
      await scene.pass(4000)
      scene.write('app.log', `${time} stdout F whole\n`)
      await scene.polls(2)
    })
    assert.deepEqual(lines, ['never ended', 'whole'])
  })

  test('T17: a rotation between two parts, by renaming and by copying', async () => {
    const { lines } = await play({ operators: [container] }, async (scene) => {
      scene.write('app.log', `${time} stdout P one \n`)
      await scene.start()
      scene.rename('app.log', 'app.log.1')
      scene.write('app.log', `${time} stdout F two\n${time} stdout P three \n`)
      await scene.polls(2)
      scene.copy('app.log', 'app.log.2')
      scene.truncate('app.log')
      scene.write('app.log', `${time} stdout F four\n`)
      await scene.polls(3)
    })
    assert.deepEqual(lines, ['one two', 'three four'])
  })
})
