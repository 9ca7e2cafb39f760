import type { ReceiverSettings } from '../../component/define.ts'
import type { Component } from '../../component/lifecycle.ts'
import { openByteFlow } from '../../lines/byte-flow.ts'
import { drainStreams } from '../../lines/drain.ts'
import type { LineStream } from '../../lines/line-stream.ts'
import { maxBlockMsOf } from '../../lines/schema.ts'
import { openStdout } from '../../lines/stdout.ts'
import { StreamIntake } from '../../lines/stream-intake.ts'
import { Tee } from '../../lines/tee.ts'
import type { Intake } from '../../signal/consumer.ts'
import type { StdinConfig } from './schema.ts'

/** Makes records of what comes on standard input, until its end. */
export class StdinReceiver implements Component {
  /** What is read; a test reads something else. */
  fd = 0
  readonly #settings: ReceiverSettings<StdinConfig>
  readonly #intake: Intake<'logs'> | undefined
  readonly #ended: () => void
  #streams: StreamIntake | undefined
  #stream: LineStream | undefined
  #tee: Tee | undefined

  constructor(settings: ReceiverSettings<StdinConfig>, intake: Intake<'logs'> | undefined) {
    this.#settings = settings
    this.#intake = intake
    const { exit_on_eof: exits } = settings.config
    this.#ended =
      intake === undefined || exits === false
        ? () => undefined
        : settings.endsByItself(exits === true ? 'stop' : 'keep')
  }

  async start(): Promise<void> {
    if (this.#intake === undefined) return
    const { config, logger } = this.#settings
    if (config.tee) {
      this.#tee = new Tee(await openStdout(), ({ message }) => {
        logger.warn('nobody reads any more, the copy ends', { stream: 'stdout', message })
      })
    }
    this.#streams = new StreamIntake(this.#settings, this.#intake, 'stdin', maxBlockMsOf(config))
    const stream = this.#streams.open({ name: 'stdin' }, this.#tee)
    try {
      const flow = await openByteFlow(this.fd, stream)
      stream.start(flow)
    } catch (error) {
      await this.#streams.stop(AbortSignal.abort())
      throw new Error(`cannot read standard input: ${(error as Error).message}`, { cause: error })
    }
    this.#stream = stream
    void stream.ended.then((error) => this.#atEnd(stream, error))
    this.#settings.status({ state: 'ok' })
  }

  async stop(abort: AbortSignal): Promise<void> {
    const { config, clock, shutdownTimeoutMs } = this.#settings
    if (this.#stream !== undefined) {
      const { quiet_period: quietMs, deadline = shutdownTimeoutMs / 4 } = config.drain
      await drainStreams([this.#stream], { quietMs, deadlineMs: deadline, clock }, abort)
      this.#stream.end()
    }
    await this.#streams?.stop(abort)
    await this.#tee?.close(abort)
  }

  #atEnd({ source }: LineStream, error: Error | undefined): void {
    const { logger, status } = this.#settings
    if (error !== undefined) {
      logger.error('cannot read on', { error })
      status({ state: 'permanent_error', reason: `cannot read on: ${error.message}` })
    } else if (source.offset === 0) {
      logger.warn('standard input ended without a byte; is anything piped into remora?')
    } else logger.info('standard input has ended', { bytes: source.offset })
    this.#ended()
  }
}
