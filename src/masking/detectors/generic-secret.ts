import { entropy } from '../checks.ts'
import { confidence, type Detector } from '../detector.ts'
import { anyCase, blanks, eitherCase } from '../latin1.ts'
import { findInCookies, isCookieKey } from './cookies.ts'
import { isDirectory, isPlaceholder } from './placeholder.ts'
import { quoted } from './quoted.ts'
import { findInSql } from './sql.ts'

const russian = anyCase('\u043f\u0430\u0440\u043e\u043b\u044c')
const chinese = anyCase('\u5bc6\u7801')
/** What follows these is a password, however simple. UTF-8 as latin1. */
const strong =
  `(?:pass(?:word|wd|phrase|code)|passwort|kennwort|contrase(?:n|\\xc3[\\x91\\xb1])a|senha|wachtwoord|mot[ _-]?de[ _-]?passe|pwd|secret|${russian}|${chinese})s?` +
  '(?:[_-]?(?:confirm(?:ation|ed)?|old|new|current|repeat(?:ed)?|again|verify|value|string|text|[0-9]))?'
/** What follows these is a secret if it looks like one; so is what is below them. */
const weakAbove =
  '(?:api|app|access|secret|private|auth|signing|encryption|account|shared[_-]?access|master|service|ssh)[_-]?keys?(?:[_-]?id)?|client[_-]?secrets?|webhook[_-]?secrets?|tokens?'
const weakOther =
  '(?:(?<![A-Za-z])|user|db|root|admin|sql|smtp|mail|ftp|ldap)pass|(?<![A-Za-z])pw|credentials?|session[_-]?ids?|sessid|jsessionid|phpsessid|auth'

/** Of the weak ones those that people choose and type. */
const isShortPassword = /p(?:ass|w)$/i

const strongKey = new RegExp(`(?:${strong})(?:$|[.])|(?:^|[^a-z])pass$`)
const weakKey = new RegExp(`(?:${weakAbove}|${weakOther})$`)
const weakKeyAbove = new RegExp(`(?:${weakAbove})[.]`)
/** Tokens that page through lists, and counts of them. */
const harmlessKey =
  /(?:next|page|paging|pagination|continuation|cursor|sync|max|total|prompt|completion|input|output|cancel(?:lation)?)[_.-]?tokens?$/
/** Of a key below a secret's: what is told about the secret. */
const aboutSecret =
  /[.](?:names?|ids?|count|length|size|age|policy|expire[sd]?(?:_at)?|created(?:_at)?|updated(?:_at)?|rotated(?:_at)?|type|kind|version|url|uri|path|status|state|enabled|required|namespace|hint|strength|changed|reset|ttl|provider|source|ref|arn|algorithm|issuer|scopes?)$/

/** The longest first: `secret_key` is no `secret`, and `password` no `pass`. */
const written = new RegExp(eitherCase(`${weakAbove}|(${strong})|${weakOther}`), 'g')

