import * as v from 'valibot'
import { rules } from '../../component/rule.ts'
import { secret } from '../../component/schema.ts'
import { pattern } from '../../regex/schema.ts'

const flag = (description: string, byDefault = false) =>
  v.pipe(v.optional(v.boolean('must be true or false'), byDefault), v.description(description))

const names = (description: string) =>
  v.pipe(
    v.optional(v.array(v.string('must be a string'), 'must be a list'), []),
    v.description(description),
  )

const patterns = (description: string) =>
  v.pipe(v.optional(v.array(pattern(), 'must be a list'), []), v.description(description))

const hashFunctions = ['', 'md5', 'sha1', 'sha3', 'hmac-sha256', 'hmac-sha512'] as const
type HashFunction = (typeof hashFunctions)[number]

const hashFunction = v.pipe(
  v.string('must be a string'),
  v.toLowerCase(),
  v.picklist(hashFunctions, `must be one of ${hashFunctions.slice(1).join(', ')}`),
)

/** Bytes that the key must have at least. */
const keySizes: Readonly<Partial<Record<HashFunction, number>>> = {
  'hmac-sha256': 32,
  'hmac-sha512': 64,
}

const database = (what: string) =>
  v.optional(
    v.strictObject({
      enabled: flag(`Clean ${what}.`),
      attributes: names('Attributes that hold them. Texts of log bodies are cleaned in any case.'),
    }),
    {},
  )

const spanNames = flag('Clean the names of spans too.', true)

const urlSanitizer = v.strictObject({
  enabled: flag(
    'Put `*` for the parts of URL paths that are ids, and cut off query and fragment; all texts of log bodies are taken for URLs.',
  ),
  attributes: names('Attributes that hold URLs.'),
  sanitize_span_name: spanNames,
})

const dbSanitizer = v.strictObject({
  sql: database('literals out of SQL'),
  redis: database('arguments out of Redis commands'),
  valkey: database('arguments out of Valkey commands'),
  memcached: database('values out of Memcached commands'),
  mongo: database('values out of MongoDB queries in JSON'),
  opensearch: database('values out of OpenSearch queries in JSON'),
  es: database('values out of Elasticsearch queries in JSON'),
  sanitize_span_name: spanNames,
})

export const redactionSchema = v.pipe(
  v.strictObject({
    allow_all_keys: flag('Keep attributes whatever their key; `allowed_keys` then does nothing.'),
    allowed_keys: names(
      'Keys of attributes, and of maps in log bodies, that are kept. All others are removed: without this list and without `allow_all_keys`, that is every one.',
    ),
    ignored_keys: names('Keys whose values pass as they are. They need not be allowed as well.'),
    ignored_key_patterns: patterns('As `ignored_keys`, for keys in which the pattern is found.'),
    redact_all_types: flag(
      'Examine attributes of every type by their text, not only strings. What is masked becomes a string.',
    ),
    blocked_key_patterns: patterns(
      'The whole value is masked where the pattern is found in the key.',
    ),
    blocked_values: patterns('What matches in a value is masked, and the rest of it stays.'),
    allowed_values: patterns('A value in which the pattern is found is left as it is.'),
    hash_function: v.pipe(
      v.optional(hashFunction, ''),
      v.description(
        'What stands for a match, in hex: `md5`, `sha1`, `sha3` (256 bits), `hmac-sha256` or `hmac-sha512`. Without it `****`. Of short values everyone can find the one that has a hash: use an HMAC.',
      ),
    ),
    hmac_key: v.optional(
      v.pipe(secret(), v.description('Key of the HMAC: at least 32 bytes, 64 for `hmac-sha512`.')),
    ),
    summary: v.pipe(
      v.optional(
        v.picklist(['debug', 'info', 'silent', ''], 'must be one of debug, info, silent'),
        '',
      ),
      v.transform((level) => (level === '' ? 'silent' : level)),
      v.description(
        'Attributes that say what was done: counts (`info`), counts and keys (`debug`), none (`silent`).',
      ),
    ),
    url_sanitizer: v.optional(urlSanitizer, {}),
    db_sanitizer: v.optional(dbSanitizer, {}),
  }),
  rules(['hash_function', 'hmac_key'], ({ hash_function, hmac_key }) => {
    const sizeMin = keySizes[hash_function] ?? 0
    const size = Buffer.byteLength(hmac_key?.reveal() ?? '')
    const message = `must have at least ${sizeMin} bytes for ${hash_function}, not ${size}`
    return size < sizeMin ? [{ message, at: ['hmac_key'] }] : []
  }),
)

export type RedactionConfig = v.InferOutput<typeof redactionSchema>
