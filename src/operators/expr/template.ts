import { compileExpr } from './compile.ts'

const opening = 'EXPR('

/** The expression that a template stands for; undefined for plain text. Throws an Error for one that is wrong. */
export function templateExpr(template: string): string | undefined {
  const parts: string[] = []
  let at = 0
  for (;;) {
    const open = template.indexOf(opening, at)
    if (open < 0) break
    const next = template.indexOf(opening, open + opening.length)
    // The last bracket in front of the next expression closes it, so that calls may stand inside.
    const close = template.lastIndexOf(')', next < 0 ? undefined : next)
    if (close < open) break
    if (open > at) parts.push(JSON.stringify(template.slice(at, open)))
    const source = template.slice(open + opening.length, close)
    compileExpr(source)
    parts.push(`(${source})`)
    at = close + 1
  }
  if (parts.length === 0) return undefined
  if (at < template.length) parts.push(JSON.stringify(template.slice(at)))
  return parts.join(' + ')
}
