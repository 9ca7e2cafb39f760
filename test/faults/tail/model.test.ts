import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { TailModel } from './tail-model.ts'

const runs = Number(process.env['REMORA_MODEL_RUNS'] ?? 40)
/** One failing run is repeated by `REMORA_MODEL_SEED=… REMORA_MODEL_RUNS=1`. */
const firstSeed = Number(process.env['REMORA_MODEL_SEED'] ?? Math.floor(Math.random() * 2 ** 30))
const stepCount = 25

suite('the tail model', () => {
  test(`${runs} lives of a log: nothing lost, nothing twice but after a crash`, async () => {
    for (let run = 0; run < runs; run++) {
      const seed = firstSeed + run
      try {
        await TailModel.run(seed, stepCount)
      } catch (error) {
        assert.fail(
          `seed ${seed} (REMORA_MODEL_SEED=${seed} REMORA_MODEL_RUNS=1): ${(error as Error).stack}`,
        )
      }
    }
  })
})
