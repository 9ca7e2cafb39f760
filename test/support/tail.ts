import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { systemClock } from '../../src/component/clock.ts'
import type { Storage, StorageClient } from '../../src/component/storage.ts'
import { decompressStream } from '../../src/net/decompress.ts'
import { fileLog } from '../../src/receivers/file_log/definition.ts'
import { FileLogReceiver } from '../../src/receivers/file_log/file-log.ts'
import type { FileSystem } from '../../src/tail/file-system.ts'
import { toJson } from '../../src/wire/otlp/to-json.ts'
import { RecordingIntake } from './recording-intake.ts'
import { testSettings } from './settings.ts'

/** A log record as a test looks at it. */
export interface Seen {
  readonly body: unknown
  readonly attributes: Readonly<Record<string, unknown>>
  readonly resource: Readonly<Record<string, unknown>>
  readonly timeUnixNano: string
  readonly severityNumber: number
  readonly severityText: string
  /** Ids of trace and span, with a blank between. */
  readonly trace?: string
}

const patienceMs = 10_000

/** A file_log receiver on real files in a directory of its own, polling fast. */
export class TailHarness {
  readonly directory: string
  intake = new RecordingIntake()
  settings = testSettings({}, { clock: systemClock })
  #storages: Record<string, Storage> = {}
  #receiver: FileLogReceiver | undefined

  private constructor(directory: string) {
    this.directory = directory
  }

  static async create(): Promise<TailHarness> {
    return new TailHarness(await mkdtemp(join(tmpdir(), 'remora-tail-')))
  }

  path(name: string): string {
    return join(this.directory, name)
  }

  useStorage(storage: Storage): void {
    this.#storages = { mem: storage }
  }

  /** Starts a receiver with the defaults of a test and what `config` says. Keeps the intake of earlier ones. */
  async start(config: Record<string, unknown> = {}, files?: FileSystem): Promise<void> {
    const parsed = v.parse(fileLog.config, {
      include: [this.path('*.log*')],
      start_at: 'beginning',
      poll_interval: '10ms',
      force_flush_period: 0,
      watch: false,
      drain: { quiet_period: 0 },
      ...config,
    })
    this.settings = testSettings(parsed, { clock: systemClock, storages: this.#storages }) as never
    this.#receiver =
      files === undefined
        ? (fileLog.create(this.settings as never, { logs: this.intake }) as FileLogReceiver)
        : new FileLogReceiver(this.settings as never, this.intake, {
            files,
            decompress: decompressStream,
          })
    await this.#receiver.start()
  }

  async stop(abort: AbortSignal = new AbortController().signal): Promise<void> {
    const receiver = this.#receiver
    this.#receiver = undefined
    await receiver?.stop(abort)
  }

  /** What a kill leaves behind: nothing is waited for, and no checkpoint written from now on. */
  async crash(storage: MemoryStorage): Promise<void> {
    storage.freeze()
    await this.stop(AbortSignal.abort())
    storage.thaw()
  }

  get records(): Seen[] {
    return this.intake.calls.flatMap(({ batch }) => readRecords(batch.bytes()))
  }

  get bodies(): unknown[] {
    return this.records.map((record) => record.body)
  }

  async until(
    what: string,
    condition: () => boolean | Promise<boolean>,
    deadlineMs = patienceMs,
  ): Promise<void> {
    const endMs = Date.now() + deadlineMs
    while (!(await condition())) {
      if (Date.now() > endMs)
        assert.fail(
          `${what}: not within ${deadlineMs} ms; seen ${JSON.stringify(this.bodies).slice(0, 2000)}`,
        )
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  /** Waits for so many records, and a little longer, so that surplus ones show. */
  async untilRecords(count: number): Promise<void> {
    await this.until(`${count} records`, () => this.intake.itemCount >= count)
    await this.polls(3)
  }

  /** Lets some polls pass. */
  async polls(count: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, count * 15))
  }

  value(metric: string, labels: Record<string, string> = {}): number {
    return this.settings.meter.value(metric, labels)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop(AbortSignal.abort())
    await rm(this.directory, { recursive: true, force: true })
  }
}

/** Storage in memory that can be frozen, as a process that is killed writes nothing more. */
export class MemoryStorage implements Storage {
  readonly queues = { maxSizeBytes: 0, segmentSizeBytes: undefined, fsync: true, syncIntervalMs: 0 }
  readonly saved = new Map<string, Uint8Array>()
  /** When something was saved, by `performance.now()`. */
  readonly savedAtMs: number[] = []
  #frozen = false

  freeze(): void {
    this.#frozen = true
  }

  thaw(): void {
    this.#frozen = false
  }

  open(): Promise<StorageClient> {
    return Promise.resolve({
      get: (key) => this.saved.get(key),
      keys: () => [...this.saved.keys()],
      update: (changes) => {
        if (this.#frozen) return Promise.resolve()
        this.savedAtMs.push(performance.now())
        for (const [key, value] of changes) {
          if (value === undefined) this.saved.delete(key)
          else this.saved.set(key, value)
        }
        return Promise.resolve()
      },
      close: () => Promise.resolve(),
    })
  }

  directory(): Promise<string> {
    return Promise.reject(new Error('a memory storage has no directory'))
  }
}

interface JsonAny {
  stringValue?: string
  intValue?: string
  doubleValue?: number
  boolValue?: boolean
  bytesValue?: string
  arrayValue?: { values?: JsonAny[] }
  kvlistValue?: { values?: JsonPair[] }
}

interface JsonPair {
  key: string
  value?: JsonAny
}

function plain(any: JsonAny | undefined): unknown {
  if (any === undefined) return undefined
  if (any.intValue !== undefined) return Number(any.intValue)
  if (any.bytesValue !== undefined) return Buffer.from(any.bytesValue, 'base64')
  if (any.arrayValue !== undefined) return (any.arrayValue.values ?? []).map(plain)
  if (any.kvlistValue !== undefined) return pairs(any.kvlistValue.values)
  return any.stringValue ?? any.doubleValue ?? any.boolValue ?? null
}

function pairs(list: JsonPair[] = []): Record<string, unknown> {
  const entries = list.map(({ key, value }) => [key, plain(value)] as const)
  assert.equal(new Set(entries.map(([key]) => key)).size, entries.length, 'a key comes twice')
  return Object.fromEntries(entries)
}

export function readRecords(bytes: Uint8Array): Seen[] {
  const { resourceLogs = [] } = JSON.parse(toJson('logs', bytes))
  const seen: Seen[] = []
  for (const { resource, scopeLogs = [] } of resourceLogs) {
    for (const { logRecords = [] } of scopeLogs) {
      for (const record of logRecords) {
        assert.ok(Number(record.observedTimeUnixNano) > 0, 'observed time')
        seen.push({
          body: plain(record.body),
          attributes: pairs(record.attributes),
          resource: pairs(resource?.attributes),
          timeUnixNano: record.timeUnixNano ?? '0',
          severityNumber: record.severityNumber ?? 0,
          severityText: record.severityText ?? '',
          ...(record.traceId === undefined
            ? {}
            : { trace: [record.traceId, record.spanId ?? ''].join(' ') }),
        })
      }
    }
  }
  return seen
}