/** From the word to the value, each with the quote that the value begins with. */
const joins = {
  /** `var token string = "`, `token: string = "`: with a type between, and always a quote. */
  typed: /[ \t]{0,3}:?[ \t]{1,3}[A-Za-z][\w.<>*&[\]]{0,30}[ \t]{1,3}:?=[ \t]{0,3}(\\?["'])/y,
  /** `password=`, `"password": "`: the rest of a quoted key, a sign, and perhaps a quote. */
  sign: /["'\\\]]{0,3}[ \t]{0,3}(?:=>|:{1,3}=|[?+.|]=|[:=]{1,2})[ \t]{0,3}(\\?["']|[bfru]["'])?/y,
  /** `setProperty("api.token", "…")`: only behind a parenthesis. */
  argument: /\\?["'][ \t]{0,3},[ \t]{0,3}(\\?["'])/y,
  /** `name: DB_PASSWORD` and then `value: …`, as attributes, in YAML or JSON. */
  sibling:
    /(?=[\\"',;\s])\\?["']?[,;]?\s{0,40}\\?["']?value\\?["']?\s{0,3}[:=]\s{0,3}(?:\{\s{0,3}\\?"string_?[Vv]alue\\?"\s{0,3}:\s{0,3})?(\\?["'])?/iy,
  /** `<password>…`: only behind a `<`. */
  element: /(?:\s[^<>]{0,100})?>(?:\s|\\[nrt]){0,40}()(?=[^<>\s])/y,
  /** `--password …`: only behind dashes. */
  option: /[ \t]{1,3}(\\?["'])?(?!-)/y,
  /** `password is …`. */
  prose: /[ \t]{1,3}(?:is|was)[ \t]{0,2}:?[ \t]{1,2}(\\?["'])?/iy,
} as const
type Join = keyof typeof joins

const values = {
  ...quoted,
  bare: /[^\s"',;&<>(){}[\]\\]{1,1024}/y,
  element: /[^<>\r\n\\]{1,1024}/y,
} as const

/** What must stand before the word. */
const starts: Partial<Record<Join, RegExp>> = {
  argument: /\([ \t]{0,3}\\?["'][\w.:-]{0,60}$/,
  element: /<[\w:.-]{0,60}$/,
  option: /(?:^|\s)--?[\w.-]{0,60}$/,
}

export const genericSecret: Detector = {
  name: 'generic_secret',
  group: 'secrets',
  summary:
    'Values beside words such as password (any value; in text from three characters on), and api_key, token or secret (values of mixed characters and enough entropy), in keys of attributes and in text: pairs, JSON, YAML, XML, options of commands, SQL, cookies.',
  anchors: [
    '(?i)(?:pass(?:word|wd|phrase|code|wort)|kennwort|senha|wachtwoord|contrase|mot.?de.?passe|pwd|secret)',
    `${russian}|${chinese}`,
    // What may follow in text, or the tag of the value behind the key of an attribute.
    `(?i:(?:key|token|credential|sess(?:ion[_-]?)?id|auth|cookie|pass|pw)s?)[${blanks}"'\\\\\\],;:=>.?+|\\x12]`,
    // `access_key_id`, which has more behind the word.
    '(?i)key[_-]?id',
    '(?i)identified (?:by|with)',
  ],
  find(text, key, report) {
    if (key !== '' && judgeByKey(text, key)) {
      report.add(0, text.length, confidence.likely)
      return
    }
    findInCookies(text, key, report, looksSecret)
    findInSql(text, report)
    written.lastIndex = 0
    for (let match = written.exec(text); match !== null; match = written.exec(text)) {
      const found = valueBehind(text, match.index, written.lastIndex)
      if (found === undefined) continue
      const before = text.slice(Math.max(0, match.index - 16), written.lastIndex).toLowerCase()
      if (harmlessKey.test(before)) continue
      const first = text.slice(found.start, found.end)
      if (isPlaceholder(first) || isDirectory(match[0], first)) continue
      const whole = match[1] === undefined ? found : throughBrackets(text, found)
      const sure = judge(text, match, whole)
      if (sure === 0) continue
      report.add(whole.start, whole.end, sure)
      written.lastIndex = whole.end
    }
  },
}

interface Found {
  readonly join: Join
  readonly quote: string | undefined
  readonly start: number
  readonly end: number
}

/** The value that belongs to the word in `text[start, end)`. */
function valueBehind(text: string, start: number, end: number): Found | undefined {
  for (const join of Object.keys(joins) as Join[]) {
    if (starts[join]?.test(text.slice(Math.max(0, start - 64), start)) === false) continue
    const pattern = joins[join]
    pattern.lastIndex = end
    const joined = pattern.exec(text)
    if (joined === null) continue
    const quote = joined[1]?.replace(/^[bfru]/i, '') || undefined
    const value =
      values[join === 'element' ? 'element' : ((quote ?? 'bare') as keyof typeof values)]
    value.lastIndex = pattern.lastIndex
    const found = value.exec(text)
    if (found === null) return undefined
    const last = value.lastIndex
    return {
      join,
      quote,
      start: found.index,
      end: quote === undefined && join !== 'element' ? trimmedEnd(text, found.index, last) : last,
    }
  }
  return undefined
}

/** A sentence goes on behind an unquoted value. */
function trimmedEnd(text: string, start: number, end: number): number {
  let last = end
  while (last > start + 1 && /[.,:;]/.test(text[last - 1] as string)) last--
  return last
}

const behindBrackets = /[(){}[\]]{1,8}[^\s"',;&<>(){}[\]\\]{1,1024}/y
const valueMax = 1024
const brackets = ['()', '[]', '{}'] as const

/** A password may have brackets in it: `ab]cd`. What closes one in front of it ends it: `login(password=abc).then`. */
function throughBrackets(text: string, found: Found): Found {
  if (found.quote !== undefined || found.join === 'element') return found
  let { end } = found
  let closing: string | undefined
  while (end - found.start < valueMax) {
    behindBrackets.lastIndex = end
    if (!behindBrackets.test(text)) break
    closing ??= closingOf(text.slice(Math.max(0, found.start - 200), found.start))
    if (closing.includes(text[end] as string)) break
    end = trimmedEnd(text, found.start, behindBrackets.lastIndex)
  }
  return { ...found, end }
}

/** The brackets that close what is still open at the end of `text`. */
function closingOf(text: string): string {
  let closing = ''
  for (const [open, close] of brackets) {
    let depth = 0
    for (const sign of text) {
      if (sign === open) depth++
      else if (sign === close && depth > 0) depth--
    }
    if (depth > 0) closing += close
  }
  return closing
}

function judgeByKey(text: string, key: string): boolean {
  const value = text.trim()
  if (value === '' || isPlaceholder(value) || isCookieKey(key)) return false
  if (aboutSecret.test(key)) return false
  if (strongKey.test(key)) return !isDirectory(key, value)
  if (harmlessKey.test(key)) return false
  return weakKey.test(key)
    ? looksSecret(value, 8)
    : weakKeyAbove.test(key) && looksSecret(value, 12)
}

function judge(text: string, match: RegExpExecArray, found: Found): number {
  const { join, quote, start, end } = found
  const value = text.slice(start, end)
  const word = match[0]
  if (isPlaceholder(value) || value.length < 3) return 0
  // `in("password", "username2")` names two keys.
  if (join === 'argument') return looksSecret(value, 12) ? confidence.likely : 0
  const isStrong = match[1] !== undefined
  if (looksSecret(value, isStrong || isShortPassword.test(word) ? 6 : 8)) return confidence.likely
  if (!isStrong || join === 'prose') return 0
  // `password=hunter` is a password, `password: please enter one` is prose.
  if (quote !== undefined) return value.length <= 64 ? confidence.likely : confidence.possible
  if (join !== 'sign') return value.length < 4 ? confidence.possible : confidence.likely
  const sign = text.slice(match.index + word.length, start)
  const isPair = sign.includes('=') || /^\\?["']/.test(sign) || isEntry(text, match.index, end)
  return isPair ? confidence.likely : confidence.possible
}

/** A line, or an element of a list in one, that is a key and one word: `db_password: swordfish`. */
function isEntry(text: string, start: number, end: number): boolean {
  const rest = text.slice(end, end + 4)
  if (!/^[ \t]*(?:[\r\n,;}\]]|\\n|$)/.test(rest)) return false
  return /(?:^|[\r\n{,[])[ \t"'-]{0,32}$|[A-Za-z0-9][_.-]$|[a-z]$/.test(
    text.slice(Math.max(0, start - 33), start),
  )
}

/** Letters mixed with digits or signs, not a word, a path, a number or a time. */
function looksSecret(value: string, lengthMin: number): boolean {
  if (value.length < lengthMin || /\s/.test(value)) return false
  if (!/[0-9]/.test(value) || !/[A-Za-z]/.test(value)) {
    return /[A-Za-z]/.test(value) && /[^A-Za-z0-9._/:-]/.test(value) && entropy(value) >= 2.5
  }
  if (/^(?:https?|file):\/\//i.test(value)) return false
  return entropy(value.slice(0, 256)) >= 2.5
}
