/**
 * Literals become `?`: strings, numbers, booleans, `null`, `$1`; digits in names too (`users17` → `users?`). Blanks, comments
 * and operators stay. What is cut off in the middle of a string is a string all the same.
 */
export function cleanSql(text: string, system: string): string {
  const inMysql = system === 'mysql' || system === 'mariadb'
  let out = ''
  // Its own copy of the pattern: what stands in a dollar-quoted function is cleaned meanwhile.
  for (const match of text.matchAll(token)) out += clean(match, inMysql, system)
  return out.trim()
}

/*
 * One token a match, by alternatives of which each begins with something else. A comment that does not end reaches to the
 * end of the text; so does a string.
 */
const token = new RegExp(
  [
    '(?<space>[ \\t\\r\\n]+)',
    '(?<comment>--[^\\n]*|/\\*[\\s\\S]*?(?:\\*/|$))',
    "(?<text>'(?:[^'\\\\]|\\\\[\\s\\S])*(?:'|\\\\?$))",
    '(?<quoted>"[^"]*(?:"|$))',
    '(?<mark>`[^`]*(?:`|$))',
    '(?<position>\\$[0-9]+)',
    '(?<dollar>\\$(?<tag>[^$]*)\\$(?<held>[\\s\\S]*?)(?:\\$\\k<tag>\\$|$))',
    '(?<name>[\\p{L}_][\\p{L}0-9_"?$#/@!.]*)',
    '(?<variable>@@?[\\p{L}_0-9][\\p{L}0-9_]*)',
    '(?<number>[+-]?(?:0[xX][0-9a-fA-F]*|(?:[0-9]|(?<=[+-])\\.)(?:[0-9.]|[eE][+-]?)*))',
    '[\\s\\S]',
  ].join('|'),
  'gu',
)

function clean(match: RegExpMatchArray, inMysql: boolean, system: string): string {
  const [written] = match
  const { text, quoted, mark, position, dollar, tag, held, name, number } = match.groups as Partial<
    Record<string, string>
  >
  if (text !== undefined || number !== undefined || position !== undefined) return '?'
  // In MySQL and MariaDB double quotes are those of strings, elsewhere those of names.
  if (quoted !== undefined) return inMysql || !isClosed(quoted, '"') ? '?' : withoutDigits(quoted)
  if (mark !== undefined) return isClosed(mark, '`') ? withoutDigits(mark) : '?'
  if (dollar !== undefined) {
    return tag === 'func' && held !== undefined ? `$func$${cleanSql(held, system)}$func$` : '?'
  }
  if (name === undefined) return written
  return literalName.test(name) ? '?' : withoutDigits(name)
}

const literalName = /^(?:true|false|null)$/i

function isClosed(quoted: string, quote: string): boolean {
  return quoted.length > 1 && quoted.endsWith(quote)
}

function withoutDigits(name: string): string {
  return name.replace(/[0-9]+/g, '?')
}
