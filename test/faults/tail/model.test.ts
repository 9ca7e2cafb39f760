import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { BlockReader } from '../../../src/tail/block-reader.ts'
import { Checkpoints } from '../../../src/tail/checkpoints.ts'
import { FileSet } from '../../../src/tail/file-set.ts'
import { noGuard } from '../../../src/tail/identity.ts'
import { TailedFile } from '../../../src/tail/tailed-file.ts'
import { type Bias, TailModel } from './tail-model.ts'

/** More than the few of `npm test` begin at a new seed each time. */
const more = process.env['REMORA_MODEL_RUNS']
const runs = Number(more ?? 25)
/** One failing run is repeated by `REMORA_MODEL_SEED=… REMORA_MODEL_RUNS=1`. */
const firstSeed = Number(
  process.env['REMORA_MODEL_SEED'] ??
    (more === undefined ? 1 : Math.floor(Math.random() * 2 ** 30)),
)
const stepCount = 25
const canaryRuns = 60

/** Bugs that are put in for the test. The model must notice each. */
const bugs: readonly {
  readonly name: string
  readonly sign: RegExp
  readonly bias?: Bias
  readonly putIn: (t: TestContext) => void
}[] = [
  {
    name: 'the position in a truncated content is forgotten',
    sign: /came again|was there before/,
    putIn: (t) => t.mock.method(Checkpoints.prototype, 'remember', () => -1),
  },
  {
    name: 'what stands in a truncated file is skipped',
    sign: /lost:|nobody wrote/,
    putIn: (t) => {
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
  },
  {
    name: 'positions are saved at a clean stop only',
    sign: /came again/,
    putIn: (t) => {
      const { changed, close } = Checkpoints.prototype
      const files = new Set<TailedFile>()
      t.mock.method(Checkpoints.prototype, 'changed', (file: TailedFile) => files.add(file))
      t.mock.method(Checkpoints.prototype, 'close', function (this: Checkpoints) {
        for (const file of files) changed.call(this, file)
        return close.call(this)
      })
    },
  },
  {
    name: 'positions are saved before the answers',
    sign: /lost:/,
    bias: { answerMs: 3000 },
    putIn: (t) => {
      t.mock.getter(TailedFile.prototype, 'acknowledged', function (this: TailedFile) {
        const { skipping, recordNumber } = this
        return { position: this.readPosition(), skipping, recordNumber }
      })
    },
  },
  {
    name: 'a file that has shrunk is not noticed',
    sign: /lost:/,
    putIn: (t) => {
      const { replaced } = FileSet.prototype
      t.mock.method(FileSet.prototype, 'replaced', function (this: FileSet, file: TailedFile) {
        if (file.sizeBytes < file.offset) return Promise.resolve()
        return replaced.call(this, file)
      })
      t.mock.getter(TailedFile.prototype, 'ready', function (this: TailedFile) {
        if (this.closed || this.shadowOf !== undefined) return false
        return this.sizeBytes > this.offset && this.sizeBytes !== this.partialSize
      })
    },
  },
  {
    name: 'what was written since the look is not noticed in the size',
    sign: /does not come to rest|came again/,
    bias: { interference: 4 },
    putIn: (t) => {
      const { turn } = BlockReader.prototype
      t.mock.method(
        BlockReader.prototype,
        'turn',
        async function (this: BlockReader, file: TailedFile) {
          const { sizeBytes, generation } = file
          const goesOn = await turn.call(this, file)
          if (file.generation === generation) file.sizeBytes = sizeBytes
          return goesOn
        },
      )
    },
  },
]

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

  for (const { name, sign, bias, putIn } of bugs) {
    test(`finds that ${name}`, async (t) => {
      putIn(t)
      let found = ''
      for (let seed = 1; seed <= canaryRuns && found === ''; seed++) {
        await TailModel.run(seed, stepCount, bias).catch((error: Error) => {
          found = error.message
          t.diagnostic(`found by seed ${seed}`)
        })
      }
      assert.match(found, sign)
    })
  }
})
