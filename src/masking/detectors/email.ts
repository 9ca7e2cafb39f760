import { confidence, type Detector } from '../detector.ts'

/*
 * From each `@` outwards: back over the local part, forth over the domain. RFC 5321 ends both (64 and 255 bytes), so the
 * time is bounded for each `@`, and two of them never share a byte. Bytes of UTF-8 are letters (RFC 6531).
 */
const localMax = 64
const domainMax = 255

const isLocal = table(/[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\x80-\xff-]/)
/** What an address seldom begins with, and text around it often ends with: `to='a@b.com'`, `/?mail=a@b.com`. */
const isWrapper = table(/['`{|=?&/#!*^$.]/)
const isDomain = table(/[A-Za-z0-9.\x80-\xff-]/)
const endsQuery = table(/[=&?/|{]/)
const percent = 0x25

/** Endings of files and units that look like a domain: `icon@2x.png`, `user@1000.service`. None is a country, as `.md`, `.rs` and `.sh` are. */
const notTopLevel =
  /^(?:png|jpe?g|gif|svg|webp|ico|css|js|mjs|ts|tsx|jsx|json|yaml|yml|xml|html?|txt|log|java|class|service|socket|timer|mount|target|slice|scope|tgz|tar|gz)$/i

export const email: Detector = {
  name: 'email',
  group: 'pii',
  summary:
    'Addresses `local@domain` with a domain of at least two labels (RFC 5321, RFC 6531), also `%40` in URLs.',
  anchors: ['(?:@|%40)[A-Za-z0-9\\x80-\\xff]', '(?:@|%40)\\[(?:[0-9]|IPv6:)'],
  find(text, _key, report) {
    for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
      findAround(text, at, at + 1, report)
    }
    for (let at = text.indexOf('%40'); at >= 0; at = text.indexOf('%40', at + 3)) {
      findAround(text, at, at + 3, report)
    }
  },
}

type Report = Parameters<Detector['find']>[2]

function findAround(text: string, at: number, domainStart: number, report: Report): void {
  let start = at
  const startMin = Math.max(0, at - localMax)
  while (start > startMin && isLocal[text.charCodeAt(start - 1)] === 1) start--
  // A quoted local part: "jane doe"@example.com.
  if (start === at && text[at - 1] === '"')
    start = Math.max(text.lastIndexOf('"', at - 2), startMin)
  // Of `?next=/x&mail=a@b.com` only what stands behind the last sign of a query.
  for (let cut = at - 1; cut >= start; cut--) {
    const code = text.charCodeAt(cut)
    if (endsQuery[code] === 1) {
      start = cut + 1
      break
    }
    // `q%3Djane@b.com`: an escape that is no letter, digit or sign of an address.
    if (code === percent && /^%[023][0-9A-Fa-f]/.test(text.slice(cut, cut + 3)) && cut + 3 <= at) {
      if (/^%(?:2[BDE]|3[0-9])/i.test(text.slice(cut, cut + 3))) continue
      start = cut + 3
      break
    }
  }
  while (start < at && isWrapper[text.charCodeAt(start)] === 1) start++
  if (start >= at || !/[^.]/.test(text.slice(start, at)) || isPassword(text, start)) return
  const end =
    text[domainStart] === '[' ? endOfLiteral(text, domainStart) : endOfDomain(text, domainStart)
  if (end > domainStart && !isRemote(text, start, at, end)) {
    report.add(start, end, confidence.certain)
  }
}

/** `git@github.com:org/repo.git`: a login that everybody shares. */
function isRemote(text: string, start: number, at: number, end: number): boolean {
  return (
    text[end] === ':' &&
    text.slice(start, at) === 'git' &&
    /^:[^\s:]{0,200}\//.test(text.slice(end, end + 201))
  )
}

/** Behind `scheme://user:` stands a password, and behind its `@` a host. */
function isPassword(text: string, start: number): boolean {
  return text[start - 1] === ':' && urlUser.test(text.slice(Math.max(0, start - 128), start))
}

const urlUser = /:\/\/[^\s/@]{0,100}:$/

/** `jane@[192.0.2.1]`, `jane@[IPv6:2001:db8::1]`: RFC 5321, 4.1.3. */
function endOfLiteral(text: string, start: number): number {
  literal.lastIndex = start
  return literal.test(text) ? literal.lastIndex : start
}

const literal = /\[(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|IPv6:[0-9A-Fa-f:.]{2,45})\]/y

/** Where a domain with a dot and a top level of letters ends, or `start`. */
function endOfDomain(text: string, start: number): number {
  let end = start
  const endMax = Math.min(text.length, start + domainMax)
  while (end < endMax && isDomain[text.charCodeAt(end)] === 1) end++
  while (end > start && (text[end - 1] === '.' || text[end - 1] === '-')) end--
  const domain = text.slice(start, end)
  const dot = domain.lastIndexOf('.')
  if (dot <= 0 || domain.includes('..') || /^[.-]/.test(domain)) return start
  const topLevel = domain.slice(dot + 1)
  // Unicode and punycode top levels included; `@1.2.3` of a package is none.
  if (!/^(?:[A-Za-z\x80-\xff]{2,}|xn--[A-Za-z0-9-]+)$/.test(topLevel)) return start
  return notTopLevel.test(topLevel) ? start : end
}

function table(set: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => Number(set.test(String.fromCharCode(code))))
}
