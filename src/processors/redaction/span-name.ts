import type { AttributeMap } from './attribute-map.ts'
import { type Rules, systemOf } from './rules.ts'

/** Of `Span.kind`. */
const kinds = { internal: 1, server: 2, client: 3 } as const

/** A span with one of these is one of HTTP, whatever its name. */
const httpKeys = [
  'http.route',
  'http.request.method',
  'http.request.method_original',
  'http.response.status_code',
  'url.full',
  'http.scheme',
  'http.target',
  'http.method',
  'http.url',
]

export interface NamedSpan {
  readonly name: string
  readonly kind: number
  readonly attributes: AttributeMap
}

/** The name as `url_sanitizer` and `db_sanitizer` leave it. */
export function sanitizeName(span: NamedSpan, rules: Rules): string {
  const { name } = span
  if (rules.allowsValue(name)) return name
  if (rules.sanitizesNamesOfUrls && isHttp(span)) {
    const path = rules.urls?.sanitize(name) ?? name
    // A name that would only be stars says more as it is.
    if (path !== name && !isOnlyStars(path)) return path === '' ? name : path
  }
  if (!rules.databases.sanitizesNames) return name
  if (span.kind !== kinds.internal && span.kind !== kinds.server && span.kind !== kinds.client) {
    return name
  }
  const statement = rules.databases.sanitizeName(name, systemOf(span.attributes))
  return statement === '' || statement === '...' ? name : statement
}

function isHttp({ name, kind, attributes }: NamedSpan): boolean {
  if (kind !== kinds.client && kind !== kinds.server) return false
  return name.includes('/') || httpKeys.some((key) => attributes.has(key))
}

function isOnlyStars(path: string): boolean {
  const parts = path.split('/').filter((part) => part !== '')
  return parts.length > 0 && parts.every((part) => part === '*')
}
