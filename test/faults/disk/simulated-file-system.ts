import type { FileSystem } from '../../../src/buffer/disk/file-system.ts'
import type { Random } from '../../support/random.ts'

/** What was written since the last sync survives a crash by pieces of this size. Smaller than a page: more ways to be torn. */
const pieceBytes = 512

/** The content of a file, as the process sees it and as the disk has it. */
class Inode {
  bytes = Buffer.alloc(0)
  size = 0
  safe = Buffer.alloc(0)
  /** Pieces that differ, and may reach the disk at any time. */
  readonly dirty = new Set<number>()
  /** Pieces that a failed sync has given up: the cache has them and thinks that the disk has them too. */
  readonly gone = new Set<number>()

  write(offset: number, data: Uint8Array): void {
    const end = offset + data.byteLength
    if (end > this.bytes.length) {
      const larger = Buffer.alloc(Math.max(end, this.bytes.length * 2, 4096))
      this.bytes.copy(larger, 0, 0, this.size)
      this.bytes = larger
    }
    this.bytes.fill(0, this.size, Math.max(this.size, offset))
    this.bytes.set(data, offset)
    this.size = Math.max(this.size, end)
    this.touch(offset, end)
  }

  truncate(size: number): void {
    this.bytes.fill(0, size, Math.max(size, this.size))
    this.size = size
    this.touch(size, size + 1)
  }

  touch(from: number, to: number): void {
    for (let piece = Math.floor(from / pieceBytes); piece * pieceBytes < to; piece++) {
      this.dirty.add(piece)
      this.gone.delete(piece)
    }
  }

  sync(): void {
    const safe = Buffer.alloc(this.size)
    this.bytes.copy(safe, 0, 0, this.size)
    for (const piece of this.gone) this.#keep(safe, piece)
    this.safe = safe
    this.dirty.clear()
  }

  failSync(): void {
    for (const piece of this.dirty) this.gone.add(piece)
    this.dirty.clear()
  }

  /** Each dirty piece arrived or not; so did the size. */
  crash(random: Random): void {
    const after = Buffer.alloc(random.below(2) === 0 ? this.size : this.safe.length)
    this.safe.copy(after)
    const share = random.below(5)
    for (const piece of this.dirty) {
      const start = piece * pieceBytes
      const end = Math.min(start + pieceBytes, after.length, this.size)
      if (random.below(4) < share && start < end) this.bytes.copy(after, start, start, end)
    }
    this.bytes = Buffer.from(after)
    this.size = after.length
    this.safe = after
    this.dirty.clear()
    this.gone.clear()
  }

  /** What the disk has of a piece: its former content, or zeros. */
  #keep(into: Buffer, piece: number): void {
    const start = piece * pieceBytes
    const end = Math.min(start + pieceBytes, into.length)
    if (start >= end) return
    into.fill(0, start, end)
    if (start < this.safe.length) {
      this.safe.copy(into, start, start, Math.min(end, this.safe.length))
    }
  }
}

type Change = (names: Map<string, Inode>) => void

export type FaultyCall = keyof FileSystem

/**
 * A file system in memory that forgets as a real one may: at a crash, what was not synced is there, or not, or in part; files
 * made, renamed and removed since the last sync of their directory are so, or not. One directory.
 *
 * Calls take effect one after the other, each some turns after it was made, so that calls that are not awaited interleave.
 */
export class SimulatedFileSystem implements FileSystem {
  readonly #random: Random
  #names = new Map<string, Inode>()
  #safeNames = new Map<string, Inode>()
  #changes: Change[] = []
  #files = new Map<number, Inode>()
  #nextFile = 3
  #generation = 0
  /** Calls before the crash; Infinity for none. The last one takes effect, and nobody hears of it. */
  callsLeft = Number.POSITIVE_INFINITY
  onCrash: () => void = () => {}
  /** Bytes that all files may take together. */
  capacityBytes = Number.POSITIVE_INFINITY
  /** Calls that say that they have worked and have not: a bug that the model must find. */
  readonly lying = new Set<FaultyCall>()
  /** Throws to let a call fail. */
  fault: (call: FaultyCall) => void = () => {}
  /** Of all files, after each call. */
  bytesMostSeen = 0
  calls = 0
  /** Calls that have not returned. */
  underWay = 0

