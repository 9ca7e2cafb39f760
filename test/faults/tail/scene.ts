import { gzipSync } from 'node:zlib'
import { FakeClock } from '../../support/fake-clock.ts'
import { Random } from '../../support/random.ts'
import { directory } from './application.ts'
import { OneLife } from './one-life.ts'
import { SimulatedFiles } from './simulated-files.ts'

export interface SceneSettings {
  /** Without it, `stat` says 0. */
  readonly keepsBirth?: boolean
  /** Answers come so late. */
  readonly answerMs?: number
  readonly maxConcurrentFiles?: number
  readonly descriptorsMax?: number
  readonly operators?: readonly Record<string, unknown>[]
  /** Further options of file_log. */
  readonly options?: Record<string, unknown>
}

/** A poll, and a little more. */
const pollMs = 200

/** Files in `/logs/` that a test changes by hand, and remora, which follows `app.log*` there. */
export class Scene {
  /** The bodies of all lines that came, in all lives. */
  readonly lines: string[] = []
  readonly #files: SimulatedFiles
  readonly #clock = new FakeClock()
  readonly #saved = new Map<string, Uint8Array>()
  readonly #settings: SceneSettings
  /** What happens before a call to the file system, so many from now. */
  #interruption: { calls: number; readonly act: () => void } | undefined
  #life: OneLife | undefined

  constructor(settings: SceneSettings = {}) {
    this.#settings = settings
    const { keepsBirth = true, descriptorsMax = Infinity } = settings
    const nowMs = (): number => this.#clock.nowMs()
    this.#files = new SimulatedFiles({ reusesInodes: true, keepsBirth, nowMs, descriptorsMax })
  }

  /** Runs remora from now on, for a poll; `options` are further ones of file_log, for this run. */
  async start(options: Record<string, unknown> = {}): Promise<void> {
    const { answerMs = 0, maxConcurrentFiles = 1024, operators = [] } = this.#settings
    this.#life = new OneLife({
      config: {
        include: [`${directory}app.log*`],
        start_at: 'beginning',
        poll_interval: `${pollMs}ms`,
        force_flush_period: 0,
        include_file_path: true,
        watch: false,
        drain: { quiet_period: 0 },
        max_concurrent_files: maxConcurrentFiles,
        operators,
        ...this.#settings.options,
        ...options,
      },
      clock: this.#clock,
      random: new Latest(0),
      files: this.#files,
      saved: this.#saved,
      writeMs: 0,
      answerMs: answerMs === 0 ? 0 : answerMs + 1,
      refusals: 0,
      meanwhile: () => this.#meanwhile(),
      received: ({ bodies }) => this.lines.push(...bodies),
    })
    await this.polls(1)
  }

  async polls(count: number): Promise<void> {
    await this.pass(count * pollMs)
  }

  async pass(ms: number): Promise<void> {
    if (this.#life === undefined) await this.#clock.advance(ms)
    else await this.#life.pass(ms)
  }

  /** As by kill -9. */
  die(): void {
    this.#life?.die()
  }

  /** Does something before the call to the file system that is so many calls from now. */
  interrupt(calls: number, act: () => void): void {
    this.#interruption = { calls, act }
  }

  /** What remora said of its files. */
  get warnings(): readonly string[] {
    return this.#life?.settings.logger.texts('warn') ?? []
  }

  /** Whether what was to be done in between was done. */
  get interrupted(): boolean {
    return this.#interruption === undefined
  }

  write(name: string, text: string): void {
    const path = directory + name
    if (this.#files.list(directory).includes(name)) {
      this.#files.append(this.#files.inodeOf(path), text)
    } else {
      this.#files.create(path, text)
    }
  }

  truncate(name: string): void {
    this.#files.truncate(this.#files.inodeOf(directory + name))
  }

  copy(from: string, to: string): void {
    this.#files.create(directory + to, this.#files.inodeOf(directory + from).content)
  }

  /** As `cp` does where there is a file of that name: its inode stays. */
  copyOver(from: string, to: string): void {
    this.truncate(to)
    this.#files.append(
      this.#files.inodeOf(directory + to),
      this.#files.inodeOf(directory + from).content.toString(),
    )
  }

  rename(from: string, to: string): void {
    this.#files.rename(directory + from, directory + to)
  }

  remove(name: string): void {
    this.#files.remove(directory + name)
  }

  /** Whether it may be opened. */
  permit(name: string, permitted: boolean): void {
    this.#files.inodeOf(directory + name).denied = !permitted
  }

  /** Whether it can be read. */
  break(name: string, broken: boolean): void {
    this.#files.inodeOf(directory + name).broken = broken
  }

  /** As gzip does, with the time of the original. */
  compress(name: string): void {
    const { content, mtimeMs } = this.#files.inodeOf(directory + name)
    const compressed = this.#files.create(`${directory}${name}.gz`, gzipSync(content))
    this.#files.setModified(compressed, mtimeMs)
    this.remove(name)
  }

  #meanwhile(): void {
    const interruption = this.#interruption
    if (interruption === undefined || interruption.calls-- > 0) return
    this.#interruption = undefined
    interruption.act()
  }
}

/** Answers come as late as they may. */
class Latest extends Random {
  override below(limit: number): number {
    return limit - 1
  }
}
