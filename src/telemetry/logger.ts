import { inspect } from 'node:util'
import type { Clock } from '../component/clock.ts'
import type { Labels, Logger, LogLevel } from '../component/telemetry.ts'
import { LogLimiter } from './log-limiter.ts'

const rank: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

/** 4 kB: longer texts are cut, because a log line is for people and the kernel writes a pipe that size whole. */
const lengthMax = 4000
/** Errors hang together by `cause`; a chain longer than this says nothing new. */
const causesMax = 5

type Fields = Readonly<Record<string, unknown>>

/** The logger of the process; each component gets its own, which says who speaks. */
export interface RootLogger extends Logger {
  /** The fields stand in every line; the rate limit counts for each component by itself. */
  child(fields: Labels): Logger
  /** Lines not written because of the rate limit. */
  readonly suppressedLines: number
  /** Says how often suppressed messages came, and stops the timer for it. */
  close(): void
}

export interface LoggerOptions {
  readonly clock: Clock
  /** Lines below it are not made. */
  readonly level: LogLevel
  /** Gets a whole line with its line feed. Default: stderr, where a failed write (a closed pipe) is ignored. */
  readonly write?: (line: string) => void
}

/**
 * JSON lines: `{"ts":"2026-01-01T00:00:00.000Z","level":"info","msg":"ready","component_kind":…,"component_id":…}`.
 * Values of type Secret print as `[redacted]`, errors as their message, code and causes, bytes as their number.
 */
export function createLogger(options: LoggerOptions): RootLogger {
  const { clock } = options
  const levelMin = rank[options.level]
  const write = options.write ?? writeToStderr()
  const limiter = new LogLimiter(clock, emit)

  function emit(level: LogLevel, message: string, own: Labels, fields: Fields): void {
    write(`${toLine(new Date(clock.nowMs()).toISOString(), level, message, own, fields)}\n`)
  }

  function log(level: LogLevel, message: string, own: Labels, fields: Fields = {}): void {
    if (rank[level] < levelMin) return
    if (limiter.admit(level, message, own)) emit(level, message, own, fields)
  }

  function loggerOf(own: Labels): Logger {
    return {
      debug: (message, fields) => log('debug', message, own, fields),
      info: (message, fields) => log('info', message, own, fields),
      warn: (message, fields) => log('warn', message, own, fields),
      error: (message, fields) => log('error', message, own, fields),
    }
  }

  return {
    ...loggerOf({}),
    child: loggerOf,
    get suppressedLines() {
      return limiter.suppressedLines
    },
    close: () => limiter.close(),
  }
}

function writeToStderr(): (line: string) => void {
  // A reader that went away (EPIPE) must not end the process, and there is nowhere left to say it.
  process.stderr.on('error', () => {})
  return (line) => {
    process.stderr.write(line)
  }
}

function toLine(ts: string, level: LogLevel, msg: string, own: Labels, fields: Fields): string {
  const head = { ts, level, msg: cut(msg), ...own }
  try {
    // Twice: the first sets the order, the second keeps a field from taking the place of what stands before it.
    return JSON.stringify({ ...head, ...fields, ...head }, printable)
  } catch (error) {
    // Circular, or a getter that throws: the message still counts.
    return JSON.stringify({ ...head, fields: cut(String(error)) })
  }
}

/** For JSON.stringify: what it would print badly or not at all. Secret has a toJSON of its own. */
function printable(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return cut(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'function' || typeof value === 'symbol') return inspect(value)
  if (value instanceof Error) return flatten(value)
  if (value instanceof Uint8Array) return `<${value.byteLength} bytes>`
  if (value instanceof Map) return Object.fromEntries(value)
  if (value instanceof Set) return [...value]
  // Buffer.toJSON has run before this function sees a Buffer.
  if (isBufferJson(value)) return `<${value.data.length} bytes>`
  return value
}

function flatten(error: Error): Fields {
  const reasons: string[] = []
  const code = codeOf(error)
  let isExpected = code !== undefined && code !== 'internal'
  let cause: unknown = error.cause
  let root = error
  while (cause !== undefined && reasons.length < causesMax) {
    reasons.push(cut(cause instanceof Error ? cause.message : String(cause)))
    // A port is taken, a file is missing: the words say it all.
    if (systemCode.test(codeOf(cause) ?? '')) isExpected = true
    if (cause instanceof Error) root = cause
    cause = cause instanceof Error ? cause.cause : undefined
  }
  // Who wraps an error has seen it coming, unless it is one of the engine or a bug.
  isExpected ||= root !== error && root.name === 'Error'
  return {
    message: cut(error.message),
    ...(code === undefined ? {} : { code }),
    ...(reasons.length > 0 ? { causes: reasons } : {}),
    // Expected failures need no stack; bugs do.
    ...(isExpected ? {} : { stack: cut(root.stack ?? '') }),
  }
}

/** EADDRINUSE, ENOENT, …; the ERR_ codes of Node are mistakes of ours. */
const systemCode = /^E(?!RR_)[A-Z0-9_]+$/

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : undefined
}

function isBufferJson(value: unknown): value is { data: readonly number[] } {
  if (typeof value !== 'object' || value === null) return false
  const { type, data } = value as { type?: unknown; data?: unknown }
  return type === 'Buffer' && Array.isArray(data)
}

function cut(text: string): string {
  return text.length <= lengthMax
    ? text
    : `${text.slice(0, lengthMax)}… (${text.length} characters)`
}
