import { readDiskQueueStatus } from '../buffer/disk-status.ts'
import { sleep } from '../component/clock.ts'
import type { ConfiguredService } from '../component/configured.ts'
import { suggestion } from '../errors/suggest.ts'
import { signals } from '../signal/signal.ts'
import type { Arguments } from './arguments.ts'
import { checkConfig } from './check-config.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { Io } from './io.ts'
import { parseQueues, type QueueRow } from './queue-metrics.ts'
import type { ProcessControl } from './run.ts'
import { queueDirectory } from './stored-places.ts'
import { durationText, sizeText, tableText } from './table.ts'

const watchMs = 2000
const askTimeoutMs = 2000
/** Home, and nothing below: the screen does not flicker as it would if it were cleared first. */
const redraw = '\u001b[H\u001b[J'

/** `remora queue status`: what waits, asked of the running process, or looked up on the disk. */
export async function queueStatus(
  args: Arguments,
  io: Io,
  control: ProcessControl,
): Promise<ExitCode> {
  const { loaded, problemText } = await checkConfig(args, io)
  const { service } = loaded
  if (service === undefined) {
    io.stderr(problemText)
    return exitCodes.failed.code
  }
  if (args.exporter !== undefined && !service.exporters.has(args.exporter)) {
    const hint = suggestion(args.exporter, [...service.exporters.keys()])
    io.stderr(
      `remora: there is no exporter "${args.exporter}"${hint === undefined ? '' : `; ${hint}`}\n`,
    )
    return exitCodes.failed.code
  }
  const end = new AbortController()
  if (args.watch) {
    control.onSignal(() => end.abort())
    io.onReaderGone?.(() => end.abort())
  }
  try {
    for (let picture = 0; ; picture++) {
      const text = await statusText(service, args, control.clock.nowMs())
      io.stdout(beginningOf(picture, args, io) + text)
      if (!args.watch) return exitCodes.ok.code
      await sleep(control.clock, watchMs, end.signal)
      if (end.signal.aborted) return exitCodes.ok.code
    }
  } catch (error) {
    io.stderr(`remora: ${(error as Error).message}\n`)
    return exitCodes.failed.code
  }
}

/** A terminal is drawn anew; in a pipe or a file an empty line parts the pictures, and JSON is a line each. */
function beginningOf(picture: number, { watch, format }: Arguments, { terminal }: Io): string {
  if (!watch || format === 'json') return ''
  if (terminal !== undefined) return redraw
  return picture === 0 ? '' : '\n'
}

async function statusText(
  service: ConfiguredService,
  { exporter: only, format }: Arguments,
  nowMs: number,
): Promise<string> {
  const page = await askProcess(service.telemetry.metrics.endpoint)
  const found = page === undefined ? await readDisk(service, nowMs) : parseQueues(page)
  const rows = found.filter(({ exporter }) => only === undefined || exporter === only)
  const source = page === undefined ? 'disk' : 'process'
  if (format === 'json') return `${JSON.stringify({ source, queues: rows }, jsonNumber)}\n`
  const first =
    page === undefined
      ? 'No process answers; this is what the disk queues hold.\n'
      : `The process at ${service.telemetry.metrics.endpoint} says:\n`
  if (rows.length === 0) return `${first}Nothing is queued.\n`
  const titles = [
    'EXPORTER',
    'SIGNAL',
    'ITEMS',
    'BYTES',
    'OLDEST',
    'DRAINS IN',
    'ON DISK',
    'CIRCUIT',
  ]
  return first + tableText(titles, rows.map(cellsOf)) + rows.map(unreadableText).join('')
}

function unreadableText({ exporter, signal, unreadableFiles: files = 0 }: QueueRow): string {
  if (files === 0) return ''
  const what =
    files === 1
      ? '1 file cannot be read, and what is in it waits'
      : `${files} files cannot be read, and what is in them waits`
  return `${exporter} ${signal}: ${what}. The log says why.\n`
}

function cellsOf(row: QueueRow): string[] {
  return [
    row.exporter,
    row.signal,
    String(row.items),
    sizeText(row.bytes),
    row.items === 0 ? '-' : durationText(row.ageSeconds),
    drainText(row),
    diskText(row),
    row.circuit ?? '-',
  ]
}

function diskText({ fileBytes, fileBytesMax }: QueueRow): string {
  if (fileBytes === undefined) return '-'
  const size = sizeText(fileBytes)
  return fileBytesMax === undefined ? size : `${size} of ${sizeText(fileBytesMax)}`
}

/** At the rates of the last half minute. */
function drainText({ items, drainSeconds }: QueueRow): string {
  if (items === 0 || drainSeconds === undefined) return '-'
  return drainSeconds === Infinity ? 'not shrinking' : durationText(drainSeconds)
}

/** The page of metrics; undefined if nobody listens there, or somebody else. */
async function askProcess(endpoint: string | undefined): Promise<string | undefined> {
  if (endpoint === undefined) return undefined
  try {
    // An address that means every interface is no address to ask.
    const place = endpoint.replace(/^(?:0\.0\.0\.0|\[::\])?:/, 'localhost:')
    const answer = await fetch(`http://${place}/metrics`, {
      signal: AbortSignal.timeout(askTimeoutMs),
    })
    const page = answer.ok ? await answer.text() : ''
    return page.includes('remora_') ? page : undefined
  } catch (error) {
    if (error instanceof TypeError || (error as Error).name === 'TimeoutError') return undefined
    throw error
  }
}

async function readDisk(service: ConfiguredService, nowMs: number): Promise<QueueRow[]> {
  const rows: QueueRow[] = []
  for (const exporter of service.exporters.values()) {
    for (const signal of signals) {
      const directory = queueDirectory(service, exporter, signal)
      if (directory === undefined) continue
      const { items, bytes, fileBytes, unreadableFiles, oldestMs } =
        await readDiskQueueStatus(directory)
      const ageSeconds = oldestMs === undefined ? 0 : Math.max(0, (nowMs - oldestMs) / 1000)
      const { id } = exporter
      rows.push({ exporter: id, signal, items, bytes, ageSeconds, fileBytes, unreadableFiles })
    }
  }
  return rows
}

/** JSON has no Infinity. */
function jsonNumber(_key: string, value: unknown): unknown {
  return value === Infinity ? null : value
}
