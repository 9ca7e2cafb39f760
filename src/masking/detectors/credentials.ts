import { entropy } from '../checks.ts'
import { confidence, type Detector, type Report } from '../detector.ts'
import { blanks } from '../latin1.ts'
import { isPlaceholder } from './placeholder.ts'

/** `realm="x", nonce="y"`, the quotes written behind backslashes in JSON. */
const parameter =
  '[A-Za-z][A-Za-z0-9_-]{1,20}=(?:\\\\?"[^"\\\\\\r\\n]{0,600}\\\\?"|[^\\s,"\'\\\\]{1,2000})'
const scheme = new RegExp(
  `(?<![A-Za-z0-9])(bearer|basic|digest|token|negotiate|apikey|aws4-hmac-sha256)[ \\t]{1,4}(${parameter}(?:,[ \\t]{0,3}${parameter}){0,20}|[A-Za-z0-9._~+/=-]{8,4096})`,
  'gi',
)
/** A header without a scheme: `Authorization: 9f86d081…`. */
const opaque =
  /(?<![A-Za-z])(?:proxy-)?authorization["'\\]{0,3}[ \t]{0,3}[:=][ \t]{0,3}["'\\[]{0,4}([A-Za-z0-9._~+/=-]{8,4096})(?![ \tA-Za-z0-9._~+/=-])/gi
/** `curl -u jane:secret`, also as a list of arguments, and `--proxy-user`. A line that ends in a backslash goes on. No two of them share a byte, so that many take no longer. */
const curlUser =
  /(?<![A-Za-z0-9_-])curl(?:\.exe)?(?=[\s"',])(?:(?!curl)(?:[^\r\n]|\\\r?\n)){0,300}?[\s"',](?:-[A-Za-z]{0,5}[uU]|--(?:proxy-)?user)(?:[\s"',=]{1,5}|(?=[A-Za-z0-9]))[^\s:"',]{0,64}["']?:["']?([^\s"',]{1,200})/g
const authorizationKey = /(?:^|[^a-z])(?:proxy[_-]?)?authorization$/

export const authorization: Detector = {
  name: 'authorization',
  group: 'secrets',
  summary:
    'Credentials of HTTP authorisation: `Bearer` and `Basic` with what follows, the values of `authorization`, and passwords of `curl -u`.',
  anchors: [
    `curl[${blanks}"',.]`,
    `(?i:bearer|basic|digest|negotiate|authorization|hmac-sha256)[${blanks}"':=\\\\\\x12]`,
  ],
  find(text, key, report) {
    if (key !== '' && authorizationKey.test(key)) {
      const space = /^\s*[A-Za-z0-9-]{3,20}\s+/.exec(text)
      if (text.trim().length >= 4)
        report.add(space?.[0].length ?? 0, text.length, confidence.certain)
      return
    }
    scheme.lastIndex = 0
    for (let match = scheme.exec(text); match !== null; match = scheme.exec(text)) {
      const word = (match[1] as string).toLowerCase()
      const value = match[2] as string
      const near = /authorization["'\\]{0,3}\s*[:=]\s*["'\\[]{0,4}$/i.test(
        text.slice(Math.max(0, match.index - 28), match.index),
      )
      if (!near && !isCredential(word, value)) continue
      const end = scheme.lastIndex
      report.add(end - value.length, end, confidence.certain)
    }
    opaque.lastIndex = 0
    for (let match = opaque.exec(text); match !== null; match = opaque.exec(text)) {
      const value = match[1] as string
      const end = match.index + match[0].length
      if (/[0-9]/.test(value) && entropy(value.slice(0, 64)) >= 2.5) {
        report.add(end - value.length, end, confidence.certain)
      }
    }
    findInCurl(text, report)
  },
}

function findInCurl(text: string, report: Report): void {
  curlUser.lastIndex = 0
  for (let match = curlUser.exec(text); match !== null; match = curlUser.exec(text)) {
    const password = match[1] as string
    // `curl -u https://…` is an address behind a mistake.
    if (password.startsWith('//') || isPlaceholder(password)) continue
    const end = curlUser.lastIndex
    report.add(end - password.length, end, confidence.certain)
  }
}

/** `basic understanding` and `bearer authentication` are words. */
function isCredential(word: string, value: string): boolean {
  if (word === 'basic') return /^[A-Za-z0-9+/]{8,}={0,2}$/.test(value) && decodesToPair(value)
  if (word === 'bearer') {
    return value.length >= 12 && /[0-9]/.test(value) && entropy(value.slice(0, 64)) >= 2.5
  }
  // `Digest response="…"` of a request; what a server asks for has no response.
  if (word === 'digest') return /(?:^|[ ,])response=/i.test(value)
  return word === 'aws4-hmac-sha256'
}

function decodesToPair(value: string): boolean {
  const text = Buffer.from(value.slice(0, 512), 'base64').toString('latin1')
  return /^[\x20-\x7e\x80-\xff]*:[\x20-\x7e\x80-\xff]*$/.test(text)
}

/** Elsewhere they stand for a password; between a user and a host they are one. */
const plainPassword = /^(?:password|secret|changeme|example)$/i

const urlUser =
  /(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9+.-]{1,20}:\/\/([^\s:/?#@"'<>\\]{0,200}):([^\s/?#"'<>\\]{1,300})@(?=[A-Za-z0-9[%$_.-])/g

export const urlCredentials: Detector = {
  name: 'url_credentials',
  group: 'secrets',
  summary:
    'The password in `scheme://user:password@host`, of any scheme: databases, brokers, proxies, git.',
  anchors: [`://[^${blanks}:/?#@"'<>\\\\]*:[^${blanks}/?#"'<>\\\\]+@`],
  find(text, _key, report) {
    if (!text.includes('://')) return
    urlUser.lastIndex = 0
    for (let match = urlUser.exec(text); match !== null; match = urlUser.exec(text)) {
      const password = match[2] as string
      if (isPlaceholder(password) && !plainPassword.test(password)) continue
      const end = urlUser.lastIndex - 1
      report.add(end - password.length, end, confidence.certain)
    }
  },
}

const begin = /-----BEGIN (?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)?-----/g
const keyEnd = /-----END (?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)?-----/y
const keyBody = /[A-Za-z0-9+/=\s\\:,.]*/y
/** Of an RSA key of 16384 bits, in PEM. */
const keyMax = 16_000

export const privateKey: Detector = {
  name: 'private_key',
  group: 'secrets',
  summary:
    'Private keys in PEM (PKCS#1, PKCS#8, EC, OpenSSH, PGP), whole or cut off, also with escaped line ends.',
  anchors: ['PRIVATE KEY'],
  find(text, _key, report) {
    begin.lastIndex = 0
    for (let match = begin.exec(text); match !== null; match = begin.exec(text)) {
      const end = endOfKey(text, begin.lastIndex)
      report.add(match.index, end, confidence.certain)
      begin.lastIndex = end
    }
  },
}

/** Behind the end line; where there is none, behind all that can belong to the key. Headers such as `DEK-Info` have dashes. */
function endOfKey(text: string, start: number): number {
  let at = start
  while (at - start < keyMax) {
    keyBody.lastIndex = at
    keyBody.test(text)
    at = keyBody.lastIndex
    keyEnd.lastIndex = at
    if (keyEnd.test(text)) return keyEnd.lastIndex
    if (text[at] !== '-' || text.startsWith('-----', at)) return at
    at++
  }
  return at
}
