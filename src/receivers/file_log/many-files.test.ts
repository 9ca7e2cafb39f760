import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { TailHarness } from '../../../test/support/tail.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'

suite('B4: many small files', () => {
  test('3,000 of them are read within seconds, however long a poll takes', async () => {
    await using tail = await TailHarness.create()
    await Promise.all(
      Array.from({ length: 3000 }, (_, i) => writeFile(tail.path(`${i}.log`), `file ${i}\nend\n`)),
    )
    const startMs = performance.now()
    await tail.start({ poll_interval: '1ms' })
    await tail.until('all lines', () => tail.intake.itemCount === 6000)
    const tookMs = performance.now() - startMs
    assert.ok(tookMs < 8000, `took ${tookMs} ms`)
  })
})

suite('more files than may be open', () => {
  test('what is deleted before it could be read is counted', async () => {
    await using tail = await TailHarness.create()
    const names = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => tail.path(`${name}.log`))
    for (const name of names) await writeFile(name, `${name.slice(-5)}6789\n`.repeat(100))
    tail.intake.script(new DeliveryError('unavailable', 'down', { retryAfterMs: 20 }))
    await tail.start({ max_concurrent_files: 2 })
    await tail.until('a refusal', () => tail.intake.calls.length >= 1)
    for (const name of names) await rm(name)
    tail.intake.script('accept')
    const accepted = () =>
      tail.value('otelcol_receiver_accepted_log_records', { transport: 'file' })
    await tail.until(
      'all accounted for',
      () => accepted() * 10 + tail.value('remora_file_log_lost_bytes') === 6000,
    )
    await tail.polls(5)
    assert.equal(accepted() * 10 + tail.value('remora_file_log_lost_bytes'), 6000)
    assert.ok(tail.value('remora_file_log_lost_bytes') >= 3000)
    const warnings = tail.settings.logger.messages('warn').filter((m) => m.includes('are lost'))
    assert.ok(warnings.length >= 3, warnings.join('\n'))
  })
})
