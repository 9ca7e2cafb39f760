import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const mount = '/sys/fs/cgroup'

/** A group of processes with a memory limit: cgroup v1 or v2, whichever is there. Needs root. */
export class MemoryCgroup {
  /** Whoever writes its process id in here is a member. */
  readonly procsFile: string
  readonly #directory: string
  readonly #v1: boolean

  /** Throws an Error that says why, where it cannot be made. */
  constructor(name: string, limitBytes: number) {
    this.#v1 = existsSync(join(mount, 'memory', 'memory.limit_in_bytes'))
    const top = this.#v1 ? join(mount, 'memory') : mount
    this.#directory = join(top, name)
    this.procsFile = join(this.#directory, 'cgroup.procs')
    if (!this.#v1) writeFileSync(join(top, 'cgroup.subtree_control'), '+memory')
    mkdirSync(this.#directory)
    const limitFile = this.#v1 ? 'memory.limit_in_bytes' : 'memory.max'
    try {
      writeFileSync(join(this.#directory, limitFile), String(limitBytes))
      if (!this.#v1 && existsSync(join(this.#directory, 'memory.swap.max'))) {
        writeFileSync(join(this.#directory, 'memory.swap.max'), '0')
      }
    } catch (error) {
      this.remove()
      throw error
    }
  }

  /** The most that was ever used, with the page cache. */
  get peakBytes(): number {
    return Number(this.#read(this.#v1 ? 'memory.max_usage_in_bytes' : 'memory.peak'))
  }

  /** Processes killed because there was no memory left. */
  get oomKills(): number {
    const text = this.#read(this.#v1 ? 'memory.oom_control' : 'memory.events')
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0)
  }

  /** Once its processes have ended. */
  remove(): void {
    rmdirSync(this.#directory)
  }

  #read(name: string): string {
    return readFileSync(join(this.#directory, name), 'utf8')
  }
}
