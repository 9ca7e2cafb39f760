import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { sleep } from '../component/clock.ts'
import type { Logger } from '../component/telemetry.ts'
import { suggestion } from '../errors/suggest.ts'
import { presetNames } from '../presets/catalogue.ts'
import { fileLog } from '../receivers/file_log/definition.ts'
import type { FileLogConfig } from '../receivers/file_log/schema.ts'
import { compileGlob, matchGlob } from '../tail/glob.ts'
import type { Arguments } from './arguments.ts'
import { checkConfig } from './check-config.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { Io } from './io.ts'
import { readError } from './read-file.ts'
import type { ProcessControl } from './run.ts'
import { RecordPrinter } from './tail-print.ts'
import { LineReading } from './tail-reading.ts'
import type { ShownRecord } from './tail-records.ts'

const defaultLines = 10
const chunkBytes = 256 * 1024
/** What is read first of the end of a file; eight times as much whenever that holds too few records. */
const endBytes = 1024 * 1024
const pollMs = 200
const quietMs = 500

/** `remora tail`: how a file would be read, by a preset or by a receiver of a configuration. Nothing is sent. */
export async function tail(args: Arguments, io: Io, control: ProcessControl): Promise<ExitCode> {
  const [file = '-'] = args.words ?? []
  const config = await findConfig(args, io, file)
  if (typeof config === 'string') {
    io.stderr(config)
    return exitCodes.failed.code
  }
  const { terminal } = io
  const colours = terminal !== undefined && (io.env['NO_COLOR'] ?? '') === ''
  const printer = new RecordPrinter({ colours, columns: terminal?.columns ?? 100 })
  const session = new TailCommand(file, args, config, io, control, printer)
  try {
    await session.run()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    io.stderr(`remora: cannot read ${file}: ${readError(error).message}\n`)
    return exitCodes.failed.code
  }
  return exitCodes.ok.code
}

class TailCommand {
  readonly #file: string
  readonly #args: Arguments
  readonly #config: FileLogConfig
  readonly #io: Io
  readonly #control: ProcessControl
  readonly #printer: RecordPrinter
  #said = ''
  /** Of the record that was shown last, as JSON: none at first. */
  #resource = '[]'
  #shown = 0
  #unread = 0

  constructor(
    file: string,
    args: Arguments,
    config: FileLogConfig,
    io: Io,
    control: ProcessControl,
    printer: RecordPrinter,
  ) {
    this.#file = file
    this.#args = args
    this.#config = config
    this.#io = io
    this.#control = control
    this.#printer = printer
  }

  async run(): Promise<void> {
    if (this.#file === '-') await this.#readStream()
    else await this.#readFile()
    this.#io.stderr(this.#printer.remark(this.#summary()))
  }

  #reading(): LineReading {
    return new LineReading(this.#config, this.#file, this.#control.clock, quiet)
  }

  /** Records of the standard input as they come, or with -n the last of them. */
  async #readStream(): Promise<void> {
    const reading = this.#reading()
    const count = this.#args.lines
    const kept: ShownRecord[] = []
    const take = (records: readonly ShownRecord[]): void => {
      if (count === undefined) this.#show(reading, records)
      else keepLast(kept, records, count)
    }
    const input = this.#io.stdin ?? process.stdin
    for await (const chunk of input) take(reading.add(Buffer.from(chunk as string | Buffer)))
    take(reading.end())
    this.#show(reading, kept)
  }

