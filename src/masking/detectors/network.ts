import { isIPv6 } from 'node:net'
import { confidence, type Detector, hasContext } from '../detector.ts'

const byte = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'
const address = `${byte}(?:\\.${byte}){3}`
/** With a dash only in a range of two: `10.0.0.1-10.0.0.9`; `1.2.3.4-alpine` is a version. */
const v4 = new RegExp(
  `(?:(?<![0-9A-Za-z_.-])|(?<=(?:\\.[0-9]{1,3}){3}-))${address}(?:/(?:3[0-2]|[12]?[0-9])(?![0-9./]))?(?![0-9A-Za-z_]|-(?!${address}(?![0-9.])))(?!\\.[0-9])`,
  'g',
)
/** Four numbers behind these are a version. */
const versionWords =
  /(?:\bv(?:er(?:sion)?)?|\bfw|\boid|version|release|build|firmware|chrome|chromium|edg|edge|opr|opera|safari|firefox|crios|revision)[ /:="']{0,3}$/i
const v6 = /(?<![0-9A-Za-z:.])(?:[0-9A-Fa-f]{1,4}:|::)[0-9A-Fa-f:.]{1,43}/g
const zone = /^%[0-9A-Za-z]{1,16}/
const prefixLength = /^\/(?:12[0-8]|1[01][0-9]|[1-9]?[0-9])(?![0-9])/

export const ipAddress: Detector = {
  name: 'ip_address',
  group: 'pii',
  summary:
    'IPv4 and IPv6 addresses, mapped ones, and networks in CIDR notation; not versions or times, and not `0.0.0.0`, `255.255.255.255` and `::`, which are of nobody.',
  // The last begins with the colon, not with a letter: letters are most of what there is.
  anchors: ['[0-9]\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]', '::', ':(?:[0-9A-Fa-f]{1,4}:){4}'],
  find(text, key, report) {
    v4.lastIndex = 0
    for (let match = v4.exec(text); match !== null; match = v4.exec(text)) {
      const [written] = match
      if (written === '0.0.0.0' || written === '255.255.255.255') continue
      if (versionWords.test(text.slice(Math.max(0, match.index - 24), match.index))) continue
      if (key !== '' && /version|release|build/.test(key)) continue
      report.add(match.index, v4.lastIndex, confidence.certain)
    }
    if (text.includes(':')) findV6(text, report)
  },
}

function findV6(text: string, report: Parameters<Detector['find']>[2]): void {
  v6.lastIndex = 0
  for (let match = v6.exec(text); match !== null; match = v6.exec(text)) {
    const next = text[v6.lastIndex] ?? ''
    if (/[0-9A-Za-z_:]/.test(next)) continue
    const address = match[0].replace(/[.:]$/, '')
    const whole = match[0].endsWith('::') ? match[0] : address
    if (whole.length < 3 || !isIPv6(whole)) continue
    // `a::b` in code and `ab::` are far more often names than addresses.
    if (whole.length < 6 && /^[a-f:]+$/i.test(whole)) continue
    let end = match.index + whole.length
    const rest = text.slice(end, end + 20)
    end += (zone.exec(rest) ?? prefixLength.exec(rest))?.[0].length ?? 0
    report.add(match.index, end, confidence.certain)
  }
}

const mac =
  /(?<![0-9A-Fa-f:-])(?:[0-9A-Fa-f]{2}(?:([:-])[0-9A-Fa-f]{2}(?:\1[0-9A-Fa-f]{2}){4})(?![0-9A-Za-z])(?!\1[0-9A-Fa-f])|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}(?![0-9A-Za-z.]))/g
const macWords = /\b(?:mac|hw|hardware|ether|ethernet|bssid|wlan|wifi|bluetooth|device)/i

export const macAddress: Detector = {
  name: 'mac_address',
  group: 'pii',
  summary:
    'Hardware addresses of 48 bits as `aa:bb:cc:dd:ee:ff`, with dashes, or `aabb.ccdd.eeff`; not all zeros or ones.',
  anchors: [
    '[0-9A-Fa-f](?:[:-][0-9A-Fa-f]{2}){5}',
    '[0-9A-Fa-f]{4}\\.[0-9A-Fa-f]{4}\\.[0-9A-Fa-f]{4}',
  ],
  find(text, key, report) {
    mac.lastIndex = 0
    for (let match = mac.exec(text); match !== null; match = mac.exec(text)) {
      const [address] = match
      if (/^[0:.-]+$|^[fF:.-]+$/.test(address)) continue
      const dotted = address[4] === '.'
      // `12-30-45-11-02-26` and `1234.5678.9012` may be anything.
      const doubtful = (dotted || address[2] === '-') && !/[A-Fa-f]/.test(address)
      const sure = !doubtful || hasContext(text, key, match.index, mac.lastIndex, macWords)
      report.add(match.index, mac.lastIndex, sure ? confidence.certain : confidence.possible)
    }
  },
}
