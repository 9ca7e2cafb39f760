import type { Checkpoints } from './checkpoints.ts'

const key = 'left_out'
// One that is renamed just while it is looked for is not seen in that look.
const missesMax = 5

/**
 * Compressed files that the first look of all has seen, and that are not gone through yet: with `start_at: end` what is in
 * them is left out, also if remora is started again before it has come to them. By inode, and the time of making, because
 * an inode may be that of another file later.
 */
export class LeftOut {
  readonly #checkpoints: Checkpoints
  readonly #bornMs: Map<string, number>
  /** In how many looks one after the other it was not seen. */
  readonly #misses = new Map<string, number>()
  #changed = false

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
    this.#changed = true
  }

  delete(inode: string): void {
    this.#misses.delete(inode)
    if (this.#bornMs.delete(inode)) this.#changed = true
  }

  /** What a look has seen; the others are forgotten after a while. */
  seen(inodes: ReadonlySet<string>): void {
    for (const inode of this.#bornMs.keys()) {
      const misses = inodes.has(inode) ? 0 : (this.#misses.get(inode) ?? 0) + 1
      if (misses < missesMax) this.#misses.set(inode, misses)
      else this.delete(inode)
    }
  }

  /** At the end of a look, because there may be thousands. */
  save(): void {
    if (!this.#changed) return
    this.#changed = false
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
