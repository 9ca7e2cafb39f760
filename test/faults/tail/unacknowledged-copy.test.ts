import assert from 'node:assert/strict'
import { appendFile, copyFile, truncate, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { RecordingIntake } from '../../support/recording-intake.ts'
import { MemoryStorage, TailHarness } from '../../support/tail.ts'

test('a crash before the answer, after a copytruncate: the copy still has the lines', async () => {
  await using tail = await TailHarness.create()
  const storage = new MemoryStorage()
  tail.useStorage(storage)
  const silent = new RecordingIntake('hang')
  tail.intake = silent
  const [log, copy] = [tail.path('app.log'), tail.path('app.log.1')]
  await writeFile(log, 'one\ntwo\n')
  await tail.start({ storage: 'mem' })
  await tail.until('the lines to be on their way', () => silent.hanging.length === 1)
  await copyFile(log, copy)
  await truncate(log)
  await tail.until(
    'the copy to be found',
    () => tail.value('otelcol_fileconsumer_open_files') === 2,
  )
  // The first save after this has what remora thinks of the copy.
  const nextSave = async (): Promise<void> => {
    const before = storage.savedAtMs.length
    await writeFile(tail.path(`other-${before}.log`), `other ${before}\n`)
    await tail.until('a save', () => storage.savedAtMs.length > before)
  }
  await nextSave()
  await nextSave()
  await tail.crash(storage)

  tail.intake = new RecordingIntake()
  await tail.start({ storage: 'mem' })
  await tail.until('the lines', () => tail.bodies.includes('one') && tail.bodies.includes('two'))
})

test('a copy goes on as soon as the answer has come', async () => {
  await using tail = await TailHarness.create()
  const slow = new RecordingIntake('hang', 'accept')
  tail.intake = slow
  const [log, copy] = [tail.path('app.log'), tail.path('app.log.1')]
  await writeFile(log, 'one\ntwo\n')
  await tail.start()
  await tail.until('the lines to be on their way', () => slow.hanging.length === 1)
  await copyFile(log, copy)
  await truncate(log)
  await tail.until(
    'the copy to be found',
    () => tail.value('otelcol_fileconsumer_open_files') === 2,
  )
  await appendFile(copy, 'three\n')
  slow.hanging[0]?.accept()
  await tail.untilRecords(3)
  assert.deepEqual(tail.bodies, ['one', 'two', 'three'])
})
