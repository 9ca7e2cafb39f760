import { Bug } from '../../errors/bug.ts'
import { writeKeyValue } from '../../wire/otlp/any-value.ts'
import { requestOf } from '../../wire/otlp/fields.ts'
import { type Field, type Message, messageOf } from '../../wire/otlp/messages.ts'
import type { OtlpSignal } from '../../wire/otlp/signal.ts'
import { Reader } from '../../wire/reader.ts'
import { Writer } from '../../wire/writer.ts'
import { type Examiner, verdict } from '../examiner.ts'
import { lowerAscii } from '../latin1.ts'
import type { PathFilter } from '../path-filter.ts'
import { Hits } from '../prefilter/hits.ts'
import type { Prefilter } from '../prefilter/prefilter.ts'
import type { Pseudonyms } from '../pseudonyms.ts'
import type { Rule } from '../rule.ts'
import { Edits } from './edits.ts'
import { joinPath, wordOf } from './field-paths.ts'

/**
 * Masks one request on its bytes.
 *
 *     prefilter → hits → walk along the hits → texts examined → edits → new bytes
 *
 * The walk opens a message only if a hit lies in it, or if the key of its attribute has one. What is not opened is
 * copied. Texts are every string and bytes field of OTLP, whole numbers in attribute values (as their decimal digits), and what
 * has no text to put another in its place: trace and span ids that are none, and fields that are unknown here. These are removed if
 * something in them is found.
 */
export interface MaskerSettings {
  readonly examiner: Examiner
  readonly prefilter: Prefilter
  readonly pseudonyms: Pseudonyms
  readonly paths: PathFilter | undefined
  /** A longer text that has a hit is not examined. */
  readonly maxFieldBytes: number
  /** Values of attributes nested deeper are not examined. */
  readonly maxDepth: number
  readonly onLimit: 'mask_field' | 'drop_record'
  /** What to do with a finding in what tells series apart. */
  readonly onLabel: 'hash' | 'drop_series'
  /** Of log records and spans; empty for none. */
  readonly tagAttribute: string
}

/** What the parent does with a message or text. */
const keep = 0
const removeField = 1
const removeRecord = 2
type Outcome = typeof keep | typeof removeField | typeof removeRecord

/** Where `removeRecord` ends: what can go without the rest losing its sense. */
const removable: ReadonlySet<string> = new Set([
  'ResourceLogs',
  'ScopeLogs',
  'LogRecord',
  'ResourceMetrics',
  'ScopeMetrics',
  'Metric',
  'NumberDataPoint',
  'HistogramDataPoint',
  'ExponentialHistogramDataPoint',
  'SummaryDataPoint',
  'Exemplar',
  'ResourceSpans',
  'ScopeSpans',
  'Span',
])
/** Text that does not tell series of metrics apart. */
const notIdentity: ReadonlySet<string> = new Set(['Metric.description', 'Metric.metadata'])
const stringTag = 10
const allBits = -1
const traceIdBytes = 16
const spanIdBytes = 8

export class Masker {
  readonly #settings: MaskerSettings
  readonly #hits = new Hits()
  readonly #edits = new Edits()
  #reader = new Reader(new Uint8Array(0))
  #identity = false
  /** Whether anybody asks where a text stands. */
  #hasPaths = false
  /** Whether a record, a series or more was removed from the last request. */
  removed = false
  #unexamined = 0

  constructor(settings: MaskerSettings) {
    this.#settings = settings
  }

