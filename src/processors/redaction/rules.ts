import type { Pattern } from '../../regex/pattern.ts'
import { type AttributeMap, change, type Entry } from './attribute-map.ts'
import { DbSanitizer } from './db/db-sanitizer.ts'
import {
  compilePatterns,
  createReplace,
  maskWhole,
  matchesAny,
  type Replace,
  replaceAll,
} from './masking-patterns.ts'
import type { RedactionConfig } from './schema.ts'
import { Summary, summaryKeys } from './summary.ts'
import { UrlSanitizer } from './url-sanitizer.ts'
import { textOf } from './value-text.ts'

/** What the configuration says about a key. */
export const fate = { examine: 0, ignore: 1, remove: 2, mask: 3 } as const
export type Fate = (typeof fate)[keyof typeof fate]

/** Keys are few: a sender that makes up more has them judged anew. */
const keysKept = 4096

/** The configuration, compiled. The order of the rules is the collector's. */
export class Rules {
  readonly replace: Replace
  readonly blockedValues: readonly Pattern[]
  readonly urls: UrlSanitizer | undefined
  readonly databases: DbSanitizer
  readonly #config: RedactionConfig
  readonly #allowedKeys: ReadonlySet<string>
  readonly #ignoredKeys: ReadonlySet<string>
  readonly #ignoredPatterns: readonly Pattern[]
  readonly #blockedKeys: readonly Pattern[]
  readonly #allowedValues: readonly Pattern[]
  readonly #fates = new Map<string, Fate>()

  constructor(config: RedactionConfig) {
    this.#config = config
    this.replace = createReplace(config)
    this.blockedValues = compilePatterns(config.blocked_values)
    this.#allowedKeys = new Set([...config.allowed_keys, ...summaryKeys])
    this.#ignoredKeys = new Set(config.ignored_keys)
    this.#ignoredPatterns = compilePatterns(config.ignored_key_patterns)
    this.#blockedKeys = compilePatterns(config.blocked_key_patterns)
    this.#allowedValues = compilePatterns(config.allowed_values)
    this.urls = config.url_sanitizer.enabled ? new UrlSanitizer(config.url_sanitizer) : undefined
    this.databases = new DbSanitizer(config.db_sanitizer)
  }

  /** A blocked key counts behind `allowed_values` in attributes, and in front of it in bodies. */
  fateOf(key: string): Fate {
    let known = this.#fates.get(key)
    if (known === undefined) {
      known = this.#judge(key)
      if (this.#fates.size >= keysKept) this.#fates.clear()
      this.#fates.set(key, known)
    }
    return known
  }

  #judge(key: string): Fate {
    if (this.#ignoredKeys.has(key) || matchesAny(this.#ignoredPatterns, key)) return fate.ignore
    if (!this.#config.allow_all_keys && !this.#allowedKeys.has(key)) return fate.remove
    return matchesAny(this.#blockedKeys, key) ? fate.mask : fate.examine
  }

  allowsValue(text: string): boolean {
    return matchesAny(this.#allowedValues, text)
  }

  /** `bits` are those of the patterns that may match. What one of them put in may be matched by a later one. */
  maskBlocked(text: string, bits: number): string {
    let masked = text
    for (const [index, pattern] of this.blockedValues.entries()) {
      if (masked === text && (bits & bitOf(index)) === 0) continue
      masked = replaceAll(masked, pattern, this.replace)
    }
    return masked
  }

  /** `inLogs`: database statements are recognised without `db.system`. */
  redact(attributes: AttributeMap, inLogs: boolean): void {
    const summary = new Summary(this.#config.summary, '')
    const system = this.databases.isOn ? systemOf(attributes) : ''
    for (const entry of attributes.entries) {
      const { key, value } = entry
      const decided = this.fateOf(key)
      if (decided === fate.ignore) {
        summary.ignored++
        continue
      }
      if (decided === fate.remove) {
        summary.removed.push(key)
        entry.state = 'removed'
        continue
      }
      const isText = value?.kind === 'string'
      const text = isText || this.#config.redact_all_types ? textOf(value) : ''
      if (this.allowsValue(text)) {
        summary.allowed.push(key)
        continue
      }
      const masked =
        decided === fate.mask
          ? maskWhole(text, this.replace)
          : this.#examine(text, entry, system, inLogs)
      if (masked === text && decided !== fate.mask) continue
      summary.masked.push(key)
      change(entry, { kind: 'string', value: masked })
    }
    summary.addTo(attributes)
  }

  #examine(text: string, { key, bits }: Entry, system: string, inLogs: boolean): string {
    const masked = this.maskBlocked(text, bits)
    const path = this.urls === undefined ? masked : this.urls.sanitizeAttribute(masked, key)
    return this.databases.sanitizeAttribute(path, key, system, inLogs)
  }

  get sanitizesNamesOfUrls(): boolean {
    return this.urls !== undefined && this.#config.url_sanitizer.sanitize_span_name
  }

  /** Whether every attribute must be seen, also where no blocked value is. */
  get seesAll(): boolean {
    const config = this.#config
    const counts = config.summary !== 'silent'
    return (
      !config.allow_all_keys ||
      config.redact_all_types ||
      this.#blockedKeys.length > 0 ||
      this.urls !== undefined ||
      this.databases.isOn ||
      (counts && this.#ignoredKeys.size + this.#ignoredPatterns.length > 0) ||
      (counts && this.#allowedValues.length > 0)
    )
  }

  /** A text of a log body. */
  examineBody(text: string, bits: number): string {
    const masked = this.maskBlocked(text, bits)
    const path = this.urls === undefined ? masked : this.urls.sanitize(masked)
    return this.databases.sanitizeBody(path)
  }
}

/** In a hit of the prefilter. From the 32nd pattern on bits are shared. */
export function bitOf(pattern: number): number {
  return 1 << (pattern % 32)
}

/** In lower case; empty where there is none. */
export function systemOf(attributes: AttributeMap): string {
  const name = attributes.text('db.system.name') || attributes.text('db.system')
  return (name ?? '').toLowerCase()
}
