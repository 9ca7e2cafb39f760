import { basename } from 'node:path'
import { type Clock, sleep } from '../component/clock.ts'
import type { Logger } from '../component/telemetry.ts'
import { type ByteFlow, type ByteSink, EventFlow, openByteFlow } from '../lines/byte-flow.ts'
import { drainStreams } from '../lines/drain.ts'
import type { LineStream } from '../lines/line-stream.ts'
import type { StreamIntake } from '../lines/stream-intake.ts'
import type { Tee } from '../lines/tee.ts'
import { Child, type Command, type Output } from './child.ts'
import type { Exit } from './exit.ts'

/** Output that comes after the end can only be that of processes which were left behind. */
const quietMs = 1000
/** What SIGKILL does not end in this time waits for a disk that does not answer, or belongs to somebody else. */
const killedMs = 2000

export interface RunSettings {
  readonly streams: StreamIntake
  readonly clock: Clock
  readonly logger: Logger
  /** Whether the resource says which process it was. */
  readonly includeProcess: boolean
  /** How long to read on after the end, while other processes hold the output. */
  readonly drainMs: number
  /** Where copies go. */
  readonly tees?: { readonly stdout: Tee; readonly stderr: Tee }
  /** End it when it has said more than this; called once. */
  readonly limit?: { readonly bytes: number; exceeded(): void }
}

/** One run of a command whose output becomes records. */
export class CommandRun {
  readonly pid: number
  /** When it has ended or was given up, and its output too; what it left behind may hold that for `drainMs`. */
  readonly finished: Promise<Exit>
  readonly startedMs: number
  readonly #child: Child
  readonly #settings: RunSettings
  readonly #abort = new AbortController()
  readonly #givenUp = Promise.withResolvers<Exit>()

  private constructor(child: Child, streams: readonly LineStream[], settings: RunSettings) {
    this.pid = child.pid
    this.startedMs = settings.clock.monotonicMs()
    this.#child = child
    this.#settings = settings
    this.finished = this.#finish(streams)
  }

  /** Rejects with a CommandError when the program cannot be run. */
  static async start(command: Command, settings: RunSettings): Promise<CommandRun> {
    const child = await Child.start(command)
    const { includeProcess, streams: intake, tees, limit } = settings
    const resource = includeProcess ? processResource(child.pid, command) : {}
    const budget = limit === undefined ? undefined : new Budget(limit.bytes, limit.exceeded)
    const outputs = [
      { name: 'stdout', output: child.stdout, tee: tees?.stdout },
      { name: 'stderr', output: child.stderr, tee: tees?.stderr },
    ]
    const streams: LineStream[] = []
    for (const { name, output, tee } of outputs) {
      if (output === undefined) continue
      const stream = intake.open({ name, attributes: { 'log.iostream': name }, resource }, tee)
      const sink = budget === undefined ? stream : new BudgetedSink(stream, budget)
      stream.start(await openOutput(output, sink))
      streams.push(stream)
    }
    return new CommandRun(child, streams, settings)
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Also what it has started. */
  killGroup(signal: NodeJS.Signals): void {
    this.#child.killGroup(signal)
  }

  /** Asks it to end, and after `graceMs`, or at `abort`, ends it and all that it has started. Resolves when it is finished. */
  async terminate(graceMs: number, abort: AbortSignal): Promise<void> {
    abort.addEventListener('abort', () => this.#abort.abort(), { once: true })
    if (abort.aborted) this.#abort.abort()
    this.killGroup('SIGTERM')
    await this.killAfter(graceMs)
    await this.finished
  }

  /** Ends it and all that it has started unless it ends by itself within `graceMs`; gives it up if that cannot be done. */
  async killAfter(graceMs: number): Promise<void> {
    const { clock, logger } = this.#settings
    const over = new AbortController()
    void this.#child.exited.then(() => over.abort())
    await sleep(clock, graceMs, AbortSignal.any([over.signal, this.#abort.signal]))
    if (over.signal.aborted) return
    logger.warn('a command does not end and is killed', { pid: this.pid, waited_ms: graceMs })
    this.killGroup('SIGKILL')
    await sleep(clock, killedMs, over.signal)
    if (over.signal.aborted) return
    logger.error('a command cannot be ended and is left behind', { pid: this.pid })
    this.#givenUp.resolve({ code: null, signal: 'SIGKILL' })
  }

  async #finish(streams: readonly LineStream[]): Promise<Exit> {
    const exit = await Promise.race([this.#child.exited, this.#givenUp.promise])
    const { clock, drainMs, logger } = this.#settings
    await drainStreams(streams, { quietMs, deadlineMs: drainMs, clock }, this.#abort.signal)
    for (const stream of streams) {
      if (!stream.finished) {
        logger.info('another process holds the output open; it is not read any more', {
          stream: stream.source.path,
          pid: this.pid,
        })
      }
      stream.end()
    }
    return exit
  }
}

function openOutput(output: Output, sink: ByteSink): Promise<ByteFlow> {
  if (typeof output === 'number') return openByteFlow(output, sink)
  return Promise.resolve(new EventFlow(output, sink))
}

/** Arguments are left out: people write passwords there. OpenTelemetry semantic conventions, resource/process. */
function processResource(
  pid: number,
  { words: [file] }: Command,
): Readonly<Record<string, string | number>> {
  return {
    'process.pid': pid,
    'process.command': file,
    'process.executable.name': basename(file),
  }
}

/** Bytes that a run may still say. */
class Budget {
  #left: number
  readonly #exceeded: () => void

  constructor(bytes: number, exceeded: () => void) {
    this.#left = bytes
    this.#exceeded = exceeded
  }

  take(count: number): number {
    const taken = Math.min(count, this.#left)
    if (taken < count && this.#left >= 0) this.#exceeded()
    this.#left = taken < count ? -1 : this.#left - count
    return Math.max(0, taken)
  }
}

/** Hands on what the budget allows, and forgets the rest. */
class BudgetedSink implements ByteSink {
  readonly #sink: ByteSink
  readonly #budget: Budget

  constructor(sink: ByteSink, budget: Budget) {
    this.#sink = sink
    this.#budget = budget
  }

  room(): Buffer {
    return this.#sink.room()
  }

  filled(count: number): boolean {
    const taken = this.#budget.take(count)
    return taken === 0 || this.#sink.filled(taken)
  }

  end(error?: Error): void {
    this.#sink.end(error)
  }
}
