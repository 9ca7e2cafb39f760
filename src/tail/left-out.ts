import type { Checkpoints } from './checkpoints.ts'

const key = 'left_out'

/**
 * Compressed files that the first look of all has seen, and that are not gone through yet: with `start_at: end` what is in
 * them is left out, also if remora is started again before it has come to them. By inode, and the time of making, because
 * an inode may be that of another file later.
 */
export class LeftOut {
  readonly #checkpoints: Checkpoints
  readonly #bornMs: Map<string, number>

  constructor(checkpoints: Checkpoints) {
    this.#checkpoints = checkpoints
    this.#bornMs = parse(checkpoints.noted(key))
  }

  get isEmpty(): boolean {
    return this.#bornMs.size === 0
  }

  has(inode: string, bornMs: number): boolean {
    return this.#bornMs.get(inode) === bornMs
  }

  add(inode: string, bornMs: number): void {
    this.#bornMs.set(inode, bornMs)
    this.#save()
  }

  delete(inode: string): void {
    if (this.#bornMs.delete(inode)) this.#save()
  }

  /** Forgets the others. */
  keep(inodes: ReadonlySet<string>): void {
    for (const inode of this.#bornMs.keys()) if (!inodes.has(inode)) this.delete(inode)
  }

  #save(): void {
    const text = JSON.stringify([...this.#bornMs])
    this.#checkpoints.note(key, this.isEmpty ? undefined : Buffer.from(text))
  }
}

/** Something else than was written is as nothing: then the files are read. */
function parse(bytes: Uint8Array | undefined): Map<string, number> {
  if (bytes === undefined) return new Map()
  try {
    return new Map(JSON.parse(Buffer.from(bytes).toString()) as [string, number][])
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return new Map()
    throw error
  }
}
