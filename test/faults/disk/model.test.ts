import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ModelRun } from './model.ts'
import type { FaultyCall } from './simulated-file-system.ts'

const runs = Number(process.env['REMORA_MODEL_RUNS'] ?? 2000)
/** One failing run is repeated by `REMORA_MODEL_SEED=… REMORA_MODEL_RUNS=1`. */
const firstSeed = Number(process.env['REMORA_MODEL_SEED'] ?? Math.floor(Math.random() * 2 ** 30))

/** The seed of the first run that fails, or undefined. */
async function findFailure(
  count: number,
  lying?: FaultyCall,
): Promise<[number, unknown] | undefined> {
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const run = new ModelRun(seed)
    if (lying !== undefined) run.fs.lying.add(lying)
    try {
      await run.run()
    } catch (error) {
      return [seed, error]
    }
  }
  return undefined
}

suite('the disk queue and its model', () => {
  test(`agree in ${runs} random lives with faults and crashes`, async () => {
    const failed = await findFailure(runs)
    if (failed === undefined) return
    const [seed, error] = failed
    assert.fail(
      `seed ${seed} (REMORA_MODEL_SEED=${seed} REMORA_MODEL_RUNS=1): ${(error as Error).stack}`,
    )
  })

  /** Each of these makes the queue acknowledge what a crash can take back. */
  const canaries: readonly { name: string; call: FaultyCall }[] = [
    { name: 'acknowledges before the sync', call: 'sync' },
    { name: 'does not sync the directory', call: 'syncDirectory' },
  ]
  for (const { name, call } of canaries) {
    test(`disagree when the queue ${name}`, async () => {
      const failed = await findFailure(400, call)
      assert.ok(failed !== undefined, `no run from seed ${firstSeed} on finds it`)
    })
  }
})
