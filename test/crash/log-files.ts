import { createWriteStream, type WriteStream } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const files = 5
const linesPerWrite = 20
const everyMs = 20
/** Each file is renamed when it has so many lines: at this pace two files a second. */
const linesPerFile = 400
const padding = 'x'.repeat(100)

/** Writes numbered lines into five files in turn, and rotates them by renaming, without an end. */
export class LogFiles {
  /** When each line was written, by its number; times of `performance.now()`. */
  readonly writtenMs: number[] = []
  rotations = 0
  readonly directory: string
  readonly #open: { stream: WriteStream; lines: number }[] = []
  readonly #done: Promise<void>
  #stopped = false

  constructor(directory: string) {
    this.directory = directory
    for (let file = 0; file < files; file++) {
      // The first ones are shorter, so that they do not all rotate at once.
      this.#open.push({ stream: this.#create(file), lines: (linesPerFile / files) * file })
    }
    this.#done = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#done
  }

  async #run(): Promise<void> {
    for (let file = 0; !this.#stopped; file = (file + 1) % files) {
      await this.#write(file)
      await delay(everyMs)
    }
    for (const { stream } of this.#open) await end(stream)
  }

  async #write(file: number): Promise<void> {
    const one = this.#open[file] as { stream: WriteStream; lines: number }
    let text = ''
    for (let line = 0; line < linesPerWrite; line++) {
      text += `n=${this.writtenMs.length};${padding}\n`
      this.writtenMs.push(performance.now())
    }
    await new Promise<void>((resolve, reject) => {
      one.stream.write(text, (error) => (error ? reject(error) : resolve()))
    })
    one.lines += linesPerWrite
    if (one.lines < linesPerFile) return
    await end(one.stream)
    await rename(this.#path(file), `${this.#path(file)}.${++this.rotations}`)
    one.stream = this.#create(file)
    one.lines = 0
  }

  #create(file: number): WriteStream {
    return createWriteStream(this.#path(file), { flags: 'a' })
  }

  #path(file: number): string {
    return join(this.directory, `app-${file}.log`)
  }
}

function end(stream: WriteStream): Promise<void> {
  return new Promise((resolve) => stream.end(resolve))
}
