import type { TailedFile } from './tailed-file.ts'

interface Inode {
  readonly dev: number
  readonly ino: number
}

/** The files that are known, those of a device in the order in which they were found. As keys texts would take twice the room. */
export class FilesByInode implements Iterable<TailedFile> {
  readonly #byDevice = new Map<number, Map<number, TailedFile>>()

  get count(): number {
    let count = 0
    for (const files of this.#byDevice.values()) count += files.size
    return count
  }

  get({ dev, ino }: Inode): TailedFile | undefined {
    return this.#byDevice.get(dev)?.get(ino)
  }

  add(file: TailedFile): void {
    const { dev, ino } = file
    const files = this.#byDevice.get(dev) ?? new Map<number, TailedFile>()
    this.#byDevice.set(dev, files)
    files.set(ino, file)
  }

  delete({ dev, ino }: Inode): void {
    this.#byDevice.get(dev)?.delete(ino)
  }

  /** One that is deleted meanwhile does not come any more. */
  *[Symbol.iterator](): Iterator<TailedFile> {
    for (const files of this.#byDevice.values()) yield* files.values()
  }
}
