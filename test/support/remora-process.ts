import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from './free-port.ts'
import { type Account, assertBalanced, readAccounts } from './ledger-page.ts'

const top = fileURLToPath(new URL('../..', import.meta.url))

export interface RemoraOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  /** The directory it runs in; the repository unless given. */
  readonly cwd?: string
  /** All of its standard input; none unless given. */
  readonly input?: string
  /** The limit of files that it may have open (`ulimit -n`); that of the test unless given. */
  readonly openFiles?: number
  /** Run bin/remora on the bundle, as users do, instead of the sources. Call `buildBundle` first. */
  readonly bundle?: boolean
}

/** Brings dist/ up to date; nothing to do after `npm test` has started. */
export function buildBundle(): void {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/build.ts', '--if-stale'], {
    cwd: top,
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Polls until `read` gives something else than undefined and false; no longer than `timeoutMs`. */
export async function until<T>(
  what: string,
  read: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 10_000,
): Promise<T> {
  const end = performance.now() + timeoutMs
  for (;;) {
    const value = await read()
    if (value !== undefined && value !== false) return value
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms for ${what}`)
    await delay(20)
  }
}

/** A directory that is removed after the test. */
export async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'remora-test-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** The real process, as `remora --config …` runs it. */
export class RemoraProcess {
  readonly child: ChildProcess
  readonly exited: Promise<Exit>
  stderr = ''
  stdout = ''

  constructor(args: readonly string[], options: RemoraOptions = {}) {
    const [command, first] =
      options.bundle === true
        ? [join(top, 'bin/remora'), []]
        : [process.execPath, [join(top, 'src/main.ts')]]
    const limited = `ulimit -n ${options.openFiles}; exec "$0" "$@"`
    const shell = options.openFiles === undefined ? [] : ['/bin/sh', '-c', limited]
    const [program, ...words] = [...shell, command, ...first, ...args]
    this.child = spawn(program as string, words, {
      cwd: options.cwd ?? top,
      env: { ...process.env, ...options.env },
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    })
    this.child.stdin?.end(options.input)
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    this.exited = new Promise((resolve) => {
      this.child.once('close', (code, signal) => resolve({ code, signal }))
    })
  }

  /** The lines of the log, as objects; those that are no JSON are left out. */
  get log(): Record<string, unknown>[] {
    return this.stderr
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  async ready(timeoutMs = 10_000): Promise<void> {
    let exit: Exit | undefined
    void this.exited.then((value) => {
      exit = value
    })
    const isReady = (): boolean => {
      assert.equal(exit, undefined, `it ended: ${this.stderr}`)
      return this.log.some((line) => line['msg'] === 'ready')
    }
    await until('the process to be ready', isReady, timeoutMs)
  }

  /** Ends by SIGTERM, which must go well, and checks the last word on each ledger: `queued` is what stays on the disk. */
  async stop({ queued = 0 } = {}): Promise<Account[]> {
    this.child.kill('SIGTERM')
    const { code } = await this.exited
    assert.equal(code, 0, this.stderr)
    const last = this.log.filter((line) => String(line['msg']).startsWith('pipeline stopped'))
    const accounts = last.map((line) => accountOf(line))
    assertBalanced(accounts)
    for (const account of accounts) assert.equal(account.queued, queued, JSON.stringify(account))
    return accounts
  }
}

function accountOf(line: Record<string, unknown>): Account {
  return {
    pipeline: String(line['pipeline']),
    exporter: String(line['exporter']),
    received: Number(line['received']),
    delivered: Number(line['delivered']),
    queued: Number(line['queued']),
    dropped: line['dropped'] as Record<string, number>,
    rejected: line['rejected'] as Record<string, number>,
  }
}

export interface Running extends RemoraProcess {
  /** Where its own metrics are. */
  readonly metricsPort: number
  /** The newest accounts on `/metrics`; they balance, or the test fails. */
  accounts(): Promise<Account[]>
}

/**
 * Writes the configuration into a file, starts the process and waits until it is ready. `$METRICS` in the text becomes
 * the address of its metrics. Killed at the end of the test if it still runs.
 */
export async function startRemora(
  t: TestContext,
  config: string,
  options: RemoraOptions = {},
): Promise<Running> {
  const directory = await temporaryDirectory(t)
  const file = join(directory, 'remora.yaml')
  const metricsPort = await freePort()
  await writeFile(file, config)
  const metrics = `service.telemetry.metrics.address=127.0.0.1:${metricsPort}`
  const args = ['--config', file, '--set', metrics, ...(options.args ?? [])]
  const remora = new RemoraProcess(args, options)
  t.after(async () => {
    remora.child.kill('SIGKILL')
    await remora.exited
  })
  await remora.ready()
  const accounts = async (): Promise<Account[]> => {
    const page = await fetch(`http://127.0.0.1:${metricsPort}/metrics`)
    const found = readAccounts(await page.text())
    assertBalanced(found)
    return found
  }
  return Object.assign(remora, { metricsPort, accounts })
}
