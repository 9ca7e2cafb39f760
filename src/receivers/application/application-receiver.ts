import type { Writable } from 'node:stream'
import { sleep } from '../../component/clock.ts'
import type { ReceiverSettings } from '../../component/define.ts'
import type { Component } from '../../component/lifecycle.ts'
import { maxBlockMsOf } from '../../lines/schema.ts'
import { openStderr, openStdout } from '../../lines/stdout.ts'
import { StreamIntake } from '../../lines/stream-intake.ts'
import { Tee } from '../../lines/tee.ts'
import type { Application } from '../../process/application.ts'
import { CommandRun, type RunSettings } from '../../process/command-run.ts'
import { CommandError, describeExit, type Exit, statusOf } from '../../process/exit.ts'
import { Restarts } from '../../process/restarts.ts'
import type { Intake } from '../../signal/consumer.ts'
import type { ApplicationConfig } from './schema.ts'

/** How one ends that was asked to. */
const stopSignals: ReadonlySet<NodeJS.Signals> = new Set(['SIGTERM', 'SIGINT', 'SIGKILL'])

/** Runs the application of `remora exec`, hands signals on to it, and makes records of its output. */
export class ApplicationReceiver implements Component {
  readonly #settings: ReceiverSettings<ApplicationConfig>
  readonly #intake: Intake<'logs'> | undefined
  readonly #application: Application | undefined
  readonly #stopping = new AbortController()
  readonly #restarts: Restarts
  #streams: StreamIntake | undefined
  #tees: RunSettings['tees']
  #run: CommandRun | undefined
  #going: Promise<void> | undefined

  /** Without an application it cannot start: only `remora exec` has one. */
  constructor(
    settings: ReceiverSettings<ApplicationConfig>,
    intake: Intake<'logs'> | undefined,
    application?: Application,
  ) {
    this.#settings = settings
    this.#intake = intake
    this.#application = application
    const { restart_interval: firstMs, restart_max_interval: maxMs } = settings.config
    this.#restarts = new Restarts(firstMs, maxMs)
  }

  async start(): Promise<void> {
    if (this.#intake === undefined) return
    const application = this.#application
    if (application === undefined) {
      throw new Error('there is no application: run "remora exec --config … -- COMMAND"')
    }
    const { config, logger } = this.#settings
    if (process.pid === 1) {
      logger.warn('remora is process 1 and reaps no orphans: start it with bin/remora')
    }
    this.#streams = new StreamIntake(
      this.#settings,
      this.#intake,
      'application',
      maxBlockMsOf(config),
    )
    if (config.tee) {
      const stdout = this.#tee('stdout', await openStdout())
      this.#tees = { stdout, stderr: this.#tee('stderr', openStderr()) }
    }
    try {
      this.#run = await this.#startRun(application)
    } catch (error) {
      await this.stop(AbortSignal.abort())
      if (error instanceof CommandError) application.startFailure = error.status
      throw error
    }
    application.runs((signal) => this.#forward(signal))
    this.#going = this.#supervise(application, this.#run)
    this.#settings.status({ state: 'ok' })
  }

  async stop(abort: AbortSignal): Promise<void> {
    this.#stopping.abort()
    await this.#run?.terminate(this.#settings.config.stop_timeout, abort)
    await this.#going
    await this.#streams?.stop(abort)
    await this.#tees?.stdout.close(abort)
    await this.#tees?.stderr.close(abort)
  }

  #forward(signal: NodeJS.Signals): void {
    this.#settings.logger.debug('a signal is handed on', { signal })
    if (signal !== 'SIGTERM' && signal !== 'SIGINT') {
      this.#run?.kill(signal)
      return
    }
    const first = !this.#stopping.signal.aborted
    this.#stopping.abort()
    this.#run?.kill(signal)
    // Whoever stops the container kills remora too, soon after: what the application said must be away by then.
    if (first) void this.#run?.killAfter(this.#settings.config.stop_timeout)
  }

  /** Until the application has ended for good. Never rejects. */
  async #supervise(application: Application, first: CommandRun): Promise<void> {
    const { clock, logger, meter, config } = this.#settings
    const restarts = meter.counter('remora_application_restarts')
    let run = first
    for (;;) {
      const exit = await run.finished
      this.#run = undefined
      const waitMs = this.#restarts.waitMs(clock.monotonicMs() - run.startedMs)
      const status = statusOf(exit)
      const again = this.#startsAgain(exit)
      logger[this.#levelOf(exit, again)]('the application has ended', {
        message: describeExit(exit),
        exit_code: status,
        pid: run.pid,
        ...(again ? { wait_ms: waitMs } : {}),
      })
      if (again) await sleep(clock, waitMs, this.#stopping.signal)
      if (!again || this.#stopping.signal.aborted) return application.end(status)
      try {
        run = await this.#startRun(application)
      } catch (error) {
        if (!(error instanceof CommandError)) throw error
        logger.error('cannot start the application again', { message: error.message })
        return application.end(error.status)
      }
      this.#run = run
      restarts.add(1)
      logger.info('the application was started again', {
        pid: run.pid,
        restarts: this.#restarts.count,
      })
      // The signal came while it was being started.
      if (this.#stopping.signal.aborted) {
        run.kill('SIGTERM')
        void run.killAfter(config.stop_timeout)
      }
    }
  }

  #levelOf(exit: Exit, again: boolean): 'info' | 'warn' | 'error' {
    const stopped = exit.signal === null || stopSignals.has(exit.signal)
    if (exit.code === 0 || (this.#stopping.signal.aborted && stopped)) return 'info'
    return again ? 'warn' : 'error'
  }

  #startsAgain(exit: Exit): boolean {
    const { restart, max_restarts: max } = this.#settings.config
    if (this.#stopping.signal.aborted || restart === 'no') return false
    if (restart === 'on-failure' && exit.code === 0) return false
    return max === 0 || this.#restarts.count <= max
  }

  #startRun({ words }: Application): Promise<CommandRun> {
    const { config, clock, logger } = this.#settings
    return CommandRun.start(
      { words, environment: process.env, stdin: 'inherit', stderr: true },
      {
        streams: this.#streams as StreamIntake,
        clock,
        logger,
        includeProcess: config.include_process,
        drainMs: config.output_deadline,
        ...(this.#tees === undefined ? {} : { tees: this.#tees }),
      },
    )
  }

  #tee(name: string, stream: Writable): Tee {
    return new Tee(stream, ({ message }) => {
      this.#settings.logger.warn('nobody reads any more, the copy ends', { stream: name, message })
    })
  }
}
