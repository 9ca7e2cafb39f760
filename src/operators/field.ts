import { type Entry, isMap, setKey, type Value, type Values } from './entry.ts'
import { OperatorError } from './operator-error.ts'

/** A place in an entry: `body`, `body.user.id`, `attributes.level`, `attributes["a.b"]`, `resource["service.name"]`. */
export class Field {
  readonly text: string
  readonly root: 'body' | 'attributes' | 'resource'
  readonly keys: readonly string[]

  constructor(text: string, root: Field['root'], keys: readonly string[]) {
    this.text = text
    this.root = root
    this.keys = keys
  }

  /** The field around it; itself at a root. */
  get parent(): Field {
    return new Field(this.text, this.root, this.keys.slice(0, -1))
  }

  child(key: string): Field {
    return new Field(`${this.text}.${key}`, this.root, [...this.keys, key])
  }

  get(entry: Entry): Value {
    let value: Value =
      this.root === 'body'
        ? entry.body
        : this.root === 'attributes'
          ? entry.attributes
          : (entry.resource ?? entry.baseResource)
    for (const key of this.keys) {
      if (!isMap(value) || !Object.hasOwn(value, key)) return undefined
      value = value[key]
    }
    return value
  }

  /** Whether it can hold such a value: attributes and resource are maps. */
  takes(value: Value): boolean {
    return this.root === 'body' || this.keys.length > 0 || isMap(value)
  }

  /**
   * Makes the maps on the way; a value in the way gives place. A map is merged into one that is there. Throws an
   * OperatorError for one that the field does not take.
   */
  set(entry: Entry, value: Value): void {
    const last = this.keys.at(-1)
    if (last === undefined) {
      this.#setRoot(entry, value)
      return
    }
    let at = this.#rootMap(entry)
    for (const key of this.keys.slice(0, -1)) {
      let below = Object.hasOwn(at, key) ? at[key] : undefined
      if (!isMap(below)) {
        below = {}
        setKey(at, key, below)
      }
      at = below
    }
    const there = isMap(value) && Object.hasOwn(at, last) ? at[last] : undefined
    if (isMap(value) && isMap(there)) merge(there, value)
    else setKey(at, last, value)
  }

  /** Takes the value out. */
  remove(entry: Entry): Value {
    const value = this.get(entry)
    const last = this.keys.at(-1)
    if (last === undefined) {
      if (this.root === 'body') entry.body = undefined
      else if (this.root === 'attributes') entry.attributes = {}
      else entry.resource = {}
      return value
    }
    if (value === undefined) return undefined
    const { parent } = this
    if (this.root === 'resource') this.#rootMap(entry)
    const map = parent.get(entry)
    if (isMap(map)) delete map[last]
    return value
  }

  #setRoot(entry: Entry, value: Value): void {
    if (this.root === 'body' && !(isMap(value) && isMap(entry.body))) {
      entry.body = value
      return
    }
    if (!isMap(value)) throw new OperatorError(`${this.text} can only be a map`)
    merge(this.#rootMap(entry), value)
  }

  #rootMap(entry: Entry): Values {
    if (this.root === 'attributes') return entry.attributes
    if (this.root === 'resource') {
      entry.resource ??= { ...entry.baseResource }
      return entry.resource
    }
    if (!isMap(entry.body)) entry.body = {}
    return entry.body as Values
  }
}

function merge(target: Values, source: Readonly<Values>): void {
  for (const key of Object.keys(source)) setKey(target, key, source[key])
}

/** Throws an Error with the reason. */
export function parseField(text: string): Field {
  const root = /^(?:\$?)(body|attributes|resource)(?=$|[.[])/.exec(text)
  if (root === null) {
    throw new Error('must begin with "body", "attributes" or "resource"')
  }
  const keys: string[] = []
  const part = /\.([^.[\]"']+)|\["([^"]*)"\]|\['([^']*)'\]/y
  part.lastIndex = root[0].length
  while (part.lastIndex < text.length) {
    const at = part.lastIndex
    const match = part.exec(text)
    if (match === null) throw new Error(`is not a field: cannot read "${text.slice(at)}"`)
    keys.push((match[1] ?? match[2] ?? match[3]) as string)
  }
  return new Field(text, root[1] as Field['root'], keys)
}