  constructor(random: Random) {
    this.#random = random
  }

  get openFiles(): number {
    return this.#files.size
  }

  get usedBytes(): number {
    let bytes = 0
    for (const inode of this.#names.values()) bytes += inode.size
    return bytes
  }

  names(): string[] {
    return [...this.#names.keys()].sort()
  }

  /** The file system as one process sees it: after a crash its calls do nothing and never return. */
  forProcess(): FileSystem {
    const generation = this.#generation
    const alive = <T>(call: () => Promise<T>): Promise<T> =>
      generation === this.#generation ? call() : never<T>()
    return {
      create: (path) => alive(() => this.create(path)),
      open: (path, access) => alive(() => this.open(path, access)),
      close: (file) => alive(() => this.close(file)),
      writev: (file, buffers, offset) => alive(() => this.writev(file, buffers, offset)),
      read: (file, into, offset) => alive(() => this.read(file, into, offset)),
      sync: (file) => alive(() => this.sync(file)),
      isLinked: (file) => alive(() => this.isLinked(file)),
      truncate: (file, sizeBytes) => alive(() => this.truncate(file, sizeBytes)),
      size: (path) => alive(() => this.size(path)),
      list: (directory) => alive(() => this.list(directory)),
      rename: (from, to) => alive(() => this.rename(from, to)),
      unlink: (path) => alive(() => this.unlink(path)),
      syncDirectory: (directory) => alive(() => this.syncDirectory(directory)),
    }
  }

  /** For tests that damage what is there: the disk has it too. */
  content(name: string): Buffer {
    const inode = this.#find(name)
    return inode.bytes.subarray(0, inode.size)
  }

  put(name: string, bytes: Uint8Array): void {
    const inode = new Inode()
    inode.write(0, bytes)
    inode.sync()
    this.#names.set(name, inode)
    this.#safeNames.set(name, inode)
  }

  remove(name: string): void {
    this.#names.delete(name)
    this.#safeNames.delete(name)
  }

  /** Power is gone and comes back. Calls under way never return. */
  crash(): void {
    this.#generation++
    const prefix = this.#random.below(2) === 0
    const upTo = this.#random.below(this.#changes.length + 1)
    for (const [index, change] of this.#changes.entries()) {
      if (prefix ? index < upTo : this.#random.below(2) === 0) change(this.#safeNames)
    }
    this.#reopen(new Map(this.#safeNames))
    for (const inode of new Set(this.#names.values())) inode.crash(this.#random)
  }

  /** The process is gone; the system goes on. */
  kill(): void {
    this.#generation++
    this.#reopen(this.#names)
  }

  #reopen(names: Map<string, Inode>): void {
    if (names !== this.#names) {
      this.#changes = []
      this.#safeNames = new Map(names)
    }
    this.#names = names
    this.#files = new Map()
    this.underWay = 0
    this.callsLeft = Number.POSITIVE_INFINITY
    this.capacityBytes = Number.POSITIVE_INFINITY
    this.fault = () => {}
  }

  create(path: string): Promise<number> {
    return this.#call('create', () => {
      const name = nameOf(path)
      if (this.#names.has(name)) throw failure('EEXIST')
      const inode = new Inode()
      this.#change((names) => names.set(name, inode))
      return this.#open(inode)
    })
  }

  open(path: string, _access: 'read' | 'write'): Promise<number> {
    return this.#call('open', () => this.#open(this.#find(nameOf(path))))
  }

  close(file: number): Promise<void> {
    return this.#call('close', () => {
      if (!this.#files.delete(file)) throw failure('EBADF')
    })
  }

  writev(file: number, buffers: readonly Uint8Array[], offset: number): Promise<number> {
    return this.#call('writev', () => {
      const inode = this.#inode(file)
      let data = Buffer.concat(buffers)
      const room = this.capacityBytes - this.usedBytes + Math.max(0, inode.size - offset)
      if (room <= 0 && data.length > 0) throw failure('ENOSPC')
      if (data.length > room) data = data.subarray(0, room)
      else if (data.length > 1 && this.#random.below(8) === 0) {
        data = data.subarray(0, 1 + this.#random.below(data.length - 1))
      }
      inode.write(offset, data)
      return data.length
    })
  }

  read(file: number, into: Uint8Array, offset: number): Promise<number> {
    return this.#call('read', () => {
      const inode = this.#inode(file)
      let length = Math.max(0, Math.min(into.byteLength, inode.size - offset))
      if (length > 1 && this.#random.below(8) === 0) length = 1 + this.#random.below(length - 1)
      into.set(inode.bytes.subarray(offset, offset + length))
      return length
    })
  }

