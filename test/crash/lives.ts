import assert from 'node:assert/strict'
import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../support/free-port.ts'
import { type Account, assertBalanced, readAccounts } from '../support/ledger-page.ts'
import { buildBundle, RemoraProcess, temporaryDirectory } from '../support/remora-process.ts'
import type { Disturbances } from './disturbances.ts'

/** One life of a process; times of `performance.now()`. */
interface Life {
  /** Infinity: killed before. */
  readonly readyMs: number
  readonly killedMs: number
}

/** The process through bin/remora and the bundle, killed and started again on the same directory and ports. */
export class Lives {
  readonly all: Life[] = []
  readonly #t: TestContext
  readonly #args: readonly string[]
  readonly #metricsPort: number

  private constructor(t: TestContext, args: readonly string[], metricsPort: number) {
    this.#t = t
    this.#args = args
    this.#metricsPort = metricsPort
  }

  static async of(t: TestContext, config: string): Promise<Lives> {
    buildBundle()
    const file = join(await temporaryDirectory(t), 'remora.yaml')
    await writeFile(file, config)
    const port = await freePort()
    const metrics = `service.telemetry.metrics.address=127.0.0.1:${port}`
    return new Lives(t, ['--config', file, '--set', metrics], port)
  }

  start(): RemoraProcess {
    const remora = new RemoraProcess(this.#args, { bundle: true })
    this.#t.after(async () => {
      remora.child.kill('SIGKILL')
      await remora.exited
    })
    return remora
  }

  /** A life that ends by kill -9: one in seven while it starts, most within a second, some later. */
  async endByKill(random: () => number, disturbances: Disturbances): Promise<void> {
    const [kind, when] = [random(), random()]
    const remora = this.start()
    let readyMs = Infinity
    if (kind < 0.15) await delay(when * 400)
    else {
      await remora.ready()
      readyMs = performance.now()
      await delay(kind < 0.85 ? when * 800 : 1000 + when * 1500)
    }
    remora.child.kill('SIGKILL')
    disturbances.note('kill')
    this.all.push({ readyMs, killedMs: performance.now() })
    const { code, signal } = await remora.exited
    assert.equal(signal, 'SIGKILL', `it ended by itself with ${code}: ${remora.stderr}`)
  }

  /** The accounts on `/metrics`, which balance. */
  async accounts(): Promise<Account[]> {
    const accounts = readAccounts(await this.page())
    assertBalanced(accounts)
    return accounts
  }

  async page(): Promise<string> {
    return await (await fetch(`http://127.0.0.1:${this.#metricsPort}/metrics`)).text()
  }
}

/** Adds up the sizes of the files of a directory again and again; the largest sum is kept. */
export class SizeWatch {
  mostBytes = 0
  samples = 0
  readonly #stop = new AbortController()
  readonly #done: Promise<void>

  constructor(directory: string, everyMs = 20) {
    this.#done = this.#run(directory, everyMs)
  }

  async end(): Promise<number> {
    this.#stop.abort()
    await this.#done
    return this.mostBytes
  }

  async #run(directory: string, everyMs: number): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.mostBytes = Math.max(this.mostBytes, await sizeOf(directory))
      this.samples++
      await delay(everyMs)
    }
  }
}

/**
 * The sizes of all files together. Files come and go meanwhile: it lists again afterwards, and counts only what was there
 * all the time, so that no file counts beside the one that came for it.
 */
async function sizeOf(directory: string): Promise<number> {
  const sizes = new Map<string, number>()
  for (const name of await list(directory)) {
    const size = await stat(join(directory, name)).then(
      (found) => found.size,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return 0
        throw error
      },
    )
    sizes.set(name, size)
  }
  let sum = 0
  for (const name of await list(directory)) sum += sizes.get(name) ?? 0
  return sum
}

function list(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
}