  /** The same bytes where there is nothing to mask, else a copy. */
  mask(signal: OtlpSignal, bytes: Uint8Array): Uint8Array {
    const hits = this.#hits
    this.removed = false
    this.#settings.prefilter.scan(bytes, hits)
    if (hits.count === 0) return bytes
    this.#edits.reset()
    this.#hasPaths =
      this.#settings.paths !== undefined || this.#settings.examiner.onSighting !== undefined
    this.#identity = signal === 'metrics'
    this.#reader = new Reader(bytes)
    const outcome = this.#walk(messageOf(requestOf[signal]), '', '', 0, 0)
    if (outcome !== keep) throw new Bug('the request itself cannot be removed')
    if (this.#edits.count === 0) return bytes
    return this.#edits.apply(bytes)
  }

  /** A text as the string of a log body would be left; undefined where the body or the record goes. */
  maskBody(text: Uint8Array): Uint8Array | undefined {
    const hits = this.#hits
    this.#settings.prefilter.scan(text, hits)
    if (hits.count === 0) return text
    this.#edits.reset()
    this.#identity = false
    this.#reader = new Reader(text)
    const bits = hits.bitsIn(0, text.length)
    if (this.#text(0, 0, text.length, 'body', '', bits, false, false) !== keep) return undefined
    if (this.#edits.count === 0) return text
    const masked = new Reader(this.#edits.apply(text))
    masked.range()
    return masked.bytes.subarray(masked.offset)
  }

  /** Fields that were not examined because of a limit, since it was asked last. */
  takeUnexamined(): number {
    const unexamined = this.#unexamined
    this.#unexamined = 0
    return unexamined
  }

  /** Walks the message up to the reader's end. `forced` are the bits of the key above. */
  #walk(message: Message, path: string, key: string, forced: number, depth: number): Outcome {
    const reader = this.#reader
    let outcome: Outcome = keep
    while (reader.more()) {
      const start = reader.offset
      const tag = reader.tag()
      if ((tag & 7) !== 2) {
        reader.skip(tag)
        if (message.name === 'AnyValue') {
          const numeric = this.#number(tag, start, path, key, forced)
          if (numeric > outcome) outcome = numeric
        }
        continue
      }
      const prefixAt = reader.offset
      const end = reader.range()
      const bits = this.#hits.bitsIn(start, end) | forced
      if (bits === 0) {
        reader.offset = end
        continue
      }
      const field = message.byNumber[tag >>> 3]
      const { count, delta } = this.#edits
      const result = this.#open(message, field, prefixAt, end, path, key, forced, bits, depth)
      reader.offset = end
      if (result === keep) continue
      const goes = result === removeField || (field?.message && removable.has(field.message.name))
      if (goes && !(message.name === 'AnyValue' || message.name === 'KeyValue')) {
        if (result === removeRecord) this.removed = true
        this.#edits.rollBack(count, delta)
        this.#edits.remove(start, end)
      } else if (result > outcome) outcome = result
    }
    return outcome
  }

  #open(
    parent: Message,
    field: Field | undefined,
    prefixAt: number,
    end: number,
    path: string,
    key: string,
    forced: number,
    bits: number,
    depth: number,
  ): Outcome {
    const start = this.#reader.offset
    if (field === undefined) return this.#unknown(start, end, path, bits)
    if (field.kind === 'string' || field.kind === 'bytes') {
      const isKey = parent.name === 'KeyValue'
      const at = isKey || parent.name === 'AnyValue' ? path : this.#below(path, parent, field)
      const isSame = this.#identity && !isNoIdentity(parent, field)
      // A key is no context for itself.
      const context = isKey ? '' : key
      return this.#text(prefixAt, start, end, at, context, bits, isSame || isKey, isSame)
    }
    if (field.kind !== 'message') {
      if (field.kind === 'id' && this.#isId(field.name, start, end)) return keep
      // Packed numbers; a single number does not come so, and whoever reads it keeps it as unknown.
      return field.kind !== 'id' && field.repeated ? keep : this.#unknown(start, end, path, bits)
    }
    const reader = this.#reader
    const outer = reader.end
    const edits = this.#edits
    const deltaBefore = edits.delta
    const mark = edits.enter(prefixAt, start)
    const wasIdentity = this.#identity
    if (wasIdentity && (field.name === 'exemplars' || isNoIdentity(parent, field))) {
      this.#identity = false
    }
    reader.end = end
    const { seen } = this.#settings.examiner
    // What was seen in the resource or scope is not in the record. Even where nothing was, `clear` allocates a new table, and V8
    // makes it as old as the set: only a collection of the whole heap would free it.
    if (seen.size > 0 && removable.has(field.message.name)) seen.clear()
    const inner =
      field.message.name === 'KeyValue'
        ? this.#pair(field, parent, start, end, path, key, forced, depth)
        : this.#message(parent, field, path, key, forced, depth)
    if (inner === keep) this.#tag(field.message, end)
    reader.end = outer
    this.#identity = wasIdentity
    edits.leave(mark, end - start, deltaBefore)
    return inner
  }

  /** Names in an attribute the rules that only tag, at the end of a record in which they found something. */
  #tag({ name, byName }: Message, end: number): void {
    const { seen, rules } = this.#settings.examiner
    if (seen.size === 0 || (name !== 'LogRecord' && name !== 'Span')) return
    const names = [...seen].map((index) => (rules[index] as Rule).detector.name).sort()
    seen.clear()
    const { tagAttribute } = this.#settings
    if (tagAttribute === '') return
    const writer = new Writer()
    writeKeyValue(writer, byName.get('attributes')?.tag as number, tagAttribute, names.join())
    this.#edits.insert(end, Buffer.from(writer.finish()).toString('latin1'))
  }

  #message(
    parent: Message,
    field: Field,
    path: string,
    key: string,
    forced: number,
    depth: number,
  ): Outcome {
    const { name } = field.message
    const isValue = name === 'AnyValue' || name === 'ArrayValue' || name === 'KeyValueList'
    if (isValue && depth > this.#settings.maxDepth) return this.#tooDeep()
    // The value of an attribute has the path of its key already.
    const nested = parent.name === 'KeyValue' || parent.name === 'AnyValue' || name === 'AnyValue'
    const place = nested && field.name !== 'body' ? path : this.#below(path, parent, field)
    return this.#walk(field.message, place, key, forced, depth + (isValue ? 1 : 0))
  }

  /** An attribute: what its key says counts for the value. */
  #pair(
    field: Field,
    parent: Message,
    start: number,
    end: number,
    path: string,
    key: string,
    forced: number,
    depth: number,
  ): Outcome {
    const reader = this.#reader
    const own = this.#keyOf(start, end)
    const base = parent.name === 'KeyValueList' ? path : this.#below(path, parent, field)
    const place = own === '' || !this.#hasPaths ? base : `${base}.${own}`
    const joined = key === '' ? lowerAscii(own) : `${key}.${lowerAscii(own)}`
    // Every hit of the pair, also one in the key, and one where key and value meet.
    const bits = this.#hits.bitsIn(start, end) | forced
    reader.offset = start
    return this.#walk(field.message, place, joined, bits, depth + 1)
  }

  #below(path: string, parent: Message, field: Field): string {
    return this.#hasPaths ? joinPath(path, wordOf(parent.name, field.name)) : path
  }

