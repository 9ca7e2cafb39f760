import { confidence, type Report } from '../detector.ts'
import { isPlaceholder } from './placeholder.ts'
import { quoted } from './quoted.ts'

/** Up to the quote: `ALTER ROLE x WITH PASSWORD '`, `CREATE USER x IDENTIFIED BY '`, `SET PASSWORD FOR x = '`. */
const statement =
  /\b(?:(?:user|to)\s{1,3}(?:if\s{1,3}(?:not\s{1,3})?exists\s{1,3})?\S{1,100}\s{1,3}identified\s{1,3}(?:with\s{1,3}\S{1,64}\s{1,3})?by|(?:with|encrypted|(?:role|user|group)\s{1,3}\S{1,64})\s{1,3}password|set\s{1,3}password\s{1,3}for\s{1,3}\S{1,100}\s{1,3}=)\s{1,3}(?:password\s{0,3}\(?\s{0,3})?(\\?["'])/gi

/** Passwords in the statements that set them: databases log these as they come. */
export function findInSql(text: string, report: Report): void {
  statement.lastIndex = 0
  for (let match = statement.exec(text); match !== null; match = statement.exec(text)) {
    const value = quoted[match[1] as keyof typeof quoted]
    value.lastIndex = statement.lastIndex
    const found = value.exec(text)
    if (found === null || isPlaceholder(found[0])) continue
    report.add(found.index, value.lastIndex, confidence.likely)
  }
}
