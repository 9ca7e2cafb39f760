import { constants, type Dirent } from 'node:fs'
import { access, open, readdir, readFile, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { createDirectory, isThere } from '../create-directory.ts'
import { nodeFileSystem } from '../disk/node-file-system.ts'
import {
  decodeLetter,
  decodeLetterBeginning,
  encodeLetter,
  type Letter,
  type LetterHead,
  letterBytes,
  letterHeadBytesMax,
  letterHeaderBytes,
} from './letter.ts'

/** A directory with more files than this is slow to list, and nobody reads them one by one. */
const lettersMax = 10_000
/** Ten thousand files took 7 to 10 s one after the other, and 3 to 5 s so. */
const readsAtOnce = 32
/** Two that add at once need one look each time. */
const looksMax = 100
const namePattern = /^(\d{8,12})\.letter$/

/** A letter as it stands in a box. */
export interface LetterEntry {
  /** Counts up. */
  readonly number: number
  /** Of the whole file. */
  readonly sizeBytes: number
  /** A phrase that says what is wrong with a file that cannot be read. */
  readonly head: LetterHead | string
  /** False for a note: so many items were rejected, and nobody knows which. */
  readonly hasData: boolean
}

/**
 * The dead letters of one exporter: a directory with one file for each, oldest first, bounded in bytes and in number.
 *
 * Others may add, read and remove at the same time: `remora dead-letters`, the process that takes over from this one. Looking at
 * thousands of files for each letter would take most of a core, so a box knows what it saw last. Letters are numbered: who adds
 * one whose number is taken is not alone, and looks again before it goes on, so the bounds hold for all of them together. Call
 * `open` now and then to see what else has changed. A box may be used without having been opened, to look into it.
 */
export class LetterBox {
  readonly directory: string
  readonly #bytesMax: number
  #entries: LetterEntry[] = []
  #bytes = 0
  #items = 0
  #nextNumber = 1
  #made = false

  constructor(directory: string, bytesMax: number) {
    this.directory = directory
    this.#bytesMax = bytesMax
  }

  /** As far as known: of all letters that were here at the last look, and since. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whose data is here. */
  get items(): number {
    return this.#items
  }

  get length(): number {
    return this.#entries.length
  }

  /** Makes the directory if it is missing, and looks at what is in it. Rejects with a Node error. */
  async open(): Promise<void> {
    // Only once, unless somebody removes it: it costs a sync.
    if (!this.#made || !(await isThere(this.directory))) {
      await createDirectory(this.directory, 0o750)
      // Said at the start, and not of the first letter that cannot be written.
      await access(this.directory, constants.R_OK | constants.W_OK | constants.X_OK)
      this.#made = true
    }
    this.#entries = await listLetters(this.directory, this.#entries)
    this.#bytes = 0
    this.#items = 0
    for (const entry of this.#entries) {
      this.#bytes += entry.sizeBytes
      this.#items += itemsOf(entry)
    }
    this.#nextNumber = Math.max(this.#nextNumber, (this.#entries.at(-1)?.number ?? 0) + 1)
  }

  /** Whether such a letter can be put in at all. */
  admits(head: LetterHead, payloadBytes: number): boolean {
    return letterBytes(head, payloadBytes) <= this.#bytesMax
  }

  /**
   * Resolves once the letter is on the disk, with the items of the oldest letters that had to go for it. Rejects with a
   * Node error; then nothing of it is left.
   */
  async add(head: LetterHead, payload: readonly Uint8Array[]): Promise<number> {
    if (!this.#made) await this.open()
    const parts = encodeLetter(head, payload)
    let sizeBytes = 0
    for (const part of parts) sizeBytes += part.byteLength
    let lost = await this.#makeRoom(sizeBytes)
    let number = await this.#write(parts)
    for (let looks = 0; number === undefined; looks++) {
      if (looks === looksMax) throw new Error('somebody else is faster each time')
      await this.open()
      lost += await this.#makeRoom(sizeBytes)
      number = await this.#write(parts)
    }
    const entry = { number, sizeBytes, head, hasData: payload.length > 0 }
    this.#entries.push(entry)
    this.#bytes += sizeBytes
    this.#items += itemsOf(entry)
    return lost
  }

  /** The letter, a phrase that says why it cannot be read, or undefined if there is none of that number. */
  async read(number: number): Promise<Letter | string | undefined> {
    try {
      return decodeLetter(await readFile(this.#path(number)))
    } catch (error) {
      return isMissing(error) ? undefined : (error as Error).message
    }
  }

  /** False if it was gone already. */
  async remove(number: number): Promise<boolean> {
    const index = this.#entries.findIndex((entry) => entry.number === number)
    const entry = this.#entries[index]
    if (entry !== undefined) {
      this.#entries.splice(index, 1)
      this.#bytes -= entry.sizeBytes
      this.#items -= itemsOf(entry)
    }
    try {
      await unlink(this.#path(number))
      return true
    } catch (error) {
      if (isMissing(error)) return false
      throw error
    }
  }

  /** Resolves to the items of the oldest letters that had to go. */
  async #makeRoom(sizeBytes: number): Promise<number> {
    let lost = 0
    while (this.#bytes + sizeBytes > this.#bytesMax || this.#entries.length >= lettersMax) {
      const oldest = this.#entries[0]
      if (oldest === undefined) break
      if (await this.remove(oldest.number)) lost += itemsOf(oldest)
    }
    return lost
  }

  /** Resolves to the number of the letter; undefined if it is taken, or the directory is gone: somebody else was here. */
  async #write(parts: readonly Uint8Array[]): Promise<number | undefined> {
    const number = this.#nextNumber++
    const path = this.#path(number)
    try {
      await writeDurably(path, parts)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined
      await unlink(path).catch((nested: unknown) => {
        if (!isMissing(nested)) throw error
      })
      if (isMissing(error)) return undefined
      throw error
    }
    await nodeFileSystem.syncDirectory(this.directory)
    return number
  }

  #path(number: number): string {
    return join(this.directory, `${String(number).padStart(8, '0')}.letter`)
  }
}

/** Oldest first; empty if there is no such directory. Letters never change: those that are `known` are not read again. */
export async function listLetters(
  directory: string,
  known: readonly LetterEntry[] = [],
): Promise<LetterEntry[]> {
  const knownByNumber = new Map(known.map((entry) => [entry.number, entry]))
  let files: Dirent[]
  try {
    files = await readdir(directory, { withFileTypes: true })
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
  const entries: LetterEntry[] = []
  const unknown: { readonly path: string; readonly number: number }[] = []
  for (const file of files) {
    const match = namePattern.exec(file.name)
    // A directory of such a name is nobody's letter.
    if (match === null || !file.isFile()) continue
    const number = Number(match[1])
    const before = knownByNumber.get(number)
    // What could not be read may have been in the middle of being written.
    if (typeof before?.head === 'object') entries.push(before)
    else unknown.push({ path: join(directory, file.name), number })
  }
  for (let from = 0; from < unknown.length; from += readsAtOnce) {
    const some = unknown.slice(from, from + readsAtOnce)
    const read = await Promise.all(some.map(({ path, number }) => readEntry(path, number)))
    for (const entry of read) if (entry !== undefined) entries.push(entry)
  }
  return entries.sort((a, b) => a.number - b.number)
}

async function readEntry(path: string, number: number): Promise<LetterEntry | undefined> {
  let sizeBytes = 0
  try {
    sizeBytes = (await stat(path)).size
    const found = decodeLetterBeginning(await readBeginning(path, sizeBytes), sizeBytes)
    if (typeof found === 'string') return { number, sizeBytes, head: found, hasData: false }
    return { number, sizeBytes, head: found.head, hasData: found.payloadBytes > 0 }
  } catch (error) {
    // Removed while we looked.
    if (isMissing(error)) return undefined
    // One that the disk cannot read costs the others nothing.
    return { number, sizeBytes, head: (error as Error).message, hasData: false }
  }
}

async function readBeginning(path: string, sizeBytes: number): Promise<Buffer> {
  const bytes = Buffer.alloc(Math.min(sizeBytes, letterHeaderBytes + letterHeadBytesMax))
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const { bytesRead } = await file.read(bytes, 0, bytes.byteLength, 0)
    return bytes.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

async function writeDurably(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, 'wx', 0o640)
  try {
    for (const part of parts) await file.writeFile(part)
    await file.datasync()
  } finally {
    await file.close()
  }
}

function itemsOf({ head, hasData }: LetterEntry): number {
  return typeof head === 'string' || !hasData ? 0 : head.items
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}
