import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { assertMetricsDeclared, cases, createInstance } from './cases.ts'

suite('every component', () => {
  for (const one of cases) {
    test(`${one.name}: can be stopped without a start`, async () => {
      const instance = createInstance(one)
      await instance.component.stop(AbortSignal.timeout(2000))
      instance.clean()
    })

    test(`${one.name}: starts and stops, and uses the metrics that it declares`, async () => {
      const instance = createInstance(one)
      await instance.component.start()
      for (const [key, read] of instance.settings.meter.gauges) {
        assert.ok(Number.isFinite(read()), `${key} reads ${read()}`)
      }
      await instance.component.stop(AbortSignal.timeout(2000))
      assertMetricsDeclared(instance, one)
      for (const entry of instance.settings.logger.entries) {
        assert.notEqual(entry.level, 'error', JSON.stringify(entry))
      }
      instance.clean()
    })
  }

  test('leaves nothing open after it has stopped', { timeout: 60_000 }, async () => {
    const script = fileURLToPath(new URL('./leave-nothing-open.ts', import.meta.url))
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    const code = await new Promise((resolve) => child.once('close', resolve))
    assert.equal(code, 0, output)
    assert.match(output, new RegExp(`^stopped ${cases.length}$`, 'm'))
  })
})
