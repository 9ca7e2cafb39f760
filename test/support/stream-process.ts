import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { fromJson } from '../../src/wire/otlp/from-json.ts'
import { buildBundle, temporaryDirectory, until } from './remora-process.ts'
import { readRecords, type Seen } from './tail.ts'

const bin = fileURLToPath(new URL('../../bin/remora', import.meta.url))

let built = false

function bundle(): void {
  if (!built) buildBundle()
  built = true
}

export interface StreamOptions {
  /** YAML of the receivers. */
  readonly receivers?: string
  /** Names of them for the pipeline. */
  readonly use?: string
  /** The exporter, instead of a file. */
  readonly exporter?: string
  readonly service?: string
  /** What stands in front of bin/remora: another program that starts it. */
  readonly launcher?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** A remora process with pipes for all of its standard streams, that writes its records into a file. */
export class StreamProcess {
  readonly child: ChildProcess
  readonly directory: string
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  readonly stdout: Buffer[] = []
  stderr = ''

  private constructor(directory: string, args: readonly string[], options: StreamOptions) {
    this.directory = directory
    const words = [...(options.launcher ?? []), bin]
    this.child = spawn(words[0] as string, [...words.slice(1), ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
    })
    this.child.stdin?.on('error', () => {})
    this.child.stdout?.on('data', (bytes: Buffer) => this.stdout.push(bytes))
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    this.exited = new Promise((resolve) => {
      this.child.once('close', (code, signal) => resolve({ code, signal }))
    })
  }

  /** Runs the bundle. `command`: what `remora exec` runs; without, `remora` runs by itself. */
  static async start(
    t: TestContext,
    command: readonly string[] | undefined,
    options: StreamOptions = {},
  ): Promise<StreamProcess> {
    bundle()
    const directory = await temporaryDirectory(t)
    const config = join(directory, 'remora.yaml')
    const use = options.use === undefined ? '' : `receivers: [${options.use}], `
    const exporter = options.exporter ?? `file: { path: '${join(directory, 'out.json')}' }`
    await writeFile(
      config,
      `receivers: ${options.receivers ?? '{}'}
exporters: { ${exporter} }
service:
  telemetry: { metrics: { level: none } }
  pipelines: { logs: { ${use}exporters: [${exporter.split(':')[0]}] } }
${options.service ?? ''}`,
    )
    const args =
      command === undefined ? ['--config', config] : ['exec', '--config', config, '--', ...command]
    const process = new StreamProcess(directory, args, options)
    t.after(() => process.child.kill('SIGKILL'))
    return process
  }

  get log(): Record<string, unknown>[] {
    return this.stderr
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  async says(text: string): Promise<void> {
    await until(`"${text}" on stdout`, () => this.output.includes(text))
  }

  get output(): string {
    return Buffer.concat(this.stdout).toString()
  }

  /** Waits for the end, checks the ledger, and returns the exit code. */
  async end(): Promise<number | null> {
    const { code } = await this.exited
    const last = this.log.filter(({ msg }) => String(msg).startsWith('pipeline stopped'))
    for (const line of last) {
      assert.equal(line['msg'], 'pipeline stopped', JSON.stringify(line))
      assert.equal(line['queued'], 0)
    }
    return code
  }

  /** What the ledger said last. */
  get ledger(): Record<string, unknown> {
    const found = this.log.find(({ msg }) => msg === 'pipeline stopped')
    assert.ok(found !== undefined, this.stderr)
    return found
  }

  async records(): Promise<Seen[]> {
    const text = await readFile(join(this.directory, 'out.json'), 'utf8')
    return text
      .split('\n')
      .filter((line) => line !== '')
      .flatMap((line) => readRecords(fromJson('logs', line)))
  }

  async bodies(stream?: string): Promise<unknown[]> {
    const records = await this.records()
    return records
      .filter(({ attributes }) => stream === undefined || attributes['log.iostream'] === stream)
      .map(({ body }) => body)
  }
}
