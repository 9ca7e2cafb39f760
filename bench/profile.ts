/**
 * Writes a CPU profile of remora under one job, for the profiler of a browser, and prints where the time goes.
 *
 *     npm run profile -- otlp-grpc-logs [--n 500000] [--top 25]
 */
import { copyFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { jobs } from './e2e/jobs.ts'
import { measure } from './e2e/measure.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { n: { type: 'string' }, top: { type: 'string', default: '25' } },
})
const job = jobs.find(({ name }) => name === positionals[0])

if (job === undefined) {
  console.error(`which job? ${jobs.map(({ name }) => name).join(', ')}`)
  process.exitCode = 1
} else {
  const folder = await mkdtemp(join(tmpdir(), 'remora-profile-'))
  const nodeOptions = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=500']
  const measured = await measure(job, { items: Number(values.n ?? job.items), nodeOptions })
  const [file] = await readdir(folder)
  if (file === undefined) throw new Error('remora wrote no profile')
  const kept = `${job.name}.cpuprofile`
  await copyFile(join(folder, file), kept)
  await rm(folder, { recursive: true })
  printTop(JSON.parse(await readFile(kept, 'utf8')), Number(values.top))
  console.log(`\n${measured.cpuSeconds.toFixed(2)} CPU seconds; the whole profile: ${kept}`)
}

/** The part of the .cpuprofile format (Chrome DevTools protocol, Profiler.Profile) that is needed here. */
interface Profile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: {
      readonly functionName: string
      readonly url: string
      readonly lineNumber: number
    }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

function printTop(profile: Profile, count: number): void {
  const names = new Map<number, string>()
  for (const { id, callFrame } of profile.nodes) {
    const where =
      callFrame.url === ''
        ? ''
        : ` ${callFrame.url.replace(/^.*\//, '')}:${callFrame.lineNumber + 1}`
    names.set(id, `${callFrame.functionName || '(anonymous)'}${where}`)
  }
  const selfUs = new Map<string, number>()
  let totalUs = 0
  profile.samples.forEach((id, index) => {
    const name = names.get(id) as string
    const us = profile.timeDeltas[index] as number
    if (name === '(idle)') return
    selfUs.set(name, (selfUs.get(name) ?? 0) + us)
    totalUs += us
  })
  const sorted = [...selfUs].sort(([, left], [, right]) => right - left).slice(0, count)
  for (const [name, us] of sorted) {
    const share = ((100 * us) / totalUs).toFixed(1).padStart(5)
    console.log(`${share}%  ${(us / 1000).toFixed(0).padStart(6)} ms  ${name}`)
  }
}
