import { Edits } from '../../masking/otlp/edits.ts'
import { anchorOf } from '../../masking/prefilter/from-pattern.ts'
import { Hits } from '../../masking/prefilter/hits.ts'
import { type Anchor, Prefilter } from '../../masking/prefilter/prefilter.ts'
import type { Signal } from '../../signal/signal.ts'
import { readAnyValue, writeAnyView, writeKeyView } from '../../wire/otlp/any-view.ts'
import { type MessageName, requestOf } from '../../wire/otlp/fields.ts'
import { type Message, messageOf } from '../../wire/otlp/messages.ts'
import { Reader } from '../../wire/reader.ts'
import { Writer } from '../../wire/writer.ts'
import { AttributeMap } from './attribute-map.ts'
import { redactBody } from './log-body.ts'
import { bitOf, type Rules } from './rules.ts'
import { sanitizeName } from './span-name.ts'
import { Summary, type SummaryLevel } from './summary.ts'

/** Messages whose attributes the collector's processor redacts. Links and exemplars are none of them. */
const owners: ReadonlySet<MessageName> = new Set<MessageName>([
  'Resource',
  'InstrumentationScope',
  'LogRecord',
  'Span',
  'Event',
  'NumberDataPoint',
  'HistogramDataPoint',
  'ExponentialHistogramDataPoint',
  'SummaryDataPoint',
])

/**
 * A body, or a value in it, that is no string: its text may match, though its bytes do not. As protobuf writes the fields
 * that hold an AnyValue (1, 2 and 5) around a bool, a number, or bytes.
 */
const otherBodies = [
  '[\\x0a\\x12\\x2a][\\x02-\\x0b][\\x10\\x18\\x21]',
  '[\\x0a\\x12\\x2a][\\x00-\\xff]{1,5}:',
]

/** Something in a message, and what comes in its place: a field with its tag, nothing, or more fields. */
interface Replacement {
  readonly start: number
  readonly end: number
  readonly bytes: Uint8Array
}

const nothing = new Uint8Array(0)
const allBits = -1

/**
 * Redacts one request on its bytes. A prefilter of the blocked values finds the messages that need a look; where rules
 * depend on more than blocked values, every message has one. Only what changes is written anew.
 */
export class Redactor {
  readonly #rules: Rules
  readonly #summary: SummaryLevel
  readonly #signal: Signal
  readonly #prefilter: Prefilter | undefined
  readonly #hits = new Hits()
  readonly #edits = new Edits()
  #reader = new Reader(nothing)

  constructor(signal: Signal, rules: Rules, summary: SummaryLevel) {
    this.#signal = signal
    this.#rules = rules
    this.#summary = summary
    this.#prefilter = createPrefilter(rules)
  }

  /** The same bytes where nothing changes, else a copy. */
  redact(bytes: Uint8Array): Uint8Array {
    if (this.#prefilter !== undefined) {
      this.#prefilter.scan(bytes, this.#hits)
      if (this.#hits.count === 0) return bytes
    }
    this.#reader = new Reader(bytes)
    this.#edits.reset()
    this.#walk(messageOf(requestOf[this.#signal]))
    return this.#edits.count === 0 ? bytes : this.#edits.apply(bytes)
  }

  /** Of a message that leads to owners. */
  #walk(message: Message): void {
    const reader = this.#reader
    while (reader.more()) {
      const tag = reader.tag()
      const field = message.byNumber[tag >>> 3]
      if (field?.kind !== 'message' || (tag & 7) !== 2) {
        reader.skip(tag)
        continue
      }
      const prefixAt = reader.offset
      const end = reader.range()
      if (this.#bitsIn(reader.offset, end) !== 0) this.#open(field.message, prefixAt, end)
      reader.offset = end
    }
  }

  /** Which blocked values may be there. */
  #bitsIn(start: number, end: number): number {
    return this.#prefilter === undefined ? allBits : this.#hits.bitsIn(start, end)
  }

