import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { Checkpoints } from '../../../src/tail/checkpoints.ts'
import { FileSet } from '../../../src/tail/file-set.ts'
import { noGuard } from '../../../src/tail/identity.ts'
import type { TailedFile } from '../../../src/tail/tailed-file.ts'
import { TailModel } from './tail-model.ts'

/** More than the few of `npm test` begin at a new seed each time. */
const more = process.env['REMORA_MODEL_RUNS']
const runs = Number(more ?? 25)
/** One failing run is repeated by `REMORA_MODEL_SEED=… REMORA_MODEL_RUNS=1`. */
const firstSeed = Number(
  process.env['REMORA_MODEL_SEED'] ??
    (more === undefined ? 1 : Math.floor(Math.random() * 2 ** 30)),
)
const stepCount = 25

suite('the tail model', () => {
  test(`${runs} lives of a log from seed ${firstSeed}: nothing lost, nothing twice but after a crash`, async () => {
    for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
      try {
        await TailModel.run(seed, stepCount)
      } catch (error) {
        const again = `REMORA_MODEL_SEED=${seed} REMORA_MODEL_RUNS=1`
        assert.fail(`seed ${seed} (${again}): ${(error as Error).stack}`)
      }
    }
  })

  test('the same seed is the same run', async () => {
    const seed = firstSeed + runs
    assert.deepEqual(
      await TailModel.run(seed, stepCount).catch((error: Error) => error.message),
      await TailModel.run(seed, stepCount).catch((error: Error) => error.message),
    )
  })

  /** Bugs that are put in for the test. The model must notice each. */
  const bugs: readonly (readonly [string, RegExp, (t: TestContext) => void])[] = [
    [
      'the position in a truncated content is forgotten',
      /came again/,
      (t) => t.mock.method(Checkpoints.prototype, 'remember', () => -1),
    ],
    [
      'what stands in a truncated file is skipped',
      /lost:|nobody wrote/,
      (t) => {
        const { replaced } = FileSet.prototype
        t.mock.method(
          FileSet.prototype,
          'replaced',
          async function (this: FileSet, file: TailedFile) {
            await replaced.call(this, file)
            file.restartAt(file.sizeBytes, noGuard)
          },
        )
      },
    ],
    [
      'positions are saved at a clean stop only',
      /came again/,
      (t) => {
        const { changed, close } = Checkpoints.prototype
        const files = new Set<TailedFile>()
        t.mock.method(Checkpoints.prototype, 'changed', (file: TailedFile) => files.add(file))
        t.mock.method(Checkpoints.prototype, 'close', function (this: Checkpoints) {
          for (const file of files) changed.call(this, file)
          return close.call(this)
        })
      },
    ],
  ]
  for (const [name, sign, putIn] of bugs) {
    test(`finds that ${name}`, async (t) => {
      putIn(t)
      let found = ''
      for (let seed = 1; seed <= 60 && found === ''; seed++) {
        await TailModel.run(seed, stepCount).catch((error: Error) => {
          found = error.message
        })
      }
      assert.match(found, sign)
    })
  }
})
