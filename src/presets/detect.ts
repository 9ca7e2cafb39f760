import { byteOf, findByte, isDigit } from '../operators/bytes/scan.ts'
import { Entry } from '../operators/entry.ts'
import type { FormatName } from './catalogue.ts'
import type { Format } from './format.ts'
import { continuesJavaTrace, isTraceback } from './formats/stack-trace.ts'
import { wrappingHint } from './wrapping.ts'

/** What is looked at: the first lines of a block. */
const linesMax = 100
const bytesMax = 64 * 1024
/** Below it no format is taken. */
const confidenceMin = 0.5

/** What the first lines of a file look like. */
export interface Verdict {
  /** Undefined where nothing fits. */
  readonly format: Format | undefined
  /** Lines that were looked at, and those of them that fit the format, or the best one that was not taken. */
  readonly lines: number
  readonly fitting: number
  /** From 0 to 1: the part of the lines that fit, less the fewer there are. */
  readonly confidence: number
  /** Formats that fit just as well. */
  readonly others: readonly string[]
  /** What keeps the lines of the program from being seen, and what to do about it. */
  readonly hint: string | undefined
}

interface Line {
  readonly start: number
  readonly end: number
}

/**
 * Which of the formats the lines of `[start, end)` are, by trying them all. A format that reads records of several lines is not
 * charged for lines that go on with a record.
 */
export function detect(
  source: Buffer,
  start: number,
  end: number,
  formats: ReadonlyMap<FormatName, Format>,
): Verdict {
  const lines = firstLines(source, start, end)
  const scores = [...formats].map(([name, format]) => ({
    name,
    format,
    fitting:
      name === 'java_stack' ? traceLines(source, lines) : countFitting(source, lines, format),
  }))
  const most = Math.max(0, ...scores.map(({ fitting }) => fitting))
  const best = scores.filter(({ fitting }) => fitting === most)
  const chosen = choose(source, lines, best)
  const confidence = lines.length === 0 ? 0 : most / (lines.length + 1)
  const found = confidence >= confidenceMin ? chosen : undefined
  return {
    format: found?.format ?? fallback(formats, scores),
    lines: lines.length,
    fitting: most,
    confidence,
    hint: wrappingHint(source, start, end),
    others: found === undefined ? [] : best.filter((one) => one !== found).map(({ name }) => name),
  }
}

interface Score {
  readonly name: FormatName
  readonly format: Format
  readonly fitting: number
}

/** Any lines may have stack traces among them: it is enough that there are some, and nothing else fits. */
function fallback(
  formats: ReadonlyMap<FormatName, Format>,
  scores: readonly Score[],
): Format | undefined {
  const traces = scores.find(({ name }) => name === 'java_stack')
  return traces !== undefined && traces.fitting > 0 ? formats.get('java_stack') : undefined
}

/** Whole lines; one without an end only where there is no other. */
function firstLines(source: Buffer, start: number, end: number): Line[] {
  const limit = Math.min(end, start + bytesMax)
  const lines: Line[] = []
  let at = start
  while (at < limit && lines.length < linesMax) {
    const newline = findByte(source, byteOf.newline, at, limit)
    if (newline === limit && lines.length > 0) break
    const lineEnd = newline > at && source[newline - 1] === 0x0d ? newline - 1 : newline
    if (lineEnd > at) lines.push({ start: at, end: lineEnd })
    at = newline + 1
  }
  return lines
}

function countFitting(source: Buffer, lines: readonly Line[], format: Format): number {
  let fitting = 0
  let record: Line[] = []
  const close = (): void => {
    const first = record[0]
    const last = record.at(-1)
    if (first === undefined || last === undefined) return
    if (reads(source, first.start, last.end, format)) {
      fitting += 1 + record.slice(1).filter((line) => goesOn(source, line)).length
    }
    record = []
  }
  for (const line of lines) {
    const recordStart = record[0]?.start ?? line.start
    if (!format.multiline || format.begins(source, line.start, line.end, recordStart)) close()
    record.push(line)
  }
  close()
  return fitting
}

function reads(source: Buffer, start: number, end: number, format: Format): boolean {
  const entry = new Entry()
  entry.reset('', {}, {})
  return format.read(source, start, end, entry) === undefined
}

/** Whether a line without a head looks as if it went on with a record, and is not one of some other kind. */
function goesOn(source: Buffer, { start, end }: Line): boolean {
  const first = source[start] as number
  if (first <= byteOf.space || continuesJavaTrace(source, start, end)) return true
  return (
    !isDigit(first) &&
    (isTraceback(source, start, end) || exceptionLine.test(textOf(source, start, end)))
  )
}

// Levels with a colon: the second line of what java.util.logging writes.
const exceptionLine =
  /^(?:(?:SEVERE|WARNING|INFO|CONFIG|FINE|FINER|FINEST): |[\w.$]+(?:Error|Exception|Throwable|Interrupt|Exit)\b|goroutine \d|panic:|[)}\]])/

function traceLines(source: Buffer, lines: readonly Line[]): number {
  return lines.filter(({ start, end }) => continuesJavaTrace(source, start, end)).length
}

// What python writes and programs of a JVM do not.
const pythonMark =
  /^[A-Z]{4,8}:|^\S+ \S+ - \S+ - [A-Z]{4,8} - | \| [A-Z]{4,8} +\| |^Traceback \(most|^ {2}File ".*", line \d|^\[[^\]]*\] \[\d+\] \[|^\[[^\]]*: [A-Z]+\/|[A-Z]{4,8} in [\w.]+: |\.py\b/m

/** Where two fit equally well, which of them: what both read they read alike, but for what only one of them knows. */
function choose(source: Buffer, lines: readonly Line[], best: readonly Score[]): Score | undefined {
  const [first, last] = [lines[0], lines.at(-1)]
  if (first === undefined || last === undefined) return undefined
  const find = (name: FormatName) => best.find((score) => score.name === name)
  const text = textOf(source, first.start, last.end)
  const python = find('python')
  if (python !== undefined && find('log4j') !== undefined && pythonMark.test(text)) return python
  const apache = find('apache_access')
  if (apache !== undefined && find('nginx_access') !== undefined && isApache(text)) return apache
  return best[0]
}

/** `common` has nothing behind the size, `vhost_combined` a host in front. */
function isApache(text: string): boolean {
  return (
    /" \d{3} (?:\d+|-)\r?$/m.test(text) || /^[^ \n]+:\d+ [^ \n]+ [^ \n]+ [^ \n]+ \[/m.test(text)
  )
}

function textOf(source: Buffer, start: number, end: number): string {
  return source.toString('latin1', start, end)
}
