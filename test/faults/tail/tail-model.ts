import assert from 'node:assert/strict'
import {
  appendFile,
  copyFile,
  readFile,
  rename,
  rm,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { Random } from '../../support/random.ts'
import { RecordingIntake } from '../../support/recording-intake.ts'
import { MemoryStorage, readRecords, TailHarness } from '../../support/tail.ts'

/*
 * A model of what may happen to the log of an application, against file_log on a real file system.
 *
 *     write · rotate by renaming · copytruncate · truncate · delete · gzip a rotated one · pause · restart · crash
 *
 * Every line has a number. What must come: each line that a pause found in some file, and that was not taken away before.
 * What may come twice: lines that were not yet saved as delivered at a crash, once for each crash.
 */
const banner = `${'='.repeat(90)} start of the application\n`.repeat(12)
/** Positions are saved at most 250 ms after they are acknowledged; the rest is for a busy machine. */
const savedAfterMs = 250 + 2000
const rotatedMax = 3

interface LogFile {
  readonly path: string
  /** Numbers of its lines. */
  lines: number[]
}

export interface Step {
  readonly name: string
  readonly weight: number
  run(model: TailModel): Promise<void>
}

class TimedIntake extends RecordingIntake {
  /** When each call came. */
  readonly atMs: number[] = []

  override consume(...call: Parameters<RecordingIntake['consume']>): Promise<void> {
    this.atMs.push(performance.now())
    return super.consume(...call)
  }
}

export class TailModel {
  readonly #random: Random
  /** How long to wait for what must come. */
  readonly #patienceMs: number | undefined
  readonly #intake = new TimedIntake()
  readonly #tail: TailHarness
  readonly #storage = new MemoryStorage()
  /** What happened, for the message of a failure. */
  readonly trace: string[] = []
  #active: LogFile
  readonly #rotated: LogFile[] = []
  #next = 0
  #rotations = 0
  /** Lines that were taken away before a pause could show them: they may come. */
  readonly #optional = new Set<number>()
  /** When each line came, each time. */
  readonly #seen = new Map<number, number[]>()
  readonly #crashesMs: number[] = []
  #callsRead = 0

  private constructor(random: Random, tail: TailHarness, patienceMs: number | undefined) {
    this.#patienceMs = patienceMs
    this.#random = random
    this.#tail = tail
    this.#active = { path: tail.path('app.log'), lines: [] }
    tail.intake = this.#intake
    tail.useStorage(this.#storage)
  }

  /** One life of a log, by seed. */
  static async run(seed: number, steps: number, patienceMs?: number): Promise<void> {
    await using tail = await TailHarness.create()
    const model = new TailModel(new Random(seed), tail, patienceMs)
    try {
      await model.#newActive()
      await model.#start()
      for (let step = 0; step < steps; step++) await model.#step()
      await model.pause()
      await tail.polls(2)
      model.#read()
      model.#checkDuplicates()
    } catch (error) {
      model.#takeMessages()
      const { message } = error as Error
      throw new Error([message, ...model.trace].join('\n'), { cause: error })
    }
  }

  async #start(): Promise<void> {
    await this.#tail.start({
      storage: 'mem',
      poll_interval: '2ms',
      include: [this.#tail.path('app.log*')],
    })
  }

  /** What remora said of its files belongs to what happened. */
  #takeMessages(): void {
    const { entries } = this.#tail.settings.logger
    for (const { message, fields } of entries.splice(0)) {
      const text = `    ${message} ${JSON.stringify(fields)}`
      this.trace.push(text.replaceAll(this.#tail.directory, ''))
    }
  }

  async #step(): Promise<void> {
    this.#takeMessages()
    const total = steps.reduce((sum, { weight }) => sum + weight, 0)
    let at = this.#random.below(total)
    const step = steps.find(({ weight }) => {
      at -= weight
      return at < 0
    }) as Step
    this.trace.push(`${step.name} (next line ${this.#next})`)
    await step.run(this)
  }

  /** At times half a line: the rest comes with the next write. */
  async write(): Promise<void> {
    const count = 1 + this.#random.below(this.#random.below(4) === 0 ? 2000 : 20)
    let text = ''
    for (let index = 0; index < count; index++) {
      this.#active.lines.push(this.#next)
      text += `${this.#next++} ${'x'.repeat(this.#random.below(100))}.\n`
    }
    const cut = this.#random.below(3) === 0 ? this.#random.below(text.length) : 0
    await appendFile(this.#active.path, text.slice(0, cut))
    if (cut > 0 && this.#random.below(2) === 0) await this.#tail.polls(1)
    await appendFile(this.#active.path, text.slice(cut))
  }

  async rotate(): Promise<void> {
    const path = this.#rotatedPath()
    await rename(this.#active.path, path)
    this.#rotated.push({ path, lines: this.#active.lines })
    await this.#newActive()
    await this.#removeOldest()
  }

  async copyTruncate(): Promise<void> {
    const path = this.#rotatedPath()
    await copyFile(this.#active.path, path)
    if (this.#random.below(2) === 0) await this.#tail.polls(1)
    await truncate(this.#active.path)
    this.#rotated.push({ path, lines: this.#active.lines })
    this.#active.lines = []
    if (this.#random.below(2) === 0) await appendFile(this.#active.path, banner)
    await this.#removeOldest()
  }

  async truncate(): Promise<void> {
    this.#takeAway(this.#active)
    await truncate(this.#active.path)
    if (this.#random.below(2) === 0) await appendFile(this.#active.path, banner)
  }

  async recreate(): Promise<void> {
    this.#takeAway(this.#active)
    await rm(this.#active.path)
    if (this.#random.below(2) === 0) await this.#tail.polls(1)
    await this.#newActive()
  }

  /** As logrotate does with `delaycompress`: not the newest. */
  async compress(): Promise<void> {
    const [file] = this.#rotated
    if (file === undefined || file.path.endsWith('.gz') || this.#rotated.length < 2) return
    const path = `${file.path}.gz`
    await writeFile(path, gzipSync(await readFile(file.path)))
    const at = new Date(Date.now() - 10_000)
    await utimes(path, at, at)
    await rm(file.path)
    this.#rotated[0] = { path, lines: file.lines }
  }

  /** Until every line that stands in a file has come. */
  async pause(): Promise<void> {
    const missing = (): string[] => {
      this.#read()
      return [this.#active, ...this.#rotated].flatMap(({ path, lines }) => {
        const some = lines.filter((line) => !this.#seen.has(line) && !this.#optional.has(line))
        return some.length === 0 ? [] : [`${path}: ${some[0]} and ${some.length - 1} more`]
      })
    }
    try {
      await this.#tail.until('all lines', () => missing().length === 0, this.#patienceMs)
    } catch {
      throw new Error(`lost: ${missing().join(', ')}`)
    }
  }

  async restart(): Promise<void> {
    await this.#tail.stop()
    this.#takeMessages()
    this.#read()
    await this.#whileDown()
    await this.#start()
  }

  async crash(): Promise<void> {
    await this.#tail.crash(this.#storage)
    this.#takeMessages()
    this.#read()
    this.#crashesMs.push(performance.now())
    await this.#whileDown()
    await this.#start()
  }

  /** Things go on while remora is down. */
  async #whileDown(): Promise<void> {
    const choices = [...Array(this.#random.below(3)).keys()]
    for (const _ of choices) {
      const step = this.#random.pick([
        () => this.write(),
        () => this.rotate(),
        () => this.copyTruncate(),
        () => this.compress(),
      ])
      this.trace.push('  while down')
      await step()
    }
  }

  async #newActive(): Promise<void> {
    this.#active = { path: this.#active.path, lines: [] }
    await writeFile(this.#active.path, this.#random.below(2) === 0 ? banner : '')
  }

  #rotatedPath(): string {
    return this.#tail.path(`app.log.${++this.#rotations}`)
  }

  async #removeOldest(): Promise<void> {
    if (this.#rotated.length <= rotatedMax) return
    const [oldest] = this.#rotated.splice(0, 1)
    if (oldest === undefined) return
    this.#takeAway(oldest)
    await rm(oldest.path)
  }

  #takeAway(file: LogFile): void {
    this.#read()
    for (const line of file.lines) if (!this.#seen.has(line)) this.#optional.add(line)
    file.lines = []
  }

  #read(): void {
    const { calls, atMs } = this.#intake
    for (; this.#callsRead < calls.length; this.#callsRead++) {
      const nowMs = atMs[this.#callsRead] as number
      for (const { body, attributes } of readRecords(
        calls[this.#callsRead]?.batch.bytes() ?? new Uint8Array(),
      )) {
        this.#noteLine(String(body), String(attributes['log.file.name']), nowMs)
      }
    }
  }

  #noteLine(body: string, from: string, nowMs: number): void {
    if (body.startsWith('=')) return
    const match = /^(\d+) x*\.$/.exec(body)
    assert.ok(match !== null, `a line that nobody wrote: ${JSON.stringify(body.slice(0, 100))}`)
    const line = Number(match[1])
    const before = this.#seen.get(line)
    if (before === undefined) this.#seen.set(line, [nowMs])
    else {
      before.push(nowMs)
      this.trace.push(`    line ${line} again, from ${from}`)
    }
  }

  /** The first save after a delivery may have begun before the acknowledgement, the second one has it. */
  #isUnsaved(seenMs: number, crashMs: number): boolean {
    const saves = this.#storage.savedAtMs.filter((atMs) => atMs > seenMs && atMs < crashMs)
    return crashMs >= seenMs && saves.length < 2 && crashMs - seenMs < savedAfterMs
  }

  #checkDuplicates(): void {
    for (const [line, times] of this.#seen) {
      for (let index = 1; index < times.length; index++) {
        const before = times[index - 1] as number
        const excused = this.#crashesMs.some((crashMs) => this.#isUnsaved(before, crashMs))
        assert.ok(excused, `line ${line} came ${times.length} times without a crash in between`)
      }
    }
  }
}

const steps: readonly Step[] = [
  { name: 'write', weight: 8, run: (m) => m.write() },
  { name: 'rotate', weight: 3, run: (m) => m.rotate() },
  { name: 'copytruncate', weight: 3, run: (m) => m.copyTruncate() },
  { name: 'truncate', weight: 1, run: (m) => m.truncate() },
  { name: 'recreate', weight: 1, run: (m) => m.recreate() },
  { name: 'gzip', weight: 2, run: (m) => m.compress() },
  { name: 'pause', weight: 5, run: (m) => m.pause() },
  { name: 'restart', weight: 1, run: (m) => m.restart() },
  { name: 'crash', weight: 1, run: (m) => m.crash() },
]
