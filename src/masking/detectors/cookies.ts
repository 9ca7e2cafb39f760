import { confidence, type Report } from '../detector.ts'

const header = /cookie["']?[ \t]{0,2}[:=][ \t]{0,2}["'[]{0,3}([^"'\r\n\]]{1,8192})/gi
const pair = /(?<![^;,\s])[^\s=;,"']{1,100}=([^\s;,"']{1,4096})/g

/** `cookie`, `http.request.header.set-cookie`, `session_cookie`. */
export function isCookieKey(key: string): boolean {
  return /cookies?$/.test(key)
}

/** Values of cookies that look like secrets: `session=9f86d0…` is one, `theme=dark` is none. */
export function findInCookies(
  text: string,
  key: string,
  report: Report,
  looksSecret: (value: string, lengthMin: number) => boolean,
): void {
  if (isCookieKey(key)) {
    if (looksSecret(text, 8) && !text.includes('=')) report.add(0, text.length, confidence.likely)
    findPairs(text, 0, text.length)
    return
  }
  header.lastIndex = 0
  for (let match = header.exec(text); match !== null; match = header.exec(text)) {
    findPairs(text, header.lastIndex - (match[1] as string).length, header.lastIndex)
  }

  function findPairs(within: string, start: number, end: number): void {
    const cookies = within.slice(start, end)
    pair.lastIndex = 0
    for (let match = pair.exec(cookies); match !== null; match = pair.exec(cookies)) {
      const value = match[1] as string
      const valueEnd = start + pair.lastIndex
      if (!looksSecret(value, 8)) continue
      report.add(valueEnd - value.length, valueEnd, confidence.likely)
    }
  }
}
