import { Bug } from '../../errors/bug.ts'
import { Reader } from '../reader.ts'
import { Writer } from '../writer.ts'
import { itemMessages, requestOf } from './fields.ts'
import { type Message, messageOf } from './messages.ts'
import type { OtlpSignal } from './signal.ts'

/**
 * Cuts one request between its items. Everything that is not an item and not on the way to one (resource, scope, schema
 * URL, the name and temporality of a metric, unknown fields) is a wrapper, and repeated in every part that has items
 * under it. Wrappers without any item are left out.
 *
 * The input was checked by `scanItems` before; a WireError from here means that it was not.
 */
export interface Part {
  readonly bytes: Uint8Array
  readonly itemCount: number
}

/** Parts of at most `maxItems` items each, in order. */
export function splitItems(signal: OtlpSignal, bytes: Uint8Array, maxItems: number): Part[] {
  return new Cutter(bytes, () => maxItems, Number.POSITIVE_INFINITY).cut(signal)
}

/** Parts of at most `maxBytes` each; a part of a single item may be larger, because it cannot be cut. */
export function splitBytes(signal: OtlpSignal, bytes: Uint8Array, maxBytes: number): Part[] {
  return new Cutter(bytes, () => Number.POSITIVE_INFINITY, maxBytes).cut(signal)
}

/** The first `firstItems` items, and the others; fewer parts when one of them would be empty. */
export function splitAt(signal: OtlpSignal, bytes: Uint8Array, firstItems: number): Part[] {
  const limit = (part: number) => (part === 0 ? firstItems : Number.POSITIVE_INFINITY)
  return new Cutter(bytes, limit, Number.POSITIVE_INFINITY).cut(signal)
}

/** Items of a request that was checked before: cheaper than `scanItems`, because it does not look into them. */
export function countItems(signal: OtlpSignal, bytes: Uint8Array): number {
  return countIn(new Reader(bytes), messageOf(requestOf[signal]))
}

function countIn(reader: Reader, message: Message): number {
  const children = childrenOf[message.index] as Children
  let items = 0
  while (reader.more()) {
    const tag = reader.tag()
    const child = children[tag]
    if (child === undefined) reader.skip(tag)
    else if (child === item) {
      items++
      reader.offset = reader.range()
    } else {
      const outer = reader.enter()
      items += countIn(reader, child)
      reader.leave(outer)
    }
  }
  return items
}

const item = 'item'

/** For each tag that leads to items: the message to enter, or that it is an item itself. */
type Children = readonly (Message | typeof item | undefined)[]

/** By message index; only what lies between a request and its items has children. */
const childrenOf: readonly (Children | undefined)[] = linkChildren()

function linkChildren(): (Children | undefined)[] {
  const linked: (Children | undefined)[] = []
  const open = Object.values(requestOf).map(messageOf)
  for (const message of open) {
    const children: (Message | typeof item | undefined)[] = []
    for (const field of message.fields) {
      if (field.kind !== 'message') continue
      if (itemMessages.has(field.message.name)) children[field.tag] = item
      else if (leadsToItems(field.message)) {
        children[field.tag] = field.message
        open.push(field.message)
      }
    }
    linked[message.index] = children
  }
  return linked
}

/** The messages that hold items form a tree; attributes, which may contain themselves, never lead to one. */
function leadsToItems(message: Message): boolean {
  return message.fields.some(
    ({ kind, message: child }) =>
      kind === 'message' &&
      child !== message &&
      child.name !== 'AnyValue' &&
      child.name !== 'KeyValue' &&
      (itemMessages.has(child.name) || leadsToItems(child)),
  )
}

/** A message on the way to the items that the walk is in. */
interface Level {
  /** The tag under which it stands in the level above; 0 for the request. */
  readonly tag: number
  /** Starts and ends of the runs of fields that lead to no item. */
  readonly wrapper: readonly number[]
  readonly wrapperBytes: number
  /** What `Writer.fork` gave when it was last opened; the request has no length. */
  mark: number
}

const noLength = -1
/** Tag and length prefix of a wrapper at their longest. */
const prefixBytes = 6

