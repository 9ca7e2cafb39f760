/*
 * Small steps over the bytes of a line. `end` is behind its last byte: what follows in the buffer is another line, so no step
 * looks past it. Loops over bytes, because the distances are short: a call of `indexOf` costs more than twenty bytes.
 */
export const byteOf = {
  tab: 0x09,
  newline: 0x0a,
  space: 0x20,
  quote: 0x22,
  percent: 0x25,
  open: 0x28,
  close: 0x29,
  comma: 0x2c,
  dash: 0x2d,
  dot: 0x2e,
  slash: 0x2f,
  zero: 0x30,
  nine: 0x39,
  colon: 0x3a,
  less: 0x3c,
  equals: 0x3d,
  greater: 0x3e,
  at: 0x40,
  bracket: 0x5b,
  backslash: 0x5c,
  unbracket: 0x5d,
  underscore: 0x5f,
  brace: 0x7b,
  pipe: 0x7c,
} as const

export function isDigit(byte: number): boolean {
  return byte >= byteOf.zero && byte <= byteOf.nine
}

export function isLetter(byte: number): boolean {
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x7a
}

/** A letter, a digit, or one of `_ . $ -`: what names of loggers, modules and keys are made of. */
export function isNameByte(byte: number): boolean {
  return (
    isLetter(byte) ||
    isDigit(byte) ||
    byte === 0x5f ||
    byte === 0x2e ||
    byte === 0x24 ||
    byte === 0x2d
  )
}

/** The first `byte` at or after `at`, or `end`. */
export function findByte(source: Uint8Array, byte: number, at: number, end: number): number {
  let index = at
  while (index < end && source[index] !== byte) index++
  return index
}

/** Where the text without blanks that begins at `at` ends. */
export function wordEnd(source: Uint8Array, at: number, end: number): number {
  let index = at
  while (index < end && (source[index] as number) > byteOf.space) index++
  return index
}

/** Behind the blanks at `at`. */
export function skipSpaces(source: Uint8Array, at: number, end: number): number {
  let index = at
  while (index < end && (source[index] === byteOf.space || source[index] === byteOf.tab)) index++
  return index
}

/** Behind the digits at `at`. */
export function digitsEnd(source: Uint8Array, at: number, end: number): number {
  let index = at
  while (index < end && isDigit(source[index] as number)) index++
  return index
}

/** The number that `[start, end)` is, or -1: no digits, other bytes, or more than 15 of them. */
export function readWhole(source: Uint8Array, start: number, end: number): number {
  if (start >= end || end - start > 15) return -1
  let value = 0
  for (let at = start; at < end; at++) {
    const digit = (source[at] as number) - byteOf.zero
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value
}

/** Whether `text`, which is ASCII, stands at `at`. */
export function standsAt(source: Uint8Array, at: number, end: number, text: string): boolean {
  if (at + text.length > end) return false
  for (let index = 0; index < text.length; index++) {
    if (source[at + index] !== text.charCodeAt(index)) return false
  }
  return true
}

/** The first place of `text`, which is ASCII, that lies whole in `[at, end)`; -1 without one. */
export function findText(source: Uint8Array, text: string, at: number, end: number): number {
  const first = text.charCodeAt(0)
  const last = end - text.length
  for (let index = at; index <= last; index++) {
    if (source[index] === first && standsAt(source, index, end, text)) return index
  }
  return -1
}

/** The quote that closes a text begun before `at`, one behind a backslash left out; -1 without one. */
export function closingQuote(source: Uint8Array, at: number, end: number, quote: number): number {
  for (let index = at; index < end; index++) {
    const byte = source[index] as number
    if (byte === quote) return index
    if (byte === byteOf.backslash) index++
  }
  return -1
}

/** The end of the line at `at`, without its newline and carriage return. */
export function lineEnd(source: Uint8Array, at: number, end: number): number {
  const newline = findByte(source, byteOf.newline, at, end)
  return newline > at && source[newline - 1] === 0x0d ? newline - 1 : newline
}
