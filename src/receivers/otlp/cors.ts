import type { CorsConfig } from './schema.ts'

/** What a page may always send (the collector's default). */
const usualHeaders = ['accept', 'content-type', 'x-requested-with', 'origin']

/**
 * Answers of the CORS protocol (Fetch standard, section 3.2), as the collector gives them: the origin is repeated
 * rather than `*`, unless every origin is allowed, and credentials are allowed.
 */
export class Cors {
  readonly #anyOrigin: boolean
  readonly #origins: readonly RegExp[]
  readonly #anyHeader: boolean
  readonly #headers: ReadonlySet<string>
  readonly #exposed: string
  readonly #maxAgeSeconds: number

  constructor(config: CorsConfig) {
    this.#anyOrigin = config.allowed_origins.includes('*')
    this.#origins = config.allowed_origins.map(originPattern)
    this.#anyHeader = config.allowed_headers.includes('*')
    const names = config.allowed_headers.map((name) => name.toLowerCase())
    this.#headers = new Set([...usualHeaders, ...names])
    this.#exposed = config.exposed_headers.join(', ')
    this.#maxAgeSeconds = config.max_age
  }

  /** Headers for the answer to a request of this origin, names and values in turn. */
  responseHeaders(origin: string | undefined): string[] {
    if (origin === undefined) return []
    if (!this.#allows(origin)) return ['vary', 'origin']
    const headers = this.#originHeaders(origin)
    if (this.#exposed !== '') headers.push('access-control-expose-headers', this.#exposed)
    return headers
  }

  /** The same for a preflight: the browser asks whether it may send `method` with `requestHeaders`. */
  preflightHeaders(
    origin: string | undefined,
    method: string | undefined,
    requestHeaders: string | undefined,
  ): string[] {
    const vary = ['vary', 'origin, access-control-request-method, access-control-request-headers']
    if (origin === undefined || !this.#allows(origin) || method !== 'POST') return vary
    const asked = (requestHeaders ?? '')
      .split(',')
      .map((name) => name.trim().toLowerCase())
      .filter((name) => name !== '')
    if (!this.#anyHeader && !asked.every((name) => this.#headers.has(name))) return vary
    const headers = this.#originHeaders(origin).slice(0, -2)
    headers.push(...vary, 'access-control-allow-methods', 'POST')
    if (asked.length > 0) headers.push('access-control-allow-headers', asked.join(', '))
    if (this.#maxAgeSeconds > 0) headers.push('access-control-max-age', String(this.#maxAgeSeconds))
    return headers
  }

  #allows(origin: string): boolean {
    return this.#anyOrigin || this.#origins.some((pattern) => pattern.test(origin))
  }

  #originHeaders(origin: string): string[] {
    return [
      'access-control-allow-origin',
      this.#anyOrigin ? '*' : origin,
      'access-control-allow-credentials',
      'true',
      'vary',
      'origin',
    ]
  }
}

/** `https://*.example.com`: `*` is any run of characters; everything else stands for itself, in any case. */
function originPattern(text: string): RegExp {
  const escaped = text.replace(/[\\^$.|?+()[\]{}]/g, '\\$&').replace(/\*+/g, '.*')
  return new RegExp(`^${escaped}$`, 'i')
}
