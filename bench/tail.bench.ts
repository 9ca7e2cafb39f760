import { appendFile, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { systemClock } from '../src/component/clock.ts'
import { fileLog } from '../src/receivers/file_log/definition.ts'
import type { Intake } from '../src/signal/consumer.ts'
import { testSettings } from '../test/support/settings.ts'
import { type TailCase, tailCases } from './tail-cases.ts'

/*
 * Lines per CPU second of file_log into an intake that takes everything at once: the engine without exporter.
 *
 *     node bench/tail.bench.ts [lines] [case …]
 */
const [count = '1000000', ...names] = process.argv.slice(2)
const lineCount = Number(count)

const directory = await mkdtemp(join(tmpdir(), 'remora-bench-tail-'))
try {
  for (const one of tailCases) {
    if (names.length > 0 && !names.includes(one.name)) continue
    const path = join(directory, `${one.name}.log`)
    await writeLines(path, one)
    await run(one.name, one.config, path)
    if (one.byHand !== undefined) await run(`${one.name}, by hand`, one.byHand, path)
    await rm(path)
  }
} finally {
  await rm(directory, { recursive: true })
}

/** In pieces, so that the garbage of making them is not that of reading them. */
async function writeLines(path: string, { line }: TailCase): Promise<void> {
  const piece = 10_000
  for (let from = 0; from < lineCount; from += piece) {
    const length = Math.min(piece, lineCount - from)
    const lines = Array.from({ length }, (_, i) => `${line(from + i)}\n`)
    await appendFile(path, lines.join(''))
  }
}

async function run(name: string, written: TailCase['config'], path: string): Promise<void> {
  const { size } = await stat(path)
  let records = 0
  const intake: Intake<'logs'> = {
    consume(batch) {
      records += batch.itemCount
      return Promise.resolve()
    },
    dropped(_, items) {
      records += items
    },
  }
  const config = v.parse(fileLog.config, {
    include: [path],
    start_at: 'beginning',
    watch: false,
    poll_interval: '10ms',
    ...written,
  })
  const settings = testSettings(config, { clock: systemClock })
  const receiver = fileLog.create(settings, { logs: intake })
  const before = process.cpuUsage()
  await receiver.start()
  await untilRead(() => settings.meter.value('otelcol_fileconsumer_reading_files'))
  const { user, system } = process.cpuUsage(before)
  await receiver.stop(new AbortController().signal)
  const cpuS = (user + system) / 1e6
  const rate = Math.round(lineCount / cpuS).toLocaleString('en')
  const mib = (size / 1048576).toFixed(0)
  process.stdout.write(
    `${name}: ${rate} lines per CPU second (${lineCount} lines, ${records} records, ${mib} MiB, ${cpuS.toFixed(2)} s)\n`,
  )
}

async function untilRead(reading: () => number): Promise<void> {
  while (reading() > 0) await new Promise((resolve) => setTimeout(resolve, 5))
}
