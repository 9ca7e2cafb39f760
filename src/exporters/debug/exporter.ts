import type { Writable } from 'node:stream'
import type { Settings } from '../../component/define.ts'
import type { Component } from '../../component/lifecycle.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'
import type { Batch } from '../../signal/batch.ts'
import type { ConsumeContext, Consumer } from '../../signal/consumer.ts'
import type { ExporterLedger } from '../../signal/ledger.ts'
import { itemNames } from '../../signal/signal.ts'
import { detailedLines } from './detailed.ts'
import { firstItems } from './first-items.ts'
import { normalLines } from './normal.ts'
import { Sampler } from './sampler.ts'
import type { DebugConfig } from './schema.ts'

/** Text that the reader of the output has not taken yet. Above it batches wait, or are refused. */
const backlogBytesMax = 4 * 1024 * 1024

/**
 * Writes what it gets to a stream. A batch is delivered when the stream has taken its text: a slow reader holds callers
 * back. Whoever looks at the output and goes away (`| head`) must not stop the pipeline: then everything is dropped and
 * counted.
 */
export class DebugExporter implements Component, Consumer {
  readonly #settings: Settings<DebugConfig>
  readonly #open: () => Promise<Writable>
  readonly #sampler: Sampler
  readonly #waiting = new Set<Waiting>()
  #output: Writable | undefined
  #broken = false
  #stopped = false
  readonly #onError = (error: Error): void => this.#break(error)
  readonly #onClose = (): void => this.#break(new Error('it was closed'))

  constructor(settings: Settings<DebugConfig>, open: () => Promise<Writable>) {
    const { config, clock } = settings
    this.#settings = settings
    this.#open = open
    this.#sampler = new Sampler(clock, config.sampling_initial, config.sampling_thereafter)
  }

  async start(): Promise<void> {
    this.#output = await this.#open()
    this.#output.on('error', this.#onError)
    this.#output.on('close', this.#onClose)
  }

  async consume(batch: Batch, context: ConsumeContext): Promise<void> {
    const output = this.#output
    const account = context.ledger.exporter(this.#settings.id)
    const items = batch.itemCount
    if (output === undefined || this.#stopped) {
      throw new DeliveryError('stopping', 'remora is shutting down')
    }
    if (this.#broken) {
      account.dropped('write_failed', items)
      return
    }
    if (!this.#sampler.take()) {
      account.delivered += items
      return
    }
    if (output.writableLength > backlogBytesMax && context.onFull === 'refuse') {
      throw new DeliveryError('queue_full', 'the reader of standard output is too slow')
    }
    await this.#write(output, this.#render(batch), account, items)
  }

  async stop(abort: AbortSignal): Promise<void> {
    this.#stopped = true
    const written = [...this.#waiting].map((one) => one.promise)
    const giveUp = (): void => {
      for (const one of [...this.#waiting]) one.end('shutdown')
    }
    if (abort.aborted) giveUp()
    else abort.addEventListener('abort', giveUp, { once: true })
    await Promise.all(written)
    abort.removeEventListener('abort', giveUp)
    // The stream is shared; errors that come later have nobody left to tell.
    this.#output?.removeListener('close', this.#onClose)
  }

  #render(batch: Batch): string {
    const { verbosity, max_records: itemsMax } = this.#settings.config
    const head = headLine(batch, this.#settings)
    if (verbosity === 'basic') return `${head}\n`
    const shown = itemsMax === 0 ? batch : firstItems(batch, itemsMax)
    const lines = verbosity === 'normal' ? normalLines(shown) : [head, ...detailedLines(shown)]
    const more = batch.itemCount - shown.itemCount
    if (more > 0) lines.push(`… and ${more} more`)
    return `${lines.join('\n')}\n`
  }

  #write(output: Writable, text: string, account: ExporterLedger, items: number): Promise<void> {
    const waiting = new Waiting(account, items, () => this.#waiting.delete(waiting))
    this.#waiting.add(waiting)
    output.write(text, (error) => {
      if (error) this.#break(error)
      else waiting.end(undefined)
    })
    return waiting.promise
  }

  #break(error: Error): void {
    for (const one of [...this.#waiting]) one.end('write_failed')
    if (this.#broken || this.#stopped) return
    this.#broken = true
    const { logger, status } = this.#settings
    logger.error('cannot write to standard output, dropping what comes', { message: error.message })
    status({ state: 'permanent_error', reason: 'write_failed: standard output is closed' })
  }
}

/** One batch whose text the stream has not taken yet. */
class Waiting {
  readonly promise: Promise<void>
  readonly #resolve: () => void
  readonly #account: ExporterLedger
  readonly #items: number
  readonly #onEnd: () => void
  #ended = false

  constructor(account: ExporterLedger, items: number, onEnd: () => void) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.promise = promise
    this.#resolve = resolve
    this.#account = account
    this.#items = items
    this.#onEnd = onEnd
    account.queued += items
  }

  end(reason: 'write_failed' | 'shutdown' | undefined): void {
    if (this.#ended) return
    this.#ended = true
    this.#account.queued -= this.#items
    if (reason === undefined) this.#account.delivered += this.#items
    else this.#account.dropped(reason, this.#items)
    this.#onEnd()
    this.#resolve()
  }
}

/** `2026-01-02T03:04:05.678Z debug/1: 100 log records, 21534 bytes` */
function headLine(batch: Batch, { clock, id }: Settings<DebugConfig>): string {
  const time = new Date(clock.nowMs()).toISOString()
  const many = itemNames[batch.signal].replace('_', ' ')
  const items = batch.itemCount === 1 ? many.slice(0, -1) : many
  return `${time} ${id}: ${batch.itemCount} ${items}, ${batch.sizeBytes} bytes`
}
