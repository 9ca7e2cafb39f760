import { hexDigit } from '../../wire/hex-digit.ts'

/*
 * The strings of JSON, from bytes to bytes. What JSON.parse would refuse, and half of a character (a surrogate without its
 * other half), is not handled: -1.
 */

const quote = 0x22
const backslash = 0x5c
const unicode = 0x75

export function skipBlank(source: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end) {
    const byte = source[at]
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) break
    at++
  }
  return at
}

/** The first byte at or after `at` that is a quote, a backslash or a control character; `end` without one. */
export function unescapedEnd(source: Uint8Array, at: number, end: number): number {
  let index = at
  while (index < end) {
    const byte = source[index] as number
    if (byte === quote || byte === backslash || byte < 0x20) break
    index++
  }
  return index
}

/** The closing quote of a string without escapes and control characters, or -1. */
export function plainEnd(source: Uint8Array, start: number, end: number): number {
  const at = unescapedEnd(source, start, end)
  return at < end && source[at] === quote ? at : -1
}

/** The closing quote, or -1 where there is none or a control character. */
export function escapedEnd(source: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    const byte = source[at] as number
    if (byte === 0x22) return at
    if (byte < 0x20) return -1
    if (byte === backslash) at++
  }
  return -1
}

/** How many bytes `[start, end)` is without its escapes; -1 where there is one that is not handled. */
export function unescapedLength(source: Uint8Array, start: number, end: number): number {
  let length = end - start
  for (let at = start; at < end; at++) {
    if (source[at] !== backslash) continue
    at++
    if (at >= end) return -1
    if (source[at] === unicode) {
      const code = codePoint(source, at, end)
      if (code < 0) return -1
      const written = code > 0xffff ? 12 : 6
      length -= written - utf8Length(code)
      at += written - 2
      continue
    }
    if (replacement(source[at] as number) === 0) return -1
    length--
  }
  return length
}

/**
 * Puts the string that goes on at `start`, and may end before `end`, at `to` without its escapes: never more bytes than it has
 * with them. Returns its closing quote, or -1; where the text ends is in `written`.
 */
export function putString(
  target: Uint8Array,
  to: number,
  source: Uint8Array,
  start: number,
  end: number,
  written: { end: number },
): number {
  let out = to
  for (let at = start; at < end; at++) {
    const byte = source[at] as number
    if (byte === quote) {
      written.end = out
      return at
    }
    if (byte < 0x20) return -1
    if (byte !== backslash) {
      target[out++] = byte
      continue
    }
    at++
    if (source[at] === unicode) {
      const code = codePoint(source, at, end)
      if (code < 0) return -1
      out = putUtf8(target, out, code)
      at += code > 0xffff ? 10 : 4
      continue
    }
    const meant = at < end ? replacement(source[at] as number) : 0
    if (meant === 0) return -1
    target[out++] = meant
  }
  return -1
}

/** What `u00e4`, or `ud83d\ude00`, at `at` stands for; -1 for what is no character. */
function codePoint(source: Uint8Array, at: number, end: number): number {
  const unit = codeUnit(source, at, end)
  if (unit < 0xd800 || unit > 0xdfff) return unit
  if (unit > 0xdbff || source[at + 5] !== backslash || source[at + 6] !== unicode) return -1
  const low = codeUnit(source, at + 6, end)
  if (low < 0xdc00 || low > 0xdfff) return -1
  return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
}

/** Four hexadecimal digits behind the `u` at `at`. */
function codeUnit(source: Uint8Array, at: number, end: number): number {
  if (at + 5 > end) return -1
  let unit = 0
  for (let index = at + 1; index < at + 5; index++) {
    const digit = hexDigit(source[index] as number)
    if (digit < 0) return -1
    unit = (unit << 4) | digit
  }
  return unit
}

function utf8Length(code: number): number {
  if (code < 0x80) return 1
  if (code < 0x800) return 2
  return code < 0x10000 ? 3 : 4
}

function putUtf8(target: Uint8Array, to: number, code: number): number {
  if (code < 0x80) {
    target[to] = code
    return to + 1
  }
  const length = utf8Length(code)
  let rest = code
  for (let at = to + length - 1; at > to; at--) {
    target[at] = 0x80 | (rest & 0x3f)
    rest >>>= 6
  }
  target[to] = leadOf[length as 2 | 3 | 4] | rest
  return to + length
}

const leadOf = { 2: 0xc0, 3: 0xe0, 4: 0xf0 } as const

/** What a character behind a backslash means; 0 for those that are not handled. */
function replacement(byte: number): number {
  switch (byte) {
    case 0x22:
    case 0x2f:
    case 0x5c:
      return byte
    case 0x62:
      return 8
    case 0x66:
      return 12
    case 0x6e:
      return 10
    case 0x72:
      return 13
    case 0x74:
      return 9
    default:
      return 0
  }
}
