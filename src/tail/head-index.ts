import type { Head } from './head.ts'
import type { TailedFile } from './tailed-file.ts'

/**
 * Finds, for a file, those that begin alike as far as both go, without looking at all others: with 20,000 files at a start
 * that would be 200 million pairs.
 *
 * One list in the order of the heads: those that begin with all of a head follow each other in it, and what is a
 * beginning of the head stands in front of them, with others in between that are passed over by binary search.
 */
export class HeadIndex {
  /** By head, and those with the same one by id. */
  readonly #files: TailedFile[] = []

  /** The file has this head now. Heads in the index are changed here only. */
  set(file: TailedFile, head: Head): void {
    if (head !== file.head) this.delete(file)
    file.head = head
    this.add(file)
  }

  /** A file without a head begins like none. */
  add(file: TailedFile): void {
    if (file.head === '') return
    const at = this.#indexOf(file.head, file.id)
    if (this.#files[at] !== file) this.#files.splice(at, 0, file)
  }

  delete(file: TailedFile): void {
    const at = this.#indexOf(file.head, file.id)
    if (this.#files[at] === file) this.#files.splice(at, 1)
  }

  /** Those that share their beginning with this file, itself included. The index may change meanwhile. */
  *alike({ head }: TailedFile): Iterable<TailedFile> {
    if (head === '') return
    yield* this.#longer(head)
    yield* this.#shorter(head)
  }

  *#longer(head: Head): Iterable<TailedFile> {
    let file = this.#files[this.#indexOf(head, 0)]
    while (file?.head.startsWith(head)) {
      // It may have gone, or have another head, when the next one is asked for.
      const { head: itsHead, id } = file
      yield file
      file = this.#files[this.#indexOf(itsHead, id + 1)]
    }
  }

  *#shorter(head: Head): Iterable<TailedFile> {
    let before = this.#indexOf(head, 0)
    for (let file = this.#files[before - 1]; file !== undefined; file = this.#files[before - 1]) {
      const { head: itsHead, id } = file
      if (head.startsWith(itsHead)) {
        yield file
        before = this.#indexOf(itsHead, id)
      } else {
        // What is a longer beginning of the head than what the two share stands behind this one.
        const shared = head.slice(0, sharedLength(head, itsHead))
        before = this.#indexOf(shared, Infinity)
      }
    }
  }

  /** Of the first that does not stand before a file with this head and id. */
  #indexOf(head: Head, id: number): number {
    let low = 0
    let high = this.#files.length
    while (low < high) {
      const middle = (low + high) >> 1
      const file = this.#files[middle] as TailedFile
      if (file.head < head || (file.head === head && file.id < id)) low = middle + 1
      else high = middle
    }
    return low
  }
}

function sharedLength(a: Head, b: Head): number {
  let length = 0
  while (length < a.length && a.charCodeAt(length) === b.charCodeAt(length)) length++
  return length
}
