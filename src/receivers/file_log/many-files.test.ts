import assert from 'node:assert/strict'
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { TailHarness } from '../../../test/support/tail.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'
import { type OpenFile, systemFiles } from '../../tail/file-system.ts'

suite('B4: many small files', () => {
  test('3,000 of them cost little more than opening each twice, however long a poll takes', async () => {
    await using tail = await TailHarness.create()
    const paths = Array.from({ length: 3000 }, (_, i) => tail.path(`${i}.log`))
    for (const [i, path] of paths.entries()) await writeFile(path, `file ${i}\nend\n`)
    // How long that takes depends on what else the machine does, so it is measured beside it.
    const openMs = await timed(async () => {
      for (const path of [...paths, ...paths]) await readFile(path)
    })
    const tookMs = await timed(async () => {
      await tail.start({ poll_interval: '1ms' })
      await tail.until('all lines', () => tail.intake.itemCount === 6000, 100_000)
    })
    assert.ok(tookMs < 10 * openMs, `took ${tookMs} ms, where opening twice takes ${openMs} ms`)
  })
})

async function timed(run: () => Promise<void>): Promise<number> {
  const startMs = performance.now()
  await run()
  return performance.now() - startMs
}

suite('more files than may be open', () => {
  test('what the first look has seen of small ones is read without opening them again', async () => {
    await using tail = await TailHarness.create()
    const names = Array.from({ length: 20 }, (_, index) => `${index}.log`)
    for (const name of names) await writeFile(tail.path(name), `one of ${name}\nrest`)
    const opened: string[] = []
    const open = async (path: string): Promise<OpenFile> => {
      opened.push(path)
      return await systemFiles.open(path)
    }
    await tail.start({ max_concurrent_files: 2 }, { ...systemFiles, open })
    await tail.untilRecords(20)
    assert.equal(opened.length, 20)
    await tail.polls(3)
    for (const name of names) await appendFile(tail.path(name), ' of it\n')
    await tail.untilRecords(40)
    const wanted = names.flatMap((name) => [`one of ${name}`, 'rest of it'])
    assert.deepEqual(tail.bodies.toSorted(), wanted.toSorted())
  })

  test('small ones share a batch', async () => {
    await using tail = await TailHarness.create()
    const names = Array.from({ length: 500 }, (_, index) => `${index}.log`)
    for (const name of names) await writeFile(tail.path(name), `line of ${name}\n`)
    await tail.start()
    await tail.untilRecords(500)
    assert.ok(tail.intake.calls.length <= 10, `${tail.intake.calls.length} batches`)
    assert.deepEqual(tail.bodies.toSorted(), names.map((name) => `line of ${name}`).toSorted())
  })

  test('what is deleted before it could be read is counted', async () => {
    await using tail = await TailHarness.create()
    const names = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => tail.path(`${name}.log`))
    // More than a batch of several files may have.
    for (const name of names) await writeFile(name, `${name.slice(-5)}6789\n`.repeat(20_000))
    tail.intake.script(new DeliveryError('unavailable', 'down', { retryAfterMs: 20 }))
    await tail.start({ max_concurrent_files: 2 })
    await tail.until('a refusal', () => tail.intake.calls.length >= 1)
    for (const name of names) await rm(name)
    tail.intake.script('accept')
    const accepted = () =>
      tail.value('otelcol_receiver_accepted_log_records', { transport: 'file' })
    await tail.until(
      'all accounted for',
      () => accepted() * 10 + tail.value('remora_file_log_lost_bytes') === 1_200_000,
    )
    await tail.polls(5)
    assert.equal(accepted() * 10 + tail.value('remora_file_log_lost_bytes'), 1_200_000)
    assert.ok(tail.value('remora_file_log_lost_bytes') >= 600_000)
    const warnings = tail.settings.logger.messages('warn').filter((m) => m.includes('are lost'))
    assert.ok(warnings.length >= 3, warnings.join('\n'))
  })
})
