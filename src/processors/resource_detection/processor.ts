import type { Settings } from '../../component/define.ts'
import type { Component } from '../../component/lifecycle.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'
import { Batch } from '../../signal/batch.ts'
import type { ConsumeContext, Consumer } from '../../signal/consumer.ts'
import { ResourceMerger } from '../../wire/otlp/resource-merger.ts'
import { WireError } from '../../wire/wire-error.ts'
import type { Attributes, Detector } from './detectors/detector.ts'
import { watchDirectory } from './watch-directory.ts'

export interface ResourceDetectionSettings {
  /** What the first one finds, the others do not replace. */
  readonly detectors: readonly Detector[]
  readonly override: boolean
  /** The only attributes that are used; undefined for all. */
  readonly only: ReadonlySet<string> | undefined
  /** How long one detector may take. */
  readonly timeoutMs: number
  /** Look again this often; 0 for never, but for directories. */
  readonly refreshMs: number
}

/** A mounted directory may be swapped without an event. */
const recheckMs = 30_000
/** The semantic conventions by which the detectors name their attributes. */
const schemaUrl = 'https://opentelemetry.io/schemas/1.40.0'

/** Adds what is known of the place where remora runs to every resource that passes. Holds nothing. */
export class ResourceDetectionProcessor implements Component, Consumer {
  readonly #settings: Settings<object>
  readonly #options: ResourceDetectionSettings
  readonly #next: Consumer
  /** By detector; what it found last. */
  readonly #found: (Attributes | undefined)[]
  #merger: ResourceMerger | undefined
  #mergedKey = ''
  #attributeCount = 0
  #cancel: (() => void) | undefined
  #unwatch: (() => Promise<void>)[] = []
  #detecting: Promise<void> | undefined

  constructor(settings: Settings<object>, options: ResourceDetectionSettings, next: Consumer) {
    this.#settings = settings
    this.#options = options
    this.#next = next
    this.#found = options.detectors.map(() => undefined)
    settings.meter.gauge('remora_resource_detection_attributes', {}, () => this.#attributeCount)
  }

  async start(): Promise<void> {
    await this.#detect()
    const { clock, logger } = this.#settings
    const { detectors, refreshMs } = this.#options
    const directories = detectors.flatMap(({ directory }) => directory ?? [])
    const again = (): void => void this.#detect()
    this.#unwatch = await Promise.all(
      directories.map((directory) => watchDirectory(directory, logger, again)),
    )
    const periodMs =
      directories.length > 0 ? Math.min(refreshMs || recheckMs, recheckMs) : refreshMs
    if (periodMs > 0) this.#cancel = clock.every(periodMs, again)
  }

  async stop(): Promise<void> {
    this.#cancel?.()
    await Promise.all(this.#unwatch.map((unwatch) => unwatch()))
    await this.#detecting
  }

  consume(batch: Batch, context: ConsumeContext): Promise<void> {
    const merger = this.#merger
    if (merger === undefined) return this.#next.consume(batch, context)
    let segments: Uint8Array[]
    try {
      segments = batch.segments.map((segment) => merger.merge(segment))
    } catch (error) {
      if (!(error instanceof WireError)) return Promise.reject(error)
      const message = `cannot add attributes to the resources of the batch: ${error.message}`
      return Promise.reject(new DeliveryError('invalid_data', message, { cause: error }))
    }
    return this.#next.consume(new Batch(batch.signal, segments, batch.itemCount), context)
  }

  /** Asks every detector; one round at a time. Never rejects. */
  #detect(): Promise<void> {
    this.#detecting ??= this.#askAll().finally(() => {
      this.#detecting = undefined
    })
    return this.#detecting
  }

  async #askAll(): Promise<void> {
    await Promise.all(this.#options.detectors.map((_, index) => this.#ask(index)))
    const merged: Record<string, Attributes[string]> = {}
    for (const found of this.#found.toReversed()) Object.assign(merged, found)
    const { only, override } = this.#options
    for (const key of Object.keys(merged)) if (only?.has(key) === false) delete merged[key]
    const key = JSON.stringify(merged)
    if (key === this.#mergedKey) return
    this.#mergedKey = key
    this.#attributeCount = Object.keys(merged).length
    this.#merger =
      this.#attributeCount === 0
        ? undefined
        : new ResourceMerger({ attributes: merged, override, schemaUrl })
    this.#settings.logger.info('detected resource attributes', { keys: Object.keys(merged) })
  }

  async #ask(index: number): Promise<void> {
    const { logger, clock } = this.#settings
    const detector = this.#options.detectors[index] as Detector
    const { name } = detector
    const { timeoutMs } = this.#options
    const { promise: late, reject } = Promise.withResolvers<never>()
    const cancel = clock.after(timeoutMs, () => {
      reject(new Error(`it did not answer within ${timeoutMs} ms`))
    })
    try {
      const complain = (message: string): void => {
        logger.warn('a resource detector leaves something out', { detector: name, message })
      }
      const found = await Promise.race([detector.detect(complain), late])
      const isFirst = this.#found[index] === undefined
      this.#found[index] = found
      if (isFirst && Object.keys(found).length === 0) {
        logger.warn('a resource detector has found nothing', { detector: name })
      }
    } catch (error) {
      const { message } = error as Error
      logger.warn('a resource detector failed; what it found before stays', {
        detector: name,
        message,
      })
    } finally {
      cancel()
    }
  }
}