  /** The text of the last key in the pair, which is the one that counts. */
  #keyOf(start: number, end: number): string {
    const reader = this.#reader
    reader.offset = start
    let key = ''
    while (reader.offset < end) {
      const tag = reader.tag()
      if (tag !== stringTag) {
        reader.skip(tag)
        continue
      }
      const keyEnd = reader.range()
      key = reader.bytes.toString('latin1', reader.offset, keyEnd)
      reader.offset = keyEnd
    }
    return key
  }

  #text(
    prefixAt: number,
    start: number,
    end: number,
    path: string,
    key: string,
    bits: number,
    distinct: boolean,
    identity: boolean,
  ): Outcome {
    const { examiner, paths, maxFieldBytes, pseudonyms, onLimit } = this.#settings
    if (paths !== undefined && !paths.allows(path)) return keep
    let replacement: string
    if (end - start > maxFieldBytes) {
      this.#unexamined++
      if (onLimit === 'drop_record') return removeRecord
      const text = distinct ? this.#reader.bytes.toString('latin1', start, end) : ''
      replacement = distinct ? `<unexamined:${pseudonyms.of('', text, true)}>` : '<unexamined>'
    } else {
      const text = this.#reader.bytes.toString('latin1', start, end)
      const result = examiner.examine(text, key, bits, distinct, path)
      if (result === verdict.clean) return keep
      if (identity && this.#settings.onLabel === 'drop_series') return removeRecord
      if (result !== verdict.replaced) return result === verdict.drop ? removeField : removeRecord
      ;({ replacement } = examiner)
    }
    this.#edits.replaceText(prefixAt, end, replacement)
    return keep
  }

  /** A whole number as an attribute value: its digits may be a card's. It becomes a string where they are. */
  #number(tag: number, start: number, path: string, key: string, forced: number): Outcome {
    const reader = this.#reader
    const end = reader.offset
    if ((this.#hits.bitsIn(start, end) | forced) === 0) return keep
    reader.offset = start
    reader.tag()
    let digits = ''
    if (tag === 24) digits = BigInt.asIntN(64, reader.varint64()).toString()
    else if (tag === 33) digits = wholeDigits(reader.double())
    reader.offset = end
    if (digits === '') return keep
    const { examiner, paths } = this.#settings
    if (paths !== undefined && !paths.allows(path)) return keep
    const result = examiner.examine(digits, key, allBits, this.#identity, path)
    if (result === verdict.clean) return keep
    if (this.#identity && this.#settings.onLabel === 'drop_series') return removeRecord
    if (result !== verdict.replaced) return result === verdict.drop ? removeField : removeRecord
    this.#edits.replaceNumber(start, end, examiner.replacement)
    return keep
  }

  /** A field of a newer OTLP may be text or a message: found text is removed with it. */
  #unknown(start: number, end: number, path: string, bits: number): Outcome {
    if (end - start > this.#settings.maxFieldBytes) return removeField
    const text = this.#reader.bytes.toString('latin1', start, end)
    const found = this.#settings.examiner.examine(text, '', bits, false, path)
    return found === verdict.clean ? keep : removeField
  }

  /**
   * Whether it has the length of a trace or span id and is no text. Random bytes are text once in seven million trace ids, and
   * never what a detector finds; a sender that puts a name of its own there means it as text.
   */
  #isId(name: string, start: number, end: number): boolean {
    if (end - start !== (name === 'trace_id' ? traceIdBytes : spanIdBytes)) return false
    const { bytes } = this.#reader
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number
      if (byte < 0x20 || byte > 0x7e) return true
    }
    return false
  }

  #tooDeep(): Outcome {
    this.#unexamined++
    // A label that goes could make two series one.
    return this.#settings.onLimit === 'drop_record' || this.#identity ? removeRecord : removeField
  }
}

function isNoIdentity(parent: Message, field: Field): boolean {
  return notIdentity.has(`${parent.name}.${field.name}`)
}

/** A double that is a whole number, as people would write it. */
function wholeDigits(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? String(value) : ''
}
