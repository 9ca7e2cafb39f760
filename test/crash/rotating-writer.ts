import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'

const rotateBytes = 256 * 1024
const linesPerWrite = 200
const padding = 'x'.repeat(80)

/**
 * Writes numbered lines into files: a few at once, then, after `goOn`, the rest as fast as it can. Renames each file
 * whenever it has 256 KiB.
 */
export class RotatingWriter {
  written = 0
  rotations = 0
  readonly #directory: string
  readonly #linesPerFile: number
  readonly #start = Promise.withResolvers<void>()
  readonly #done: Promise<unknown>

  constructor(directory: string, files: number, linesPerFile: number) {
    this.#directory = directory
    this.#linesPerFile = linesPerFile
    this.#done = Promise.all([...Array(files).keys()].map((file) => this.#run(file)))
  }

  goOn(): void {
    this.#start.resolve()
  }

  async done(): Promise<void> {
    await this.#done
  }

  async #run(file: number): Promise<void> {
    const path = join(this.#directory, `app-${file}.log`)
    const first = file * this.#linesPerFile
    for (let next = 0, generation = 1; next < this.#linesPerFile; generation++) {
      const handle = await open(path, 'a')
      for (let bytes = 0; bytes < rotateBytes && next < this.#linesPerFile; ) {
        const end = Math.min(next + linesPerWrite, this.#linesPerFile)
        let text = ''
        for (let line = next; line < end; line++) text += `n=${first + line};${padding}\n`
        await handle.appendFile(text)
        bytes += text.length
        this.written += end - next
        next = end
        await this.#start.promise
      }
      await handle.close()
      if (next === this.#linesPerFile) return
      await rename(path, `${path}.${generation}`)
      this.rotations++
    }
  }
}
