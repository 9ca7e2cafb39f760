import type { Findings } from './findings.ts'
import type { Pseudonyms } from './pseudonyms.ts'
import type { Rule } from './rule.ts'

/** The text with what stands for each finding. */
export function replaceFindings(
  text: string,
  findings: Findings,
  rules: readonly Rule[],
  pseudonyms: Pseudonyms,
  distinct: boolean,
): string {
  let out = ''
  let from = 0
  for (let at = 0; at < findings.count; at++) {
    const start = findings.start[at] as number
    const end = findings.end[at] as number
    const rule = rules[findings.rule[at] as number] as Rule
    out += text.slice(from, start)
    out += replaceOne(text, start, end, rule, pseudonyms, distinct)
    from = end
  }
  return out + text.slice(from)
}

function replaceOne(
  text: string,
  start: number,
  end: number,
  rule: Rule,
  pseudonyms: Pseudonyms,
  distinct: boolean,
): string {
  const { name } = rule.detector
  if (distinct || rule.action === 'hash') {
    return `<${name}:${pseudonyms.of(name, text.slice(start, end), distinct)}>`
  }
  if (rule.keepFirst > 0 || rule.keepLast > 0 || rule.keepFormat) {
    return keepPart(text.slice(start, end), rule)
  }
  return rule.template
}

/** Counts letters and digits, not signs: the last four of `4111-1111-1111-1111` are `1111` either way. */
function keepPart(text: string, { keepFirst, keepLast, keepFormat }: Rule): string {
  const found = Buffer.from(text, 'latin1').toString('utf8')
  const total = [...found.replace(sign, '')].length
  // Where nearly all would stay, nothing does. The first six and last four of a card number may.
  const keeps = keepFirst + keepLast <= (total * 2) / 3
  let seen = 0
  let out = ''
  for (const character of found) {
    if (signOne.test(character)) {
      if (keepFormat) out += character
      continue
    }
    seen++
    out += keeps && (seen <= keepFirst || seen > total - keepLast) ? character : '*'
  }
  return Buffer.from(out, 'utf8').toString('latin1')
}

const sign = /[^0-9A-Za-z\x80-\u{10ffff}]/gu
const signOne = /[^0-9A-Za-z\x80-\u{10ffff}]/u