  #open(message: Message, prefixAt: number, end: number): void {
    const reader = this.#reader
    const edits = this.#edits
    const outer = reader.end
    const start = reader.offset
    reader.end = end
    if (owners.has(message.name)) {
      const content = this.#redactOwner(message)
      if (content !== undefined) edits.replaceText(prefixAt, end, latin1(content))
    } else if (message.name !== 'AnyValue' && message.name !== 'KeyValue') {
      const deltaBefore = edits.delta
      const mark = edits.enter(prefixAt, start)
      this.#walk(message)
      edits.leave(mark, end - start, deltaBefore)
    }
    reader.end = outer
  }

  /** The content of the message that the reader stands in, or undefined where nothing changes. */
  #redactOwner(message: Message): Uint8Array | undefined {
    const reader = this.#reader
    const start = reader.offset
    const { end } = reader
    const attributes = new AttributeMap()
    const changes: Replacement[] = []
    const attributesTag = message.byName.get('attributes')?.tag ?? 0
    const bodies: Place[] = []
    let bodyBits = this.#prefilter === undefined ? allBits : 0
    let name: Place | undefined
    let kind = 0

    while (reader.more()) {
      const fieldStart = reader.offset
      const tag = reader.tag()
      const field = message.byNumber[tag >>> 3]
      if (tag === attributesTag) {
        const outer = reader.enter()
        attributes.read(reader, fieldStart, this.#bitsIn(fieldStart, reader.end))
        reader.leave(outer)
        continue
      }
      if (field?.name === 'events' && (tag & 7) === 2) {
        const outer = reader.enter()
        const event = this.#redactOwner(field.message)
        reader.leave(outer)
        if (event !== undefined) {
          changes.push({ start: fieldStart, end: reader.offset, bytes: fieldOf(tag, event) })
        }
        continue
      }
      const valueStart = reader.offset
      if (field?.name === 'kind') kind = reader.varint32()
      else reader.skip(tag)
      const place = { start: fieldStart, valueStart, end: reader.offset }
      if (field?.name === 'body') {
        bodies.push(place)
        bodyBits |= this.#bitsIn(fieldStart, reader.offset)
      }
      if (field?.name === 'name' && message.name === 'Span') {
        // The last counts, and it alone is looked at.
        if (name !== undefined) changes.push({ ...name, bytes: nothing })
        name = place
      }
    }
    this.#rules.redact(attributes, this.#signal === 'logs')
    if (message.name === 'LogRecord') this.#redactBody(bodies, bodyBits, end, attributes, changes)
    if (message.name === 'Span') this.#sanitizeName(name, end, kind, attributes, changes)
    if (changes.length === 0 && !attributes.isChanged) return undefined
    addChanges(attributes, attributesTag, end, changes)
    return rewrite(reader.bytes, start, end, changes)
  }

  /** Bodies that stand twice are one: protobuf merges them. */
  #redactBody(
    places: readonly Place[],
    bits: number,
    recordEnd: number,
    attributes: AttributeMap,
    changes: Replacement[],
  ): void {
    const merged = mergedContent(this.#reader.bytes, places)
    const before = readAnyValue(new Reader(merged), bodyDepth)
    const summary = new Summary(this.#summary, 'body.')
    const after = redactBody(before, { rules: this.#rules, summary, bits })
    summary.addTo(attributes)
    if (after === before && places.length < 2 && !before.overwrote) return
    const writer = new Writer()
    writeAnyView(writer, after)
    const { start, end } = places[0] ?? { start: recordEnd, end: recordEnd }
    changes.push({ start, end, bytes: fieldOf(bodyTag, writer.finish()) })
    for (const more of places.slice(1)) changes.push({ ...more, bytes: nothing })
  }

  #sanitizeName(
    place: Place | undefined,
    spanEnd: number,
    kind: number,
    attributes: AttributeMap,
    changes: Replacement[],
  ): void {
    const { start, valueStart, end } = place ?? {
      start: spanEnd,
      valueStart: spanEnd,
      end: spanEnd,
    }
    const name = place === undefined ? '' : new Reader(this.#reader.bytes, valueStart, end).string()
    const sanitized = sanitizeName({ name, kind, attributes }, this.#rules)
    if (sanitized === name) return
    changes.push({ start, end, bytes: fieldOf(nameTag, Buffer.from(sanitized)) })
  }
}

/** A field: from its tag, from its length or value, up to its end. */
interface Place {
  readonly start: number
  readonly valueStart: number
  readonly end: number
}

/** `LogRecord.body` and `Span.name`. */
const bodyTag = 42
const nameTag = 42
/** Messages above a body, and itself. */
const bodyDepth = 5

/** Undefined where every message must be looked at. */
function createPrefilter(rules: Rules): Prefilter | undefined {
  if (rules.seesAll) return undefined
  const anchors: Anchor[] = otherBodies.map((pattern) => ({ pattern, bits: allBits }))
  for (const [index, { source }] of rules.blockedValues.entries()) {
    const pattern = anchorOf(source)
    if (pattern === undefined) return undefined
    anchors.push({ pattern, bits: bitOf(index) })
  }
  return new Prefilter(anchors)
}

function fieldOf(tag: number, content: Uint8Array): Uint8Array {
  const writer = new Writer(content.length + 8)
  writer.tag(tag)
  writer.bytes(content)
  return writer.finish()
}

function mergedContent(bytes: Buffer, places: readonly Place[]): Uint8Array {
  const contents = places.map(({ valueStart, end }) =>
    new Reader(bytes, valueStart, end).bytesView(),
  )
  return contents.length === 1 ? (contents[0] as Uint8Array) : Buffer.concat(contents)
}

function latin1({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('latin1')
}

function addChanges(
  attributes: AttributeMap,
  tag: number,
  messageEnd: number,
  changes: Replacement[],
): void {
  for (const entry of attributes.entries) {
    if (entry.state === 'kept' || (entry.state === 'removed' && entry.start < 0)) continue
    const isNew = entry.start < 0
    const start = isNew ? messageEnd : entry.start
    const end = isNew ? messageEnd : entry.end
    if (entry.state === 'removed') changes.push({ start, end, bytes: nothing })
    else {
      const writer = new Writer()
      writeKeyView(writer, tag, entry)
      changes.push({ start, end, bytes: writer.finish() })
    }
  }
}

function rewrite(bytes: Buffer, start: number, end: number, changes: Replacement[]): Uint8Array {
  // Stable: what is put in at the end keeps its order.
  changes.sort((one, other) => one.start - other.start)
  const parts: Uint8Array[] = []
  let from = start
  for (const change of changes) {
    parts.push(bytes.subarray(from, change.start), change.bytes)
    from = change.end
  }
  parts.push(bytes.subarray(from, end))
  return Buffer.concat(parts)
}
