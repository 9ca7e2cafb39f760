import { entropy } from '../checks.ts'
import { confidence, type Detector } from '../detector.ts'
import { isPlaceholder } from './placeholder.ts'

/** What follows these is a password, however simple. */
const strong =
  'pass(?:word|wd|phrase|code)s?|passwort|contrase[n\\xc3\\xb1]+a|mot[_-]?de[_-]?passe|pwd|secret'
/** What follows these is a secret if it looks like one. */
const weak =
  'api[_-]?keys?|app[_-]?keys?|access[_-]?keys?(?:[_-]?id)?|secret[_-]?keys?|private[_-]?keys?|auth[_-]?keys?|signing[_-]?keys?|encryption[_-]?keys?|account[_-]?keys?|shared[_-]?access[_-]?keys?|master[_-]?keys?|service[_-]?keys?|ssh[_-]?keys?|client[_-]?secrets?|webhook[_-]?secrets?|tokens?|credentials?|session[_-]?ids?|sessid|jsessionid|phpsessid|auth'

const strongKey = new RegExp(`(?:${strong})s?$|(?:^|[^a-z])pass$`)
const weakKey = new RegExp(`(?:${weak}|cookie)$`)
/** Tokens that page through lists, and counts of them. */
const harmlessKey =
  /(?:next|page|paging|pagination|continuation|cursor|sync|max|total|prompt|completion|input|output|cancel(?:lation)?)[_.-]?tokens?$/

const written = new RegExp(`(${strong})|(${weak})`, 'gi')
/** From the word to the value: the rest of a quoted key, a sign, and perhaps a quote. */
const join = /["'\\\]]{0,3}[ \t]{0,3}(=>|:=|[:=]{1,2})[ \t]{0,3}(\\?["']|(?:b|r|f)["'])?/y
const quoted = { '"': /[^"\\\r\n]{1,1024}/y, "'": /[^'\\\r\n]{1,1024}/y } as const
const bare = /[^\s"',;&<>(){}[\]\\]{1,1024}/y

export const genericSecret: Detector = {
  name: 'generic_secret',
  group: 'secrets',
  summary:
    'Values beside words such as password (any value), and api_key, token or secret (values of mixed characters and enough entropy), in keys of attributes and in text.',
  anchors: [
    '(?i)(?:pass(?:word|wd|phrase|code|wort)|contrase|mot.?de.?passe|pwd|secret)',
    // What may follow in text, or the tag of the value behind the key of an attribute.
    `(?i)(?:key|token|credential|sess(?:ion[_-]?)?id|auth|cookie|pass)s?[ \\t"'\\\\\\]:=\\x12]`,
  ],
  find(text, key, report) {
    if (key !== '' && judgeByKey(text, key)) {
      report.add(0, text.length, confidence.likely)
      return
    }
    written.lastIndex = 0
    for (let match = written.exec(text); match !== null; match = written.exec(text)) {
      const from = written.lastIndex
      join.lastIndex = from
      const joined = join.exec(text)
      if (joined === null) continue
      const quote = joined[2]?.at(-1) as '"' | "'" | undefined
      const value = quote === undefined ? bare : quoted[quote]
      value.lastIndex = join.lastIndex
      const found = value.exec(text)
      if (found === null) continue
      const start = text.slice(Math.max(0, match.index - 16), from).toLowerCase()
      if (harmlessKey.test(start)) continue
      const end = trimmedEnd(text, found.index, value.lastIndex, quote === undefined)
      const sure = judge(text.slice(found.index, end), match[1] !== undefined, joined, quote)
      if (sure === 0) continue
      report.add(found.index, end, sure)
      written.lastIndex = end
    }
  },
}

/** A sentence goes on behind an unquoted value. */
function trimmedEnd(text: string, start: number, end: number, isBare: boolean): number {
  let last = end
  while (isBare && last > start + 1 && /[.,:;]/.test(text[last - 1] as string)) last--
  return last
}

function judgeByKey(text: string, key: string): boolean {
  const value = text.trim()
  if (value === '' || isPlaceholder(value)) return false
  if (strongKey.test(key)) return true
  return weakKey.test(key) && !harmlessKey.test(key) && looksSecret(value, 8)
}

function judge(
  value: string,
  isStrong: boolean,
  [, sign]: RegExpExecArray,
  quote: string | undefined,
): number {
  if (isPlaceholder(value) || value.length < 3) return 0
  if (looksSecret(value, isStrong ? 6 : 8)) return confidence.likely
  if (!isStrong) return 0
  // `password=hunter` is a password, `password: please enter one` is prose.
  if (quote !== undefined && !value.includes(' ')) return confidence.likely
  return sign === '=' && /^[^\s]{4,}$/.test(value) ? confidence.likely : confidence.possible
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

const pair =
  /(?:^|;)\s{0,3}(?:password|pwd|accountkey|sharedaccesskey|access ?key|user ?password)\s{0,3}=\s{0,3}([^;"'\r\n]{1,512})/gi

export const connectionString: Detector = {
  name: 'connection_string',
  group: 'secrets',
  summary:
    'The password or key in connection strings of `name=value;` pairs (ADO.NET, ODBC, Azure).',
  anchors: ['(?i)(?:password|pwd|accountkey|sharedaccesskey|access ?key) {0,3}='],
  find(text, _key, report) {
    pair.lastIndex = 0
    for (let match = pair.exec(text); match !== null; match = pair.exec(text)) {
      const value = match[1] as string
      const end = pair.lastIndex
      // One more pair at least, or it is not a connection string.
      const others = text.slice(Math.max(0, match.index - 200), end + 200)
      if (!/;\s{0,3}[A-Za-z ]{2,40}=|[A-Za-z ]{2,40}=[^;]{1,120};/.test(others)) continue
      if (!isPlaceholder(value)) report.add(end - value.length, end, confidence.certain)
    }
  },
}
