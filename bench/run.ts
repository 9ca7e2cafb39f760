/**
 * Measures remora as a whole process, or its parts.
 *
 *     npm run bench                          every end-to-end job
 *     npm run bench -- otlp-grpc-logs tail   some of them
 *     npm run bench -- tail --n 500000       with so many items
 *     npm run bench -- micro                 the micro benches of bench/wire
 *
 * The figure to compare is items per CPU second of remora alone: it hardly moves with what else the machine does. Compare
 * only runs made one after the other.
 */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { jobs } from './e2e/jobs.ts'
import { type Measured, measure } from './e2e/measure.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { n: { type: 'string' } },
})

if (positionals.includes('micro')) {
  runMicro()
} else {
  const unknown = positionals.filter((name) => !jobs.some((job) => job.name === name))
  if (unknown.length > 0) {
    console.error(
      `no such job: ${unknown.join(', ')}. Jobs: micro, ${jobs.map((job) => job.name).join(', ')}`,
    )
    process.exitCode = 1
  } else {
    await runJobs()
  }
}

async function runJobs(): Promise<void> {
  console.log(
    row([
      'job',
      'items',
      'delivered',
      'refused',
      'cpu s',
      'items/cpu s',
      'items/s',
      'resident',
      'peak',
      'anon',
      'ready s',
    ]),
  )
  for (const job of jobs) {
    if (positionals.length > 0 && !positionals.includes(job.name)) continue
    const items = job.input === 'idle' ? 0 : Number(values.n ?? job.items)
    console.log(row(cells(await measure(job, { items }))))
  }
  console.log('resident, peak, anon: MiB of remora; idle: cpu s in 10 s')
}

function cells(measured: Measured): string[] {
  const { usage, cpuSeconds } = measured
  const per = (seconds: number): string =>
    measured.items === 0 ? '-' : Math.round(measured.delivered / seconds).toLocaleString('en')
  return [
    measured.job,
    measured.items.toLocaleString('en'),
    measured.delivered.toLocaleString('en'),
    String(measured.refused),
    cpuSeconds.toFixed(2),
    per(cpuSeconds),
    per(measured.seconds),
    usage.residentMib.toFixed(0),
    usage.residentPeakMib.toFixed(0),
    usage.anonymousMib.toFixed(0),
    measured.readySeconds?.toFixed(3) ?? '-',
  ]
}

function row(columns: readonly string[]): string {
  const [first, ...rest] = columns
  return (first as string).padEnd(18) + rest.map((text) => text.padStart(12)).join('')
}

function runMicro(): void {
  for (const file of globSync('*/*.bench.ts', { cwd: import.meta.dirname })) {
    console.log(`\n# bench/${file}`)
    const path = fileURLToPath(new URL(file, import.meta.url))
    const { status } = spawnSync(process.execPath, [path], { stdio: 'inherit' })
    if (status !== 0) process.exitCode = 1
  }
}
