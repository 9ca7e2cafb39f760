import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import * as v from 'valibot'
import { RecordingIntake } from '../../../test/support/recording-intake.ts'
import { until } from '../../../test/support/remora-process.ts'
import { testSettings } from '../../../test/support/settings.ts'
import { readRecords } from '../../../test/support/tail.ts'
import { systemClock } from '../../component/clock.ts'
import { exec } from './definition.ts'

async function start(t: TestContext, config: Record<string, unknown>) {
  const intake = new RecordingIntake()
  const parsed = v.parse(exec.config, { shell: true, stop_timeout: '200ms', ...config } as never)
  const settings = testSettings(parsed, { clock: systemClock })
  const receiver = exec.create(settings, { logs: intake })
  await receiver.start()
  const stop = () => receiver.stop(AbortSignal.timeout(3000))
  t.after(stop)
  return {
    settings,
    bodies: () =>
      intake.calls.flatMap(({ batch }) => readRecords(batch.bytes())).map((r) => r.body),
    runs: (outcome: string) => settings.meter.value('remora_exec_runs', { outcome }),
    metric: (name: string) => settings.meter.value(name),
  }
}

suite('a scheduled command', () => {
  test('runs at once and in each interval, and its exit code is recorded', async (t) => {
    const one = await start(t, { command: 'echo hi; exit 3', interval: '100ms' })
    await until('three runs', () => one.runs('failure') >= 3)
    assert.deepEqual(one.bodies().slice(0, 3), ['hi', 'hi', 'hi'])
    assert.ok(one.settings.statuses.some(({ state }) => state === 'recoverable_error'))
    assert.equal(one.metric('remora_exec_last_exit_code'), 3)
  })

  test('never overlaps: a start is left out and counted', async (t) => {
    const one = await start(t, { command: 'echo hi; sleep 30', interval: '100ms' })
    await until('starts left out', () => one.metric('remora_exec_skipped_runs') >= 2)
    assert.deepEqual(one.bodies(), ['hi'])
  })

  test('is ended after timeout, also when it ignores SIGTERM', async (t) => {
    const command = "trap '' TERM; echo hi; while :; do sleep 0.05; done"
    const one = await start(t, { command, timeout: '100ms' })
    await until('the end', () => one.runs('timeout') === 1)
    assert.deepEqual(one.bodies(), ['hi'])
  })

  test('is ended when it says more than max_output_size; what came before is kept', async (t) => {
    const one = await start(t, { command: 'yes 1234567', max_output_size: 8000 })
    await until('the end', () => one.runs('output_limit') === 1)
    assert.deepEqual(
      one.bodies(),
      Array.from({ length: 1000 }, () => '1234567'),
    )
  })

  test('that does not exist is told, and tried again', async (t) => {
    const config = { command: ['/no/such/command'], shell: false, interval: '100ms' }
    const one = await start(t, config)
    await until('two tries', () => one.runs('not_started') >= 2)
    assert.equal(one.metric('remora_exec_last_exit_code'), 127)
  })

  test('has its environment and directory, and the log none of it', async (t) => {
    const one = await start(t, {
      command: 'echo "$TOKEN $PWD $HOME" >&2',
      environment: { TOKEN: 'hunter2' },
      clear_environment: true,
      working_directory: '/',
    })
    await until('the run', () => one.runs('success') === 1)
    assert.deepEqual(one.bodies(), ['hunter2 /'])
    assert.doesNotMatch(JSON.stringify(one.settings.logger.entries), /hunter2/)
    assert.doesNotMatch(JSON.stringify(one.settings.config), /hunter2/)
  })
})

suite('a streaming command', () => {
  test('is run again when it ends', async (t) => {
    const one = await start(t, { command: 'echo hi', mode: 'streaming', respawn_interval: '10ms' })
    await until('three runs', () => one.runs('success') >= 3)
    assert.deepEqual(one.bodies().slice(0, 3), ['hi', 'hi', 'hi'])
  })

  test('is not run again where that is not wanted', async (t) => {
    const one = await start(t, { command: 'echo hi', mode: 'streaming', respawn_on_exit: false })
    await until('the end', () => one.runs('success') === 1)
    assert.deepEqual(one.bodies(), ['hi'])
  })
})
