import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { systemClock } from '../src/component/clock.ts'
import { fileLog } from '../src/receivers/file_log/definition.ts'
import type { Intake } from '../src/signal/consumer.ts'
import { testSettings } from '../test/support/settings.ts'

/*
 * Lines per CPU second of file_log into an intake that takes everything at once: the engine without exporter.
 *
 *     node bench/tail.bench.ts [lines]
 */
const lineCount = Number(process.argv[2] ?? 1_000_000)
const accessLog = (i: number) =>
  `GET /api/v1/orders/${i % 1_000_000}?user=u${i % 100} HTTP/1.1 200 ${i % 256} "-" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36" rt=0.0${i % 10}`
const json = (i: number) =>
  `{"level":"info","msg":"order placed","order_id":${i},"customer":"c${i % 100}","amount_cents":${i % 256},"currency":"EUR","items":${i % 10}}`
const regex =
  '^(?P<method>[A-Z]+) (?P<path>\\S+) HTTP/(?P<version>[\\d.]+) (?P<status>\\d+) (?P<bytes>\\d+) "(?P<referer>[^"]*)" "(?P<agent>[^"]*)" rt=(?P<rt>[\\d.]+)$'

const cases = [
  { name: 'plain', line: accessLog, operators: [] },
  { name: 'json_parser', line: json, operators: [{ type: 'json_parser' }] },
  { name: 'regex_parser, 8 groups', line: accessLog, operators: [{ type: 'regex_parser', regex }] },
]

const directory = await mkdtemp(join(tmpdir(), 'remora-bench-tail-'))
try {
  for (const { name, line, operators } of cases) {
    const path = join(directory, `${name}.log`)
    await writeFile(path, Array.from({ length: lineCount }, (_, i) => `${line(i)}\n`).join(''))
    await run(name, path, operators)
  }
} finally {
  await rm(directory, { recursive: true })
}

async function run(name: string, path: string, operators: unknown[]): Promise<void> {
  let seen = 0
  let done = (): void => undefined
  const finished = new Promise<void>((resolve) => {
    done = resolve
  })
  const intake: Intake<'logs'> = {
    consume(batch) {
      seen += batch.itemCount
      if (seen >= lineCount) done()
      return Promise.resolve()
    },
    dropped(_, items) {
      seen += items
      if (seen >= lineCount) done()
    },
  }
  const config = v.parse(fileLog.config, {
    include: [path],
    start_at: 'beginning',
    watch: false,
    operators,
  })
  const receiver = fileLog.create(testSettings(config, { clock: systemClock }), { logs: intake })
  const before = process.cpuUsage()
  await receiver.start()
  await finished
  const { user, system } = process.cpuUsage(before)
  await receiver.stop(AbortSignal.abort())
  const cpuS = (user + system) / 1e6
  const mib = ((await stat(path)).size / 1048576).toFixed(0)
  process.stdout.write(
    `${name}: ${Math.round(seen / cpuS).toLocaleString('en')} lines per CPU second (${seen} lines, ${mib} MiB, ${cpuS.toFixed(2)} s)\n`,
  )
}
