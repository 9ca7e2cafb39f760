import type { ConfigProblem } from '../errors/config-problem.ts'
import { formatPath } from './problem.ts'
import type { Origin, Source } from './source.ts'

/**
 * How a problem looks:
 *
 *     config.yaml:12:5: exporters.otlp.sending_queue.queue_sizes: unknown option; did you mean "queue_size"?
 *        12 |     queue_sizes: 100
 *           |     ^^^^^^^^^^^
 */
export interface RenderOptions {
  readonly sources: readonly Source[]
  /** What must not show, wherever the line it stands on is shown. */
  readonly secrets: readonly Origin[]
}

const mask = '[redacted]'
/** Longer lines are cut around the mistake. */
const maxWidth = 120

export function renderProblems(problems: readonly ConfigProblem[], options: RenderOptions): string {
  return problems.map((problem) => `${renderProblem(problem, options)}\n`).join('')
}

export function renderProblem(problem: ConfigProblem, options: RenderOptions): string {
  const { place, path } = problem
  const where = place === undefined ? '' : `${place.file}:${place.line}:${place.column}: `
  const what = path.length === 0 ? '' : `${formatPath(path)}: `
  const hint = problem.suggestion === undefined ? '' : `; ${problem.suggestion}`
  const headline = `${where}${what}${problem.message}${hint}`
  const source = options.sources.find(({ label }) => label === place?.file)
  if (place === undefined || source === undefined) return headline
  return `${headline}\n${excerpt(source, place.line, place.column, options.secrets)}`
}

function excerpt(source: Source, line: number, column: number, secrets: readonly Origin[]): string {
  const [start, end] = source.lineSpan(line)
  const raw = source.text.slice(start, end)
  let marked = tokenLength(raw, column - 1)
  let text = raw
  let at = column - 1
  for (const [from, to] of hiddenSpans(source, raw, start, end, secrets)) {
    text = text.slice(0, from) + mask + text.slice(to)
    if (to <= at) at += mask.length - (to - from)
    else if (from <= at) [at, marked] = [from, mask.length]
  }
  // A tab counts one column and is shown as one space, so that the marker stands under its word.
  text = text.replaceAll(/[\p{C}\t]/gu, ' ')
  if (text.length > maxWidth) {
    const cut = Math.max(0, Math.min(at - 40, text.length - maxWidth))
    text = `${cut > 0 ? '…' : ''}${text.slice(cut, cut + maxWidth)}…`
    at = at - cut + (cut > 0 ? 1 : 0)
  }
  const length = Math.max(1, Math.min(marked, text.length - at))
  const margin = String(line).padStart(5)
  return `${margin} | ${text}\n${' '.repeat(5)} | ${' '.repeat(at)}${'^'.repeat(length)}`
}

/** The word at `column`: to the closing quote, or to where a plain word ends. */
function tokenLength(line: string, column: number): number {
  const rest = line.slice(column)
  const quoted = /^"(?:[^"\\]|\\.)*"|^'(?:[^']|'')*'/.exec(rest)
  if (quoted !== null) return quoted[0].length
  const word = /^[^\s,\]}]+/.exec(rest)?.[0] ?? ''
  return word.replace(/:$/, '').length
}

/**
 * Names behind which people keep secrets. The schema knows the secrets of known options; this hides those of
 * misspelt ones and of texts that are no YAML. A reference such as `${env:TOKEN}` is no secret and stays.
 */
const secretName =
  /(?:pass(?:word|phrase|wd)?|secret|token|api[-_]?key|access[-_]?key|authori[sz]ation|credentials?|cookie|private[-_]?key|key_pem)[\w-]*["']?\s*[:=]\s*["']?/gi

/** Stretches of the line to leave out, from the last to the first, as [from, to). */
function hiddenSpans(
  source: Source,
  line: string,
  start: number,
  end: number,
  secrets: readonly Origin[],
): (readonly [number, number])[] {
  const spans: (readonly [number, number])[] = []
  for (const secret of secrets) {
    if (secret.source !== source || secret.end <= start || secret.start >= end) continue
    spans.push([Math.max(0, secret.start - start), Math.min(line.length, secret.end - start)])
  }
  for (const named of line.matchAll(secretName)) {
    const from = named.index + named[0].length
    // Where the value ends is known for the secrets of the schema alone.
    if (!spans.some(([known, to]) => known - 1 <= from && from < to))
      spans.push([from, line.length])
  }
  spans.sort((left, right) => left[0] - right[0])
  const joined: [number, number][] = []
  for (const [from, to] of spans) {
    if (isReferenceOnly(line.slice(from, to))) continue
    const last = joined.at(-1)
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to)
    else joined.push([from, to])
  }
  return joined.reverse()
}

function isReferenceOnly(text: string): boolean {
  return /^["']?\$\{(?:env:|file:)?[\w./-]+\}["']?\s*$/.test(text) || text.trim() === ''
}

/** In the order in which a person meets them: by source, line and column; those without a place come first. */
export function sortProblems(
  problems: readonly ConfigProblem[],
  sources: readonly Source[],
): ConfigProblem[] {
  const rank = new Map(sources.map(({ label }, index) => [label, index]))
  return problems.toSorted((left, right) => {
    const [a, b] = [left.place, right.place]
    if (a === undefined || b === undefined) return (a ? 1 : 0) - (b ? 1 : 0)
    return (
      (rank.get(a.file) ?? sources.length) - (rank.get(b.file) ?? sources.length) ||
      a.line - b.line ||
      a.column - b.column
    )
  })
}
