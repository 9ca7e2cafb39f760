import assert from 'node:assert/strict'
import { appendFile, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { OtlpSink } from '../support/otlp-sink.ts'
import {
  buildBundle,
  type Running,
  startRemora,
  temporaryDirectory,
  until,
} from '../support/remora-process.ts'

/** `npm run test:tail-load` takes the sizes of the issue: 1024, 10240 and 100. */
const sizesMiB = {
  backlog: Number(process.env['REMORA_TAIL_BACKLOG_MIB'] ?? 64),
  hole: Number(process.env['REMORA_TAIL_HOLE_MIB'] ?? 128),
  line: Number(process.env['REMORA_TAIL_LINE_MIB'] ?? 100),
}
const mib = 1024 * 1024
/**
 * Resident at their peak, some 20 more than measured on a busy machine. An idle remora has some 65; who reads a whole
 * backlog or line into memory needs much more.
 */
const peakMaxMiB = { backlog: 130, hole: 105, line: 115 }

async function start(
  t: TestContext,
  directory: string,
  sink: OtlpSink,
  options = '',
): Promise<Running> {
  buildBundle()
  return await startRemora(
    t,
    `
receivers: { file_log: { include: ["${directory}/*.log"], start_at: beginning, ${options} } }
exporters: { otlp_grpc: { endpoint: "127.0.0.1:${sink.grpcPort}", tls: { insecure: true } } }
service: { pipelines: { logs: { receivers: [file_log], exporters: [otlp_grpc] } } }`,
    { bundle: true },
  )
}

async function startSink(t: TestContext): Promise<OtlpSink> {
  const sink = await OtlpSink.start()
  t.after(() => sink.kill())
  return sink
}

async function peakMiB({ child }: Running): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
  return Math.round(Number(/VmHWM:\s*(\d+)/.exec(status)?.[1]) / 1024)
}

/** What came since the last call, which is then forgotten. */
function take(sink: OtlpSink): string {
  return sink.received
    .splice(0)
    .map(({ bytes }) => Buffer.from(bytes).toString('latin1'))
    .join('')
}

const scale = { timeout: 60_000 + (sizesMiB.backlog + sizesMiB.hole) * 100 }

suite('files of all sizes, in flat memory', () => {
  const backlogTitle = `a backlog of ${sizesMiB.backlog} MiB keeps nine small files waiting for less than two seconds`
  test(backlogTitle, scale, async (t) => {
    const directory = await temporaryDirectory(t)
    const lines = Buffer.from(`${'x'.repeat(127)}\n`.repeat(8192))
    const big = await open(join(directory, 'big.log'), 'w')
    for (let written = 0; written < sizesMiB.backlog; written++) await big.write(lines)
    await big.close()
    const sink = await startSink(t)
    const remora = await start(t, directory, sink)
    const latenciesMs: number[] = []
    let left = sizesMiB.backlog * 8192
    for (let turn = 0; left > 0; turn++) {
      await appendFile(join(directory, `small-${turn % 9}.log`), `t=${Date.now()};\n`)
      await delay(50)
      left -= sink.count('logs')
      for (const [, at] of take(sink).matchAll(/t=(\d+);/g)) {
        latenciesMs.push(Date.now() - Number(at))
        left++
      }
    }
    const sorted = latenciesMs.toSorted((a, b) => a - b)
    const worst = sorted.at(-1) ?? 0
    t.diagnostic(
      `${sorted.length} lines of small files: p50 ${sorted[sorted.length >> 1]} ms, worst ${worst} ms; peak ${await peakMiB(remora)} MiB`,
    )
    assert.ok(sorted.length > 5, 'the backlog was read before anything could be measured')
    assert.ok(worst < 2000, `${worst} ms`)
    assert.ok((await peakMiB(remora)) < peakMaxMiB.backlog, `${await peakMiB(remora)} MiB`)
  })

  test(`a hole of ${sizesMiB.hole} MiB in front of the lines`, scale, async (t) => {
    const directory = await temporaryDirectory(t)
    const path = join(directory, 'sparse.log')
    const file = await open(path, 'w')
    await file.truncate(sizesMiB.hole * mib)
    await file.write('n=1;\nn=2;\n', sizesMiB.hole * mib)
    await file.close()
    const sink = await startSink(t)
    const remora = await start(t, directory, sink)
    const startMs = performance.now()
    await until('the lines', () => sink.arrivals().size === 2, scale.timeout)
    const tookMs = Math.round(performance.now() - startMs)
    t.diagnostic(`${tookMs} ms, peak ${await peakMiB(remora)} MiB`)
    assert.ok((await peakMiB(remora)) < peakMaxMiB.hole, `${await peakMiB(remora)} MiB`)
  })

  for (const behaviour of ['split', 'truncate'] as const) {
    test(`a line of ${sizesMiB.line} MiB, ${behaviour}`, scale, async (t) => {
      const directory = await temporaryDirectory(t)
      const path = join(directory, 'long.log')
      await writeFile(path, 'n=1;\n')
      for (let written = 0; written < sizesMiB.line; written++) {
        await appendFile(path, Buffer.alloc(mib, 'x'))
      }
      await appendFile(path, '\nn=2;\n')
      const sink = await startSink(t)
      const remora = await start(t, directory, sink, `max_log_size_behavior: ${behaviour}`)
      const wanted = behaviour === 'split' ? sizesMiB.line + 2 : 3
      let count = 0
      let bytes = 0
      let behind = false
      // Several requests are on their way at a time: the line behind it may be there before its last parts.
      await until(
        'the line, and that behind it',
        () => {
          count += sink.count('logs')
          const text = take(sink)
          bytes += text.length
          behind ||= text.includes('n=2;')
          return behind && count >= wanted
        },
        scale.timeout,
      )
      t.diagnostic(`${count} records, ${bytes} bytes, peak ${await peakMiB(remora)} MiB`)
      assert.equal(count, wanted)
      assert.ok((await peakMiB(remora)) < peakMaxMiB.line, `${await peakMiB(remora)} MiB`)
    })
  }
})
