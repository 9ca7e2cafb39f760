import { confidence, type Detector } from '../detector.ts'
import { blanks } from '../latin1.ts'
import { isDirectory, isPlaceholder } from './placeholder.ts'

const pair =
  /(?:^|;)\s{0,3}(password|pwd|accountkey|sharedaccesskey|access ?key|user ?password)\s{0,3}=\s{0,3}([^;"'\r\n]{1,512})/gi

/** `github.com/go-sql-driver/mysql` and Oracle's thin driver. */
const named =
  /(?<![^\s"'=`])[A-Za-z0-9_.-]{1,64}:([^\s"'@]{1,200})@(?:tcp|unix)\(|:thin:[A-Za-z0-9_.$#-]{1,64}\/([^\s"'@/]{1,200})@/g

export const connectionString: Detector = {
  name: 'connection_string',
  group: 'secrets',
  summary:
    'The password or key in connection strings of `name=value;` pairs (ADO.NET, ODBC, Azure), of Go (`user:password@tcp(…)`) and of Oracle (`thin:user/password@…`).',
  anchors: [
    `(?i:password|pwd|accountkey|sharedaccesskey|access ?key)[${blanks}]{0,3}=`,
    '@(?:tcp|unix)\\(',
    ':thin:',
  ],
  find(text, _key, report) {
    pair.lastIndex = 0
    for (let match = pair.exec(text); match !== null; match = pair.exec(text)) {
      const value = match[2] as string
      if (isDirectory(match[1] as string, value)) continue
      const end = pair.lastIndex
      // One more pair at least, or it is not a connection string.
      const others = text.slice(Math.max(0, match.index - 200), end + 200)
      if (!/;\s{0,3}[A-Za-z ]{2,40}=|[A-Za-z ]{2,40}=[^;]{1,120};/.test(others)) continue
      if (!isPlaceholder(value)) report.add(end - value.length, end, confidence.certain)
    }
    named.lastIndex = 0
    for (let match = named.exec(text); match !== null; match = named.exec(text)) {
      const password = (match[1] ?? match[2]) as string
      const start = match.index + match[0].lastIndexOf(password)
      if (!isPlaceholder(password)) report.add(start, start + password.length, confidence.certain)
    }
  },
}
