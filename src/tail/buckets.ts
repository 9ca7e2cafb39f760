/** Sets by key; a key without members takes no room. */
export class Buckets<T> {
  readonly #sets = new Map<string, Set<T>>()

  add(key: string, member: T): void {
    const set = this.#sets.get(key)
    if (set === undefined) this.#sets.set(key, new Set([member]))
    else set.add(member)
  }

  delete(key: string, member: T): void {
    const set = this.#sets.get(key)
    set?.delete(member)
    if (set?.size === 0) this.#sets.delete(key)
  }

  get(key: string): Iterable<T> {
    return this.#sets.get(key) ?? []
  }

  get isEmpty(): boolean {
    return this.#sets.size === 0
  }
}
