import { join } from 'node:path'
import { type LetterHead, letterBytes } from '../buffer/dead-letters/letter.ts'
import { LetterBox } from '../buffer/dead-letters/letter-box.ts'
import type { Settings } from '../component/define.ts'
import type { Counter } from '../component/telemetry.ts'
import type { DeadLetterConfig, DeliveryConfig } from './schema.ts'

/** What waits to be written; more comes only when the disk is slower than the backend refuses, and is not kept. */
const pendingBytesMax = 8 * 1024 * 1024
/** The directory is looked at again when the last look is older: `remora dead-letters` may have removed some. */
const lookAgainMs = 5000

/**
 * Keeps what the backend refused for good, and what ran out of tries, for a person to look at. Never in the way of the
 * queue: what cannot be kept is counted and said.
 */
export class DeadLetters {
  readonly #settings: Settings<DeliveryConfig>
  readonly #config: DeadLetterConfig
  readonly #written: Counter
  readonly #lost: Counter
  readonly #failed: Counter
  #box: LetterBox | undefined
  #lookedMs = Number.NEGATIVE_INFINITY
  #pendingBytes = 0
  /** One at a time, in order. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(settings: Settings<DeliveryConfig>, config: DeadLetterConfig) {
    const { meter } = settings
    this.#settings = settings
    this.#config = config
    this.#written = meter.counter('remora_dead_letters_written_items')
    this.#lost = meter.counter('remora_dead_letters_lost_items', { reason: 'oldest_removed' })
    this.#failed = meter.counter('remora_dead_letters_lost_items', { reason: 'write_failed' })
    meter.gauge('remora_dead_letters_items', {}, () => this.#looked()?.items ?? 0)
    meter.gauge('remora_dead_letters_bytes', {}, () => this.#looked()?.bytes ?? 0)
  }

  /** Looks at what is there. Does not reject: the exporter runs without. */
  async start(): Promise<void> {
    try {
      await this.#open()
    } catch (error) {
      this.#complain(error, 0)
    }
  }

  /**
   * True once the letter is on the disk; false if it could not be kept. Never rejects. `payload` may be empty: such a note
   * counts no items, since none is kept.
   */
  keep(head: LetterHead, payload: readonly Uint8Array[], payloadBytes: number): Promise<boolean> {
    const sizeBytes = letterBytes(head, payloadBytes)
    const items = payloadBytes === 0 ? 0 : head.items
    if (this.#pendingBytes > 0 && this.#pendingBytes + sizeBytes > pendingBytesMax) {
      this.#complain(new Error('letters come faster than they can be written'), items)
      return Promise.resolve(false)
    }
    this.#pendingBytes += sizeBytes
    const done = this.#last.then(async () => {
      try {
        return await this.#write(head, items, payload, payloadBytes)
      } catch (error) {
        this.#complain(error, items)
        return false
      } finally {
        this.#pendingBytes -= sizeBytes
      }
    })
    this.#last = done
    return done
  }

  async #write(
    head: LetterHead,
    items: number,
    payload: readonly Uint8Array[],
    payloadBytes: number,
  ): Promise<boolean> {
    const box = this.#box ?? (await this.#open())
    if (this.#mayLook()) await box.open()
    if (!box.admits(head, payloadBytes)) {
      this.#complain(new Error('it is larger than max_size'), items)
      return false
    }
    const lost = await box.add(head, payload)
    this.#written.add(items)
    if (lost > 0) {
      this.#lost.add(lost)
      this.#settings.logger.warn('the dead letters are full, removing the oldest', { items: lost })
    }
    return true
  }

  async #open(): Promise<LetterBox> {
    const box = new LetterBox(await this.#directory(), this.#config.max_size)
    await box.open()
    this.#box = box
    return box
  }

  /** The box, for a scrape; what has changed in it meanwhile, the next scrape shows. */
  #looked(): LetterBox | undefined {
    const box = this.#box
    if (box === undefined || !this.#mayLook()) return box
    this.#last = this.#last
      .then(() => box.open())
      .catch((error: unknown) => this.#complain(error, 0))
    return box
  }

  /** Once in a while. */
  #mayLook(): boolean {
    const nowMs = this.#settings.clock.monotonicMs()
    if (nowMs - this.#lookedMs < lookAgainMs) return false
    this.#lookedMs = nowMs
    return true
  }

  #directory(): Promise<string> {
    const { storage, directory } = this.#config
    const name = deadLetterName(this.#settings.id)
    if (directory !== undefined) return Promise.resolve(join(directory, name))
    return this.#settings.storage(storage ?? '').directory(name)
  }

  #complain(error: unknown, items: number): void {
    // Nothing is known of the directory any more: look again at the next letter.
    if ((error as NodeJS.ErrnoException).code !== undefined) this.#box = undefined
    if (items > 0) this.#failed.add(items)
    this.#settings.logger.error('cannot keep dead letters', {
      message: error instanceof Error ? error.message : String(error),
      items,
    })
  }
}

/** The directory of an exporter within that of the configuration, and its name within a storage. */
export function deadLetterName(exporterId: string): string {
  return `dead_letters_${encodeURIComponent(exporterId)}`
}
