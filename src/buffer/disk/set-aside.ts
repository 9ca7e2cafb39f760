import { join } from 'node:path'
import { errorCode, type FileSystem } from './file-system.ts'
import type { Limits } from './limits.ts'

const suffix = '.damaged'

interface AsideFile {
  readonly name: string
  readonly sizeBytes: number
}

/**
 * Files that cannot be used, kept under another name for a person to look at. Bounded in number and bytes: the one set
 * aside first goes first, and one that is too large by itself is removed at once.
 */
export class SetAside {
  readonly #fs: FileSystem
  readonly #directory: string
  readonly #limits: Limits
  readonly #files: AsideFile[] = []
  #bytes = 0

  constructor(fs: FileSystem, directory: string, limits: Limits) {
    this.#fs = fs
    this.#directory = directory
    this.#limits = limits
  }

  get files(): number {
    return this.#files.length
  }

  get bytes(): number {
    return this.#bytes
  }

  static owns(name: string): boolean {
    return name.endsWith(suffix)
  }

  /** A file that an earlier start set aside. */
  found(name: string, sizeBytes: number): void {
    this.#files.push({ name, sizeBytes })
    this.#bytes += sizeBytes
  }

  /** Returns the new name. Rejects if the file can be neither renamed nor removed. */
  async put(name: string, sizeBytes: number): Promise<string> {
    const aside = `${name}${suffix}`
    await this.#fs.rename(join(this.#directory, name), join(this.#directory, aside))
    this.#forget(this.#files.findIndex((file) => file.name === aside))
    this.found(aside, sizeBytes)
    return aside
  }

  /** Removes what is beyond the bounds. Never rejects: what cannot be removed stays counted. */
  async trim(): Promise<void> {
    let kept = 0
    while (
      this.#files.length > kept &&
      (this.#files.length > this.#limits.setAsideFiles || this.#bytes > this.#limits.setAsideBytes)
    ) {
      const { name } = this.#files[kept] as AsideFile
      try {
        await this.#fs.unlink(join(this.#directory, name))
        this.#forget(kept)
      } catch (error) {
        if (errorCode(error) === 'ENOENT') this.#forget(kept)
        else kept++
      }
    }
  }

  #forget(index: number): void {
    const [file] = index < 0 ? [] : this.#files.splice(index, 1)
    this.#bytes -= file?.sizeBytes ?? 0
  }
}