  sync(file: number): Promise<void> {
    return this.#call(
      'sync',
      () => {
        if (!this.lying.has('sync')) this.#inode(file).sync()
      },
      () => this.#inode(file).failSync(),
    )
  }

  isLinked(file: number): Promise<boolean> {
    return this.#call('isLinked', () => [...this.#names.values()].includes(this.#inode(file)))
  }

  truncate(file: number, sizeBytes: number): Promise<void> {
    return this.#call('truncate', () => {
      if (!this.lying.has('truncate')) this.#inode(file).truncate(sizeBytes)
    })
  }

  size(path: string): Promise<number> {
    return this.#call('size', () => this.#find(nameOf(path)).size)
  }

  list(_directory: string): Promise<string[]> {
    return this.#call('list', () => [...this.#names.keys()])
  }

  rename(from: string, to: string): Promise<void> {
    return this.#call('rename', () => {
      const inode = this.#find(nameOf(from))
      this.#change((names) => {
        names.delete(nameOf(from))
        names.set(nameOf(to), inode)
      })
    })
  }

  unlink(path: string): Promise<void> {
    return this.#call('unlink', () => {
      this.#find(nameOf(path))
      this.#change((names) => names.delete(nameOf(path)))
    })
  }

  syncDirectory(_directory: string): Promise<void> {
    return this.#call('syncDirectory', () => {
      if (this.lying.has('syncDirectory')) return
      this.#safeNames = new Map(this.#names)
      this.#changes = []
    })
  }

  async #call<T>(name: FaultyCall, effect: () => T, onFault?: () => void): Promise<T> {
    const generation = this.#generation
    this.underWay++
    for (let turns = this.#random.below(3); turns > 0; turns--) await turn()
    if (generation !== this.#generation) return never()
    this.calls++
    if (this.callsLeft-- <= 0) {
      this.#die()
      return never()
    }
    let result: T
    try {
      this.fault(name)
      result = effect()
    } catch (error) {
      onFault?.()
      this.underWay--
      throw error
    }
    this.bytesMostSeen = Math.max(this.bytesMostSeen, this.usedBytes)
    if (this.callsLeft === 0) {
      this.#die()
      return never()
    }
    await turn()
    if (generation !== this.#generation) return never()
    this.underWay--
    return result
  }

  #die(): void {
    this.#generation++
    this.onCrash()
  }

  #change(change: Change): void {
    change(this.#names)
    this.#changes.push(change)
  }

  #open(inode: Inode): number {
    const file = this.#nextFile++
    this.#files.set(file, inode)
    return file
  }

  #inode(file: number): Inode {
    const inode = this.#files.get(file)
    if (inode === undefined) throw failure('EBADF')
    return inode
  }

  #find(name: string): Inode {
    const inode = this.#names.get(name)
    if (inode === undefined) throw failure('ENOENT')
    return inode
  }
}

export function failure(code: string): Error {
  return Object.assign(new Error(`${code}: simulated`), { code })
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function never<T>(): Promise<T> {
  return new Promise<T>(() => {})
}