  async #readFile(): Promise<void> {
    const handle = await open(this.#file)
    try {
      const { size } = await handle.stat()
      const buffer = Buffer.allocUnsafe(chunkBytes)
      const { bytesRead: headBytes } = await handle.read(buffer, 0, 4, 0)
      const reader = readerOf(buffer.subarray(0, headBytes))
      if (reader !== undefined) throw compressed(`${reader} ${this.#file} | remora tail -`)
      const count = this.#args.lines ?? defaultLines
      for (let want = endBytes; ; want *= 8) {
        const from = Math.max(0, size - want)
        const reading = this.#reading()
        const kept: ShownRecord[] = []
        if (from > 0) {
          const head = await handle.read(buffer, 0, Math.min(chunkBytes, from), 0)
          reading.look(buffer.subarray(0, head.bytesRead))
          reading.skipLine()
        }
        let at = from
        while (at < size) {
          const { bytesRead } = await handle.read(buffer, 0, Math.min(chunkBytes, size - at), at)
          if (bytesRead === 0) break
          keepLast(kept, reading.add(buffer.subarray(0, bytesRead)), count)
          at += bytesRead
        }
        // What the writer has not finished is a record by now.
        if (!this.#args.follow) keepLast(kept, reading.end(), count)
        if (kept.length < count && from > 0) continue
        this.#show(reading, kept)
        if (this.#args.follow) await this.#follow(handle, buffer, at, reading)
        return
      }
    } finally {
      await handle.close()
    }
  }

  /** Until a signal, or until nobody reads the output. A file that was cut is read from its beginning. */
  async #follow(
    first: Awaited<ReturnType<typeof open>>,
    buffer: Buffer,
    from: number,
    start: LineReading,
  ): Promise<void> {
    const { clock } = this.#control
    let reading = start
    let at = from
    let lastMs = clock.monotonicMs()
    const end = new AbortController()
    this.#control.onSignal(() => end.abort())
    this.#io.onReaderGone?.(() => end.abort())
    const { signal } = end
    while (!signal.aborted) {
      const { bytesRead } = await first.read(buffer, 0, chunkBytes, at)
      if (bytesRead > 0) {
        this.#show(reading, reading.add(buffer.subarray(0, bytesRead)))
        at += bytesRead
        lastMs = clock.monotonicMs()
        continue
      }
      if (clock.monotonicMs() - lastMs >= quietMs) this.#show(reading, reading.end())
      if ((await first.stat()).size < at) {
        this.#io.stdout(this.#printer.remark('the file was cut; from its beginning:'))
        reading = this.#reading()
        at = 0
      }
      await sleep(clock, pollMs, signal)
    }
  }

  #show(reading: LineReading, records: readonly ShownRecord[]): void {
    const { choice } = reading
    if (choice !== undefined && choice.what !== this.#said) {
      this.#said = choice.what
      this.#io.stdout(this.#printer.remark(choice.why))
    }
    for (const record of records) {
      this.#showResource(record)
      this.#io.stdout(this.#printer.record(record))
      this.#shown++
      if (reading.isUnread(record)) this.#unread++
    }
  }

  #showResource({ resource }: ShownRecord): void {
    const shown = JSON.stringify(resource)
    if (shown === this.#resource) return
    this.#resource = shown
    this.#io.stdout(this.#printer.resource(resource))
  }

  #summary(): string {
    if (this.#shown === 0) return 'no records'
    const records = this.#shown === 1 ? '1 record' : `${this.#shown} records`
    return this.#unread === 0 ? `${records}, all parsed` : `${records}, ${this.#unread} not parsed`
  }
}

function keepLast(kept: ShownRecord[], records: readonly ShownRecord[], count: number): void {
  kept.push(...records.slice(-count))
  if (kept.length > count) kept.splice(0, kept.length - count)
}

/** The receiver of the configuration that would read this file, or one with the preset alone; or what is wrong. */
async function findConfig(args: Arguments, io: Io, file: string): Promise<FileLogConfig | string> {
  const { preset } = args
  if (preset !== undefined && !(presetNames as readonly string[]).includes(preset)) {
    return `remora: there is no preset "${preset}"; ${suggestion(preset, presetNames)}\n`
  }
  const path = file === '-' ? '/dev/stdin' : resolve(file)
  const bare = args.config.length === 0
  const receiver = JSON.stringify({ include: [path], preset: args.preset ?? 'auto' })
  const config = bare
    ? [
        `yaml:{receivers: {file_log: ${receiver}}, exporters: {debug: {}}, service: {pipelines: {logs: {receivers: [file_log], exporters: [debug]}}}}`,
      ]
    : args.config
  const { loaded, plan, problemText } = await checkConfig({ config, set: args.set }, io)
  if (plan === undefined || loaded.service === undefined) return problemText
  const receivers = [...loaded.service.receivers.values()]
    .filter(({ definition }) => definition === (fileLog as unknown))
    .map((one) => one.config as FileLogConfig)
  const [only] = receivers
  const fitting = receivers.find(({ include }) =>
    include.some((pattern) =>
      compileGlob(resolvePattern(pattern)).some((glob) => matchGlob(glob, path)),
    ),
  )
  const found = fitting ?? (receivers.length === 1 ? only : undefined)
  if (found === undefined) {
    return receivers.length === 0
      ? 'the configuration has no file_log receiver\n'
      : `none of the ${receivers.length} file_log receivers includes ${path}\n`
  }
  return args.preset === undefined || bare
    ? found
    : { ...found, preset: args.preset as NonNullable<FileLogConfig['preset']> }
}

function resolvePattern(pattern: string): string {
  return pattern.startsWith('/') ? pattern : `${resolve('.')}/${pattern}`
}

/** What the engine would log stands beside each record already. */
const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** The program that reads what is compressed, by its first bytes: this command does not. */
function readerOf(head: Buffer): string | undefined {
  const hex = head.toString('hex')
  if (hex.startsWith('1f8b')) return 'zcat'
  return hex === '28b52ffd' ? 'zstdcat' : undefined
}

/** With a code, as errors of the system have one. */
function compressed(instead: string): Error {
  return Object.assign(new Error(`it is compressed; write ${instead}`), { code: 'EINVAL' })
}
