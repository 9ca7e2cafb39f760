import type { RedactionConfig } from '../schema.ts'
import { cleanMemcached, cleanRedis } from './commands.ts'
import { cleanJson } from './json-query.ts'
import { cleanSql } from './sql.ts'

/** One kind of database that is switched on. */
interface Cleaner {
  readonly systems: ReadonlySet<string>
  readonly attributes: ReadonlySet<string>
  /** `system` is that of the span or data point, where it says one. */
  clean(text: string, system: string): string
}

type Options = RedactionConfig['db_sanitizer']
type Kind = Exclude<keyof Options, 'sanitize_span_name'>

/** Values of `db.system.name` (semantic conventions 1.40) and how their statements are cleaned, in the order that texts without a system go through. */
const kinds: readonly (readonly [Kind, systems: readonly string[], Cleaner['clean']])[] = [
  ['sql', ['other_sql', 'mysql', 'postgresql', 'mariadb', 'sqlite'], cleanSql],
  ['redis', ['redis'], cleanRedis],
  ['valkey', ['valkey'], cleanRedis],
  ['memcached', ['memcached'], cleanMemcached],
  ['mongo', ['mongodb'], cleanJson],
  ['opensearch', ['opensearch'], cleanJson],
  ['es', ['elasticsearch'], cleanJson],
]

/** Takes what people wrote out of database statements and leaves their shape. */
export class DbSanitizer {
  readonly sanitizesNames: boolean
  readonly #cleaners: readonly Cleaner[]

  constructor(options: Options) {
    this.#cleaners = kinds
      .filter(([kind]) => options[kind].enabled)
      .map(([kind, systems, clean]) => ({
        systems: new Set(systems),
        attributes: new Set(options[kind].attributes),
        clean,
      }))
    this.sanitizesNames = this.isOn && options.sanitize_span_name
  }

  get isOn(): boolean {
    return this.#cleaners.length > 0
  }

  /** Without a system only logs are cleaned: in them the attribute alone says that it is a statement. */
  sanitizeAttribute(text: string, key: string, system: string, inLogs: boolean): string {
    if (system === '' && !inLogs) return text
    let cleaned = text
    for (const { systems, attributes, clean } of this.#cleaners) {
      if (!attributes.has(key)) continue
      if (system === '') cleaned = clean(cleaned, '')
      else if (systems.has(system)) return clean(text, system)
    }
    return cleaned
  }

  sanitizeBody(text: string): string {
    return this.#cleaners.reduce((cleaned, { clean }) => clean(cleaned, ''), text)
  }

  sanitizeName(name: string, system: string): string {
    const cleaner = this.#cleaners.find(({ systems }) => systems.has(system))
    return cleaner === undefined ? name : cleaner.clean(name, system)
  }
}