class Cutter {
  readonly #reader: Reader
  readonly #maxItems: (part: number) => number
  readonly #maxBytes: number
  readonly #writer: Writer
  readonly #levels: Level[] = []
  readonly #parts: Part[] = []
  /** Levels that stand in the current part. */
  #openLevels = 0
  #itemCount = 0

  constructor(bytes: Uint8Array, maxItems: (part: number) => number, maxBytes: number) {
    this.#reader = new Reader(bytes)
    this.#maxItems = maxItems
    this.#maxBytes = maxBytes
    this.#writer = new Writer(Math.min(bytes.byteLength + 256, 1 << 20))
  }

  cut(signal: OtlpSignal): Part[] {
    if (!(this.#maxItems(0) >= 1) || !(this.#maxBytes >= 1)) throw new Bug('split below one')
    this.#walk(messageOf(requestOf[signal]), 0)
    this.#endPart()
    return this.#parts
  }

  #walk(message: Message, tag: number): void {
    const reader = this.#reader
    const children = childrenOf[message.index] as Children
    const start = reader.offset
    this.#levels.push(this.#readWrapper(children, tag))
    reader.offset = start
    while (reader.more()) {
      const at = reader.offset
      const childTag = reader.tag()
      const child = children[childTag]
      if (child === undefined) reader.skip(childTag)
      else if (child === item) {
        reader.offset = reader.range()
        this.#addItem(at, reader.offset)
      } else {
        const outer = reader.enter()
        this.#walk(child, childTag)
        reader.leave(outer)
      }
    }
    this.#closeLevel()
  }

  /** Notes the runs of fields of the current message that lead to no item. They may stand behind the items. */
  #readWrapper(children: Children, tag: number): Level {
    const reader = this.#reader
    const wrapper: number[] = []
    let wrapperBytes = 0
    while (reader.more()) {
      const at = reader.offset
      const childTag = reader.tag()
      reader.skip(childTag)
      if (children[childTag] !== undefined) continue
      wrapperBytes += reader.offset - at
      if (wrapper.at(-1) === at) wrapper[wrapper.length - 1] = reader.offset
      else wrapper.push(at, reader.offset)
    }
    return { tag, wrapper, wrapperBytes, mark: noLength }
  }

  #addItem(start: number, end: number): void {
    if (this.#itemCount > 0 && !this.#fits(end - start)) this.#endPart()
    for (; this.#openLevels < this.#levels.length; this.#openLevels++) this.#openLevel()
    this.#writer.rawRange(this.#reader.bytes, start, end)
    this.#itemCount++
  }

  #fits(sizeBytes: number): boolean {
    if (this.#itemCount >= this.#maxItems(this.#parts.length)) return false
    if (this.#maxBytes === Number.POSITIVE_INFINITY) return true
    let total = this.#writer.length + sizeBytes
    for (const [depth, level] of this.#levels.entries()) {
      // A prefix may grow when it is closed; a level that is not open yet has to be written.
      total += prefixBytes + (depth < this.#openLevels ? 0 : level.wrapperBytes)
    }
    return total <= this.#maxBytes
  }

  #openLevel(): void {
    const writer = this.#writer
    const level = this.#levels[this.#openLevels] as Level
    if (level.tag !== 0) {
      writer.tag(level.tag)
      level.mark = writer.fork(3)
    }
    for (let index = 0; index < level.wrapper.length; index += 2) {
      const start = level.wrapper[index] as number
      writer.rawRange(this.#reader.bytes, start, level.wrapper[index + 1] as number)
    }
  }

  #closeLevel(): void {
    const level = this.#levels.pop() as Level
    if (this.#openLevels <= this.#levels.length) return
    this.#openLevels--
    if (level.mark !== noLength) this.#writer.join(level.mark)
  }

  #endPart(): void {
    while (this.#openLevels > 0) {
      const level = this.#levels[--this.#openLevels]
      if (level === undefined || level.mark === noLength) continue
      this.#writer.join(level.mark)
    }
    if (this.#itemCount > 0) {
      this.#parts.push({ bytes: this.#writer.finish(), itemCount: this.#itemCount })
    }
    this.#itemCount = 0
  }
}
