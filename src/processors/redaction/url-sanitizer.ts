import { isGibberish } from './gibberish.ts'

/**
 * Puts `*` for the parts of a path that are ids rather than words, and cuts off query and fragment:
 * `/users/4711/orders/x9k2?page=2` → `/users/*\/orders/*`. The rules are those of the collector's classifier:
 *
 * - at most ten parts are kept;
 * - letters, `-`, `_`, `.` and spaces are what words are made of, and one other sign in second place (`v1`, `k6-runs`);
 * - letters that follow each other as they never do in words are no word, but in front of a query.
 */
export class UrlSanitizer {
  readonly #attributes: ReadonlySet<string>

  constructor({ attributes }: { readonly attributes: readonly string[] }) {
    this.#attributes = new Set(attributes)
  }

  sanitizeAttribute(text: string, key: string): string {
    return this.#attributes.has(key) ? this.sanitize(text) : text
  }

  sanitize(url: string): string {
    const cut = url.search(/[?&#]/)
    const path = cut < 0 ? url : url.slice(0, cut)
    const parts = path.split('/')
    const isLong = parts.length > partsMax
    const kept = isLong ? parts.slice(0, partsMax) : parts
    const last = kept.length - 1
    return kept
      .map((part, index) => {
        const beforeQuery = cut >= 0 && !isLong && index === last
        return isId(part) || (!beforeQuery && isGibberish(part)) ? '*' : part
      })
      .join('/')
  }
}

const partsMax = 10
const word = /^[A-Za-z\-_. ]*$/
const wordOfTwo = /^[A-Za-z\-_. ][^\x80-\uffff][A-Za-z\-_. ]*$/

function isId(part: string): boolean {
  return !word.test(part) && !wordOfTwo.test(part)
}
