import type { Clock } from '../component/clock.ts'
import type { Logger } from '../component/telemetry.ts'
import { formatPath } from '../config/problem.ts'
import { collectWhenQuiet } from '../memory/spare-heap.ts'
import type { RunningService } from '../pipeline/service.ts'
import type { Arguments } from './arguments.ts'
import { checkConfig } from './check-config.ts'
import { exitCodes } from './exit-codes.ts'
import type { Io } from './io.ts'
import { summarise } from './validate.ts'
import { version } from './version.ts'

/** The process as `run` sees it. */
export interface ProcessControl {
  readonly clock: Clock
  /** From now on `receive` is called for every SIGTERM and SIGINT; also for those that came before. */
  onSignal(receive: (signal: string) => void): void
  /** From now on a signal ends the process, as it does with other programs; also one that came before. */
  leaveSignals(): void
  /** Called for an error that nothing has caught. */
  onBug(receive: (error: unknown) => void): void
  /** Ends the process now. */
  exit(code: number): void
}

/** An application that remora serves: it has the signals, and its end is that of remora. */
export interface Ward {
  /** The type of the receiver that runs it. */
  readonly receiver: string
  /** Hands a signal on; false if there is nobody to have it. */
  forward(signal: string): boolean
  /** Its exit code. */
  readonly ended: Promise<number>
}

/** After service.shutdown_timeout the pipeline leaves behind what hangs, one component after another; this long it may take. */
const stopGraceMs = 3000
/** After a bug nothing is sure any more: only what can be handed on quickly. */
const bugStopMs = 3000

const dayMs = 24 * 60 * 60 * 1000

/**
 * Ctrl-C reaches a process that npm started twice: from the terminal, and passed on by npm within milliseconds. No person
 * presses the keys twice as fast as this.
 */
const echoMs = 100

/** `remora run`: until a signal, until all input or the ward has ended, or until it cannot start. */
export async function run(
  args: Arguments,
  io: Io,
  control: ProcessControl,
  ward?: Ward,
): Promise<number> {
  const checked = await checkConfig(args, io, ward?.receiver)
  const { loaded, plan, problemText, warningText } = checked
  if (plan === undefined) {
    io.stderr(warningText + problemText)
    return exitCodes.failed.code
  }
  const [{ createLogger }, { startService }] = await Promise.all([
    import('../telemetry/logger.ts'),
    import('../pipeline/service.ts'),
  ])
  const { telemetry, shutdownTimeoutMs } = plan.service
  const logger = createLogger({
    clock: control.clock,
    level: telemetry.logs.level,
    write: (line) => io.stderr(line),
  })
  for (const { path, message, place, suggestion } of loaded.warnings) {
    // A logger of its own, so that none of them is held back.
    const ownLogger = logger.child({ option: formatPath(path) })
    ownLogger.warn('configuration warning', { message, suggestion, ...place })
  }

  const stopping = Promise.withResolvers<void>()
  const lifecycle = new Lifecycle(control, logger, stopping.resolve)
  control.onSignal((signal) => {
    if (ward?.forward(signal) !== true) lifecycle.signal(signal, shutdownTimeoutMs)
  })
  control.onBug((error) => lifecycle.bug(error))
  try {
    const { abort } = lifecycle
    lifecycle.service = await startService(plan, { logger, clock: control.clock, version, abort })
  } catch (error) {
    lifecycle.stopped()
    logger.close()
    return sayNotStarted(logger, error, lifecycle.abort)
  }
  const mayEnd = stayAlive(control.clock)
  const stopCollecting = collectWhenQuiet(control.clock, logger)
  logger.info('ready', { version, running: summarise(plan.service) })
  if (
    ward === undefined &&
    io.isPiped === true &&
    !plan.receivers.some(({ definition }) => definition.type === 'stdin')
  ) {
    logger.warn(
      'standard input is a pipe, and nothing reads it: add the receiver stdin to a pipeline',
    )
  }
  // Other inputs may end before the application does.
  const ended = ward?.ended ?? lifecycle.service.ended.then(() => exitCodes.ok.code)
  void ended.then((code) => lifecycle.ended(shutdownTimeoutMs, code))
  await stopping.promise
  stopCollecting()
  await lifecycle.service.stop()
  lifecycle.stopped()
  mayEnd()
  // First what was held back, so that this is the last line.
  logger.close()
  logger.info('stopped')
  return lifecycle.exitCode
}

