import type { AttributeMap } from './attribute-map.ts'
import { byBytes } from './value-text.ts'

export type SummaryLevel = 'silent' | 'info' | 'debug'

/** Attributes of the summary that are allowed without being listed. Those of bodies and of allowed values are not. */
export const summaryKeys = [
  'redaction.redacted.keys',
  'redaction.redacted.count',
  'redaction.masked.keys',
  'redaction.masked.count',
  'redaction.ignored.count',
]

/** What happened to the attributes of one map, or to one body, as attributes: `redaction.masked.keys`, `redaction.body.masked.count`, … */
export class Summary {
  readonly removed: string[] = []
  readonly masked: string[] = []
  readonly allowed: string[] = []
  ignored = 0
  readonly #level: SummaryLevel
  readonly #prefix: string

  constructor(level: SummaryLevel, part: '' | 'body.') {
    this.#level = level
    this.#prefix = `redaction.${part}`
  }

  /** What an earlier processor of this kind wrote is added to. */
  addTo(attributes: AttributeMap): void {
    if (this.#level === 'silent') return
    this.#add(attributes, 'redacted', this.removed)
    this.#add(attributes, 'masked', this.masked)
    this.#add(attributes, 'allowed', this.allowed)
    this.#addCount(attributes, 'ignored', this.ignored)
  }

  #add(attributes: AttributeMap, what: string, keys: readonly string[]): void {
    if (keys.length === 0) return
    if (this.#level === 'debug') {
      const name = `${this.#prefix}${what}.keys`
      const before = attributes.text(name)
      const all = before ? [...keys, ...before.split(',')] : [...keys]
      attributes.put(name, { kind: 'string', value: all.sort(byBytes).join() })
    }
    this.#addCount(attributes, what, keys.length)
  }

  #addCount(attributes: AttributeMap, what: string, count: number): void {
    if (count === 0) return
    const name = `${this.#prefix}${what}.count`
    const before = attributes.get(name)?.value
    const total = BigInt(count) + (before?.kind === 'int' ? before.value : 0n)
    attributes.put(name, { kind: 'int', value: total })
  }
}
