import type { Settings } from '../../component/define.ts'
import type { Component } from '../../component/lifecycle.ts'
import { createDelivery, type Delivery } from '../../delivery/delivery.ts'
import type { DeliveryConfig } from '../../delivery/schema.ts'
import { fullSuccess, type SendOutcome } from '../../delivery/send.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'
import { compress } from '../../net/compress.ts'
import type { Batch } from '../../signal/batch.ts'
import type { ConsumeContext, Consumer } from '../../signal/consumer.ts'
import { toJson } from '../../wire/otlp/to-json.ts'
import { type OpenFile, RecordFile, WriteError } from './record-file.ts'
import type { FileConfig } from './schema.ts'

/** No queue and no retries: a file answers at once, and callers keep what it does not take. */
const delivery: DeliveryConfig = {
  timeout: 0,
  retry_on_failure: {
    enabled: false,
    initial_interval: 0,
    randomization_factor: 0,
    multiplier: 1,
    max_interval: 0,
    max_elapsed_time: 0,
  },
  sending_queue: {
    enabled: false,
    num_consumers: 1,
    queue_size: 1,
    sizer: 'requests',
    wait_for_result: true,
    block_on_overflow: false,
  },
}

interface Waiting {
  readonly record: Uint8Array
  resolve(): void
  reject(error: DeliveryError): void
}

const newline = 0x0a
const lengthBytes = 4

/**
 * `consume` resolves when the batch stands in the file (and on the disk, with `fsync`). Batches that come while a write
 * is under way are written together by the next one.
 */
export class FileExporter implements Component, Consumer {
  readonly #settings: Settings<FileConfig>
  readonly #delivery: Delivery
  readonly #file: RecordFile
  #waiting: Waiting[] = []
  #writing = false

  constructor(settings: Settings<FileConfig>, openFile?: OpenFile) {
    const { config, clock, logger } = settings
    this.#settings = settings
    this.#file = new RecordFile(config, clock, logger, openFile)
    this.#delivery = createDelivery({ ...settings, config: delivery }, (batch) => this.#send(batch))
  }

  async start(): Promise<void> {
    const { path } = this.#settings.config
    try {
      await this.#file.open()
    } catch (error) {
      throw new Error(`cannot open "${path}" for writing: ${(error as Error).message}`, {
        cause: error,
      })
    }
  }

  consume(batch: Batch, context: ConsumeContext): Promise<void> {
    return this.#delivery.consume(batch, context)
  }

  async stop(abort: AbortSignal): Promise<void> {
    await this.#delivery.stop(abort)
    try {
      await this.#file.close()
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      this.#settings.logger.error('cannot close the file', { message })
    }
  }

  async #send(batch: Batch): Promise<SendOutcome> {
    const record = await this.#encode(batch)
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ record, resolve, reject })
      if (!this.#writing) void this.#write()
    })
    return fullSuccess
  }

  async #write(): Promise<void> {
    this.#writing = true
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting
      this.#waiting = []
      await this.#writeAll(waiting)
    }
    this.#writing = false
  }

  async #writeAll(waiting: readonly Waiting[]): Promise<void> {
    let written = waiting.length
    let failure: DeliveryError | undefined
    try {
      await this.#file.write(waiting.map((one) => one.record))
    } catch (error) {
      const { path } = this.#settings.config
      written = error instanceof WriteError ? error.written : 0
      const reason = error instanceof Error ? error.message : String(error)
      failure = new DeliveryError('write_failed', `cannot write "${path}": ${reason}`, {
        cause: error,
      })
    }
    for (const [index, one] of waiting.entries()) {
      if (failure === undefined || index < written) one.resolve()
      else one.reject(failure)
    }
  }

  async #encode(batch: Batch): Promise<Uint8Array> {
    const { format, compression } = this.#settings.config
    const bytes = batch.bytes()
    const text = format === 'json' ? Buffer.from(toJson(batch.signal, bytes)) : undefined
    if (compression === 'zstd') return withLength(await compress('zstd', text ?? bytes))
    if (text === undefined) return withLength(bytes)
    const line = Buffer.allocUnsafe(text.byteLength + 1)
    line.set(text)
    line[text.byteLength] = newline
    return line
  }
}

/** The collector's file format: the length as four bytes, most significant first, then the message. */
function withLength(bytes: Uint8Array): Uint8Array {
  const record = Buffer.allocUnsafe(lengthBytes + bytes.byteLength)
  record.writeUInt32BE(bytes.byteLength, 0)
  record.set(bytes, lengthBytes)
  return record
}
