import type { Stats } from 'node:fs'
import type { OpenFile } from './file-system.ts'

/** The content of an open file: of a compressed one, what is in it. Positions and sizes are those of the content. */
export interface Source {
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesRead: number }>
  /** How much there is, for a file with these stats. */
  size(stats: Stats): number | Promise<number>
  /** The descriptor of the open file. */
  readonly fd: number
  /** Of the file itself. */
  stat(): Promise<Stats>
  close(): Promise<void>
}

export class PlainSource implements Source {
  readonly #handle: OpenFile

  constructor(handle: OpenFile) {
    this.#handle = handle
  }

  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesRead: number }> {
    return this.#handle.read(buffer, offset, length, position)
  }

  size(stats: Stats): number {
    return stats.size
  }

  get fd(): number {
    return this.#handle.fd
  }

  stat(): Promise<Stats> {
    return this.#handle.stat()
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}

export async function sizeOf(source: Source): Promise<number> {
  return await source.size(await source.stat())
}
