import type { LetterHead } from '../buffer/dead-letters/letter.ts'
import { toJson } from '../wire/otlp/to-json.ts'
import type { Arguments } from './arguments.ts'
import { checkConfig } from './check-config.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { type Found, findLetters, pickLetters } from './find-letters.ts'
import type { Io } from './io.ts'
import type { ProcessControl } from './run.ts'
import { itemsText, safeText, sizeText, tableText } from './table.ts'

const reasonWidth = 60

/** `remora dead-letters list | show | replay | purge`: what backends refused for good. */
export async function deadLetters(
  args: Arguments,
  io: Io,
  control: ProcessControl,
): Promise<ExitCode> {
  const { loaded, problemText } = await checkConfig(args, io)
  if (loaded.service === undefined) {
    io.stderr(problemText)
    return exitCodes.failed.code
  }
  const [verb, ...ids] = args.words ?? []
  try {
    const all = await findLetters(loaded.service, args.exporter)
    if (verb === 'list') return list(all, args, io)
    if (verb === 'show') return await show(pickLetters(all, ids), args, io)
    if (verb === 'purge') return await purge(args.all ? all : pickLetters(all, ids), io)
    const { replay } = await import('./replay.ts')
    const named = ids.length > 0
    return await replay(named ? pickLetters(all, ids) : all, named, args, io, control)
  } catch (error) {
    // Paths, permissions, ids: all of them are for the person who asked.
    io.stderr(`remora: ${(error as Error).message}\n`)
    return exitCodes.failed.code
  }
}

function list(all: readonly Found[], { format }: Arguments, io: Io): ExitCode {
  if (format === 'json') {
    io.stdout(`${JSON.stringify(all.map(asJson), undefined, 2)}\n`)
    return exitCodes.ok.code
  }
  const rows = all.map(({ id, entry: { head, sizeBytes, hasData } }) => {
    if (typeof head === 'string')
      return [id, '', '', '', sizeText(sizeBytes), 'unreadable', '', head]
    const { timeMs, signal, items, code, pipelines } = head
    const time = new Date(timeMs).toISOString()
    const reason = cut(safeText(head.reason))
    const size = hasData ? sizeText(sizeBytes) : 'no data'
    return [
      id,
      time,
      signal,
      String(items),
      size,
      safeText(code),
      safeText(pipelines.join(',')),
      reason,
    ]
  })
  const titles = ['ID', 'TIME', 'SIGNAL', 'ITEMS', 'SIZE', 'CODE', 'PIPELINES', 'REASON']
  if (rows.length > 0) io.stdout(tableText(titles, rows))
  io.stdout(`${summary(all)}\n`)
  return exitCodes.ok.code
}

/** Items count where their data is. */
function summary(all: readonly Found[]): string {
  let items = 0
  let bytes = 0
  let notes = 0
  for (const { entry } of all) {
    bytes += entry.sizeBytes
    if (typeof entry.head === 'string') continue
    if (entry.hasData) items += entry.head.items
    else notes++
  }
  const letters = `${all.length} dead letter${all.length === 1 ? '' : 's'}`
  const without = notes === 0 ? '' : ` (${notes} without data)`
  return `${letters}${without}, ${itemsText(items)}, ${sizeText(bytes)}`
}

async function show(chosen: readonly Found[], { format }: Arguments, io: Io): Promise<ExitCode> {
  for (const one of chosen) {
    const letter = await one.box.read(one.entry.number)
    if (letter === undefined || typeof letter === 'string') {
      throw new Error(`cannot read dead letter "${one.id}": ${letter ?? 'it is gone'}`)
    }
    const { head, payload } = letter
    const data = payload.byteLength === 0 ? 'null' : toJson(head.signal, payload)
    if (format === 'json') {
      const whole = { ...asJson({ ...one, entry: { ...one.entry, head } }), data: JSON.parse(data) }
      io.stdout(`${JSON.stringify(whole, undefined, 2)}\n`)
      continue
    }
    io.stdout(headText(one.id, head))
    io.stdout(
      payload.byteLength === 0
        ? 'data       not kept: the backend did not say which items it rejected\n'
        : `${JSON.stringify(JSON.parse(data), undefined, 2)}\n`,
    )
  }
  return exitCodes.ok.code
}

function headText(id: string, head: LetterHead): string {
  const rows = {
    id,
    time: new Date(head.timeMs).toISOString(),
    exporter: head.exporter,
    pipelines: head.pipelines.join(', '),
    signal: head.signal,
    items: String(head.items),
    code: head.code,
    reason: head.reason,
  }
  return Object.entries(rows)
    .map(([name, value]) => `${name.padEnd(10)} ${safeText(value)}\n`)
    .join('')
}

async function purge(chosen: readonly Found[], io: Io): Promise<ExitCode> {
  let removed = 0
  for (const { box, entry } of chosen) if (await box.remove(entry.number)) removed++
  io.stdout(`removed ${removed} dead letter${removed === 1 ? '' : 's'}\n`)
  return exitCodes.ok.code
}

function asJson({ id, entry: { head, sizeBytes, hasData } }: Found): object {
  if (typeof head === 'string') return { id, sizeBytes, problem: head }
  const { timeMs, ...rest } = head
  return { id, time: new Date(timeMs).toISOString(), sizeBytes, hasData, ...rest }
}

function cut(text: string): string {
  return text.length <= reasonWidth ? text : `${text.slice(0, reasonWidth - 1)}…`
}
