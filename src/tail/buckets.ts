/** Sets by key. Most have one member, and only one with more takes the room of a set. */
export class Buckets<K, T extends object> {
  readonly #members = new Map<K, T | Set<T>>()

  add(key: K, member: T): void {
    const had = this.#members.get(key)
    if (had === undefined) this.#members.set(key, member)
    else if (had instanceof Set) had.add(member)
    else if (had !== member) this.#members.set(key, new Set([had, member]))
  }

  delete(key: K, member: T): void {
    const had = this.#members.get(key)
    if (had instanceof Set) {
      had.delete(member)
      if (had.size === 0) this.#members.delete(key)
    } else if (had === member) this.#members.delete(key)
  }

  get(key: K): Iterable<T> {
    const had = this.#members.get(key)
    if (had === undefined) return []
    return had instanceof Set ? had : [had]
  }

  get isEmpty(): boolean {
    return this.#members.size === 0
  }
}
