import { sleep } from '../../component/clock.ts'
import type { ReceiverSettings } from '../../component/define.ts'
import type { Component } from '../../component/lifecycle.ts'
import { maxBlockMsOf } from '../../lines/schema.ts'
import { StreamIntake } from '../../lines/stream-intake.ts'
import type { Command } from '../../process/child.ts'
import { CommandRun } from '../../process/command-run.ts'
import { CommandError, describeExit, type Exit, statusOf } from '../../process/exit.ts'
import { Restarts } from '../../process/restarts.ts'
import type { Intake } from '../../signal/consumer.ts'
import type { ExecConfig } from './schema.ts'

type Outcome = 'success' | 'failure' | 'timeout' | 'output_limit' | 'not_started'

/** A stop that takes longer says why. */
const saysAfterMs = 1000

/** Runs a command, by the clock or without end, and makes records of its output. */
export class ExecReceiver implements Component {
  readonly #settings: ReceiverSettings<ExecConfig>
  readonly #intake: Intake<'logs'> | undefined
  readonly #ended: () => void
  readonly #stopping = new AbortController()
  #streams: StreamIntake | undefined
  #run: CommandRun | undefined
  #going: Promise<void> | undefined
  #cancelTick: (() => void) | undefined
  #status = 0
  /** Why the run at hand is ended by us. */
  #cut: 'timeout' | 'output_limit' | undefined

  constructor(settings: ReceiverSettings<ExecConfig>, intake: Intake<'logs'> | undefined) {
    this.#settings = settings
    this.#intake = intake
    const { mode, respawn_on_exit: respawns } = settings.config
    const ends = intake !== undefined && mode === 'streaming' && !respawns
    this.#ended = ends ? settings.endsByItself('keep') : () => undefined
  }

  async start(): Promise<void> {
    if (this.#intake === undefined) return
    const { config, meter, clock, status } = this.#settings
    this.#streams = new StreamIntake(this.#settings, this.#intake, 'exec', maxBlockMsOf(config))
    meter.gauge('remora_exec_last_exit_code', {}, () => this.#status)
    status({ state: 'ok' })
    if (config.mode === 'streaming') {
      this.#going = this.#runOnAndOn()
      return
    }
    const skipped = meter.counter('remora_exec_skipped_runs')
    const tick = (): void => {
      if (this.#going === undefined) {
        this.#going = this.#runOnce().finally(() => {
          this.#going = undefined
        })
        return
      }
      skipped.add(1)
      this.#settings.logger.warn('a run is left out: the one before it still goes on', {
        pid: this.#run?.pid,
      })
    }
    this.#cancelTick = clock.every(config.interval, tick)
    tick()
  }

  async stop(abort: AbortSignal): Promise<void> {
    this.#cancelTick?.()
    this.#stopping.abort()
    const cancelWord = this.#settings.clock.after(saysAfterMs, () => this.#sayWaiting())
    await this.#run?.terminate(this.#settings.config.stop_timeout, abort)
    await this.#going
    cancelWord()
    await this.#streams?.stop(abort)
  }

  #sayWaiting(): void {
    if (this.#run === undefined) return
    const { logger, config } = this.#settings
    const fields = { pid: this.#run.pid, stop_timeout_ms: config.stop_timeout }
    logger.info('the stop waits for a command to end', fields)
  }

  async #runOnAndOn(): Promise<void> {
    const { config, clock } = this.#settings
    const restarts = new Restarts(config.respawn_interval, config.respawn_max_interval)
    for (;;) {
      const startedMs = clock.monotonicMs()
      await this.#runOnce()
      if (this.#stopping.signal.aborted) return
      if (!config.respawn_on_exit) break
      const waitMs = restarts.waitMs(clock.monotonicMs() - startedMs)
      await sleep(clock, waitMs, this.#stopping.signal)
      if (this.#stopping.signal.aborted) return
    }
    this.#ended()
  }

  /** Never rejects. */
  async #runOnce(): Promise<void> {
    const { config, clock, meter } = this.#settings
    this.#cut = undefined
    try {
      const run = await this.#start()
      this.#run = run
      // The stop came while it was started.
      if (this.#stopping.signal.aborted)
        void run.terminate(config.stop_timeout, AbortSignal.abort())
      // So did too much output.
      if (this.#cut !== undefined) this.#end(this.#cut)
      const timed = config.mode === 'scheduled' && config.timeout > 0
      const cancel = timed ? clock.after(config.timeout, () => this.#end('timeout')) : undefined
      const exit = await run.finished
      cancel?.()
      this.#note(exit)
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      this.#status = error.status
      meter.counter('remora_exec_runs', { outcome: 'not_started' satisfies Outcome }).add(1)
      this.#complain(error.message)
    } finally {
      this.#run = undefined
    }
  }

  #start(): Promise<CommandRun> {
    const { config, clock, logger } = this.#settings
    const limit = { bytes: config.max_output_size, exceeded: () => this.#end('output_limit') }
    return CommandRun.start(commandOf(config), {
      streams: this.#streams as StreamIntake,
      clock,
      logger,
      includeProcess: config.include_process,
      drainMs: config.output_deadline,
      ...(config.mode === 'scheduled' ? { limit } : {}),
    })
  }

  /** Ends a run that goes too far. */
  #end(cut: 'timeout' | 'output_limit'): void {
    this.#cut ??= cut
    void this.#run?.terminate(this.#settings.config.stop_timeout, this.#stopping.signal)
  }

  #note(exit: Exit): void {
    const { meter, logger, status } = this.#settings
    this.#status = statusOf(exit)
    const outcome: Outcome = this.#cut ?? (this.#status === 0 ? 'success' : 'failure')
    meter.counter('remora_exec_runs', { outcome }).add(1)
    if (this.#stopping.signal.aborted) return
    if (outcome === 'success') {
      logger.debug('a command has ended', { exit_code: this.#status })
      status({ state: 'ok' })
    } else this.#complain(`${reasons[this.#cut ?? 'failure']}: ${describeExit(exit)}`)
  }

  #complain(message: string): void {
    this.#settings.logger.warn('a command went wrong', { message, exit_code: this.#status })
    this.#settings.status({ state: 'recoverable_error', reason: message })
  }
}

const reasons = {
  failure: 'the command failed',
  timeout: 'the command ran for longer than timeout',
  output_limit: 'the command said more than max_output_size',
}

function commandOf(config: ExecConfig): Command {
  const { command, environment, clear_environment: clears } = config
  const own = Object.entries(environment).map(([name, value]) => [name, value.reveal()] as const)
  return {
    words: typeof command === 'string' ? ['/bin/sh', '-c', command] : (command as [string]),
    environment: { ...(clears ? {} : process.env), ...Object.fromEntries(own) },
    directory: config.working_directory,
    stdin: 'ignore',
    stderr: config.include_stderr,
  }
}