/** Returns the exit code. */
function sayNotStarted(logger: Logger, error: unknown, abort: AbortSignal): number {
  if (error === abort.reason) {
    logger.info('stopped', { message: 'not everything had started yet' })
    return exitCodes.ok.code
  }
  logger.error('cannot start', { error })
  return exitCodes.failed.code
}

/**
 * Node ends a process in which nothing can happen any more, and does not count signals: one that waits for the next run of
 * a command or the next scrape, without a server of its own, would be gone.
 */
function stayAlive(clock: Clock): () => void {
  const again = (): void => {
    cancel = clock.after(dayMs, again)
  }
  let cancel = clock.after(dayMs, again)
  return () => cancel()
}

/** What the process does about signals and bugs, from before the start to the end of the stop. */
class Lifecycle {
  service: RunningService | undefined
  exitCode: number = exitCodes.ok.code
  readonly #control: ProcessControl
  readonly #logger: Logger
  readonly #beginStop: () => void
  readonly #starting = new AbortController()
  /** When the first signal came. */
  #signalledMs: number | undefined
  #cancel: (() => void) | undefined

  constructor(control: ProcessControl, logger: Logger, beginStop: () => void) {
    this.#control = control
    this.#logger = logger
    this.#beginStop = beginStop
  }

  /** Of a start that is still under way, by the first signal. */
  get abort(): AbortSignal {
    return this.#starting.signal
  }

  signal(signal: string, shutdownTimeoutMs: number): void {
    const nowMs = this.#control.clock.monotonicMs()
    if (this.#signalledMs !== undefined) {
      if (signal === 'SIGINT' && nowMs - this.#signalledMs < echoMs) return
      this.#logger.warn('stopped by a second signal, without waiting', { signal })
      this.#control.exit(exitCodes.forced.code)
      return
    }
    this.#signalledMs = nowMs
    const trouble = this.#inTrouble()
    const message = `${trouble.join(', ')} cannot deliver, so this may take the whole timeout; a second signal ends it at once`
    this.#logger.info('stopping', {
      signal,
      timeout_ms: shutdownTimeoutMs,
      ...(trouble.length === 0 ? {} : { message }),
    })
    this.#endAfter(shutdownTimeoutMs + stopGraceMs, exitCodes.stopTimeout.code)
    this.#starting.abort()
    this.#beginStop()
  }

  /** Nothing more will come, as with a job whose files are all delivered. */
  ended(shutdownTimeoutMs: number, code: number): void {
    if (this.#cancel !== undefined) return
    this.exitCode = code
    this.#logger.info('all input has ended, stopping', { timeout_ms: shutdownTimeoutMs })
    this.#endAfter(shutdownTimeoutMs + stopGraceMs, exitCodes.stopTimeout.code)
    this.#beginStop()
  }

  bug(error: unknown): void {
    this.#logger.error('BUG: nothing has caught this', {
      error,
      stack: error instanceof Error ? error.stack : undefined,
    })
    if (this.exitCode === exitCodes.bug.code || this.service === undefined) {
      this.#control.exit(exitCodes.bug.code)
      return
    }
    this.exitCode = exitCodes.bug.code
    this.#endAfter(bugStopMs, exitCodes.bug.code)
    this.#beginStop()
  }

  /** The stop is over; its deadline with it. */
  stopped(): void {
    this.#cancel?.()
  }

  #inTrouble(): string[] {
    return [...(this.service?.statuses ?? [])]
      .filter(([component, { state }]) => component.startsWith('exporter:') && /error/.test(state))
      .map(([component]) => component)
  }

  /** The deadline of the stop. */
  #endAfter(delayMs: number, code: number): void {
    this.#cancel?.()
    this.#cancel = this.#control.clock.after(delayMs, () => {
      this.#logger.error('the stop took too long', { timeout_ms: delayMs })
      this.#control.exit(code)
    })
  }
}
