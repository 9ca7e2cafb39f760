import {
  byteOf,
  closingQuote,
  findByte,
  isLetter,
  isNameByte,
  lineEnd,
  skipSpaces,
  standsAt,
} from '../../operators/bytes/scan.ts'
import { type Found, Key } from '../found.ts'

const exceptionType = new Key('exception.type')
const exceptionMessage = new Key('exception.message')
const exceptionStacktrace = new Key('exception.stacktrace')

/** `\tat com.acme.Shop.sell(Shop.java:42)`, `\t... 12 more`, `Caused by: …`: a line of a trace of the JVM but its first. */
export function continuesJavaTrace(source: Uint8Array, start: number, end: number): boolean {
  const at = skipSpaces(source, start, end)
  if (at > start && standsAt(source, at, end, 'at ')) return true
  if (at > start && standsAt(source, at, end, '... ')) return true
  return (
    standsAt(source, at, end, 'Caused by: ') ||
    (at > start && standsAt(source, at, end, 'Suppressed: '))
  )
}

/** Behind the name of a class of an exception at `at`, e.g. `java.lang.IllegalStateException`; -1 without one. */
export function exceptionNameEnd(source: Uint8Array, at: number, end: number): number {
  let behind = at
  let dotted = false
  while (behind < end && isNameByte(source[behind] as number)) {
    dotted ||= source[behind] === byteOf.dot
    behind++
  }
  if (behind === at || !isLetter(source[at] as number)) return -1
  const byte = behind < end ? (source[behind] as number) : byteOf.newline
  if (byte !== byteOf.colon && byte !== byteOf.newline && byte !== 0x0d) return -1
  if (!dotted) return -1
  return behind
}

/** A line that is nothing but an exception: `java.lang.IllegalStateException: message`. */
export function isJavaException(source: Uint8Array, start: number, end: number): boolean {
  const behind = exceptionNameEnd(source, start, end)
  if (behind < 0) return false
  return (
    standsAt(source, behind - 9, behind, 'Exception') ||
    standsAt(source, behind - 5, behind, 'Error') ||
    standsAt(source, behind - 9, behind, 'Throwable')
  )
}

/** Takes the exception out of a record of a JVM, and leaves the message what stands in front of it. */
export function scanJavaException(
  source: Uint8Array,
  from: number,
  end: number,
  found: Found,
): boolean {
  let previous = from
  let at = findByte(source, byteOf.newline, from, end) + 1
  while (at < end) {
    const text = skipSpaces(source, at, end)
    if (text > at && standsAt(source, text, end, 'at ')) break
    previous = at
    at = findByte(source, byteOf.newline, at, end) + 1
  }
  if (at >= end) return false
  let start = previous
  if (standsAt(source, start, end, 'Exception in thread "')) {
    start = closingQuote(source, start + 21, end, byteOf.quote) + 2
    if (start < 2) return false
  }
  const nameEnd = exceptionNameEnd(source, start, end)
  if (nameEnd < 0) return false
  found.text(exceptionType, start, nameEnd)
  const messageEnd = lineEnd(source, nameEnd, end)
  if (nameEnd + 2 < messageEnd) found.text(exceptionMessage, nameEnd + 2, messageEnd)
  found.text(exceptionStacktrace, start, end)
  if (previous > from) found.messageEnd = trimmedEnd(source, from, previous)
  return true
}

const traceback = 'Traceback (most recent call last):'

export function isTraceback(source: Uint8Array, start: number, end: number): boolean {
  return standsAt(source, start, end, traceback)
}

/** The same for a record of python: the last line that begins with a name is the exception. */
export function scanPythonException(
  source: Uint8Array,
  from: number,
  end: number,
  found: Found,
): void {
  let traceAt = -1
  let lastAt = -1
  let at = from
  while (at < end) {
    if (isTraceback(source, at, end)) {
      if (traceAt < 0) traceAt = at
      lastAt = -1
    } else if (traceAt >= 0 && isPythonException(source, at, end)) lastAt = at
    at = findByte(source, byteOf.newline, at, end) + 1
  }
  if (traceAt < 0) return
  if (lastAt >= 0) {
    const behind = lineEnd(source, lastAt, end)
    const nameEnd = findByte(source, byteOf.colon, lastAt, behind)
    found.text(exceptionType, lastAt, nameEnd)
    if (nameEnd + 2 < behind) found.text(exceptionMessage, nameEnd + 2, behind)
  }
  found.text(exceptionStacktrace, traceAt, end)
  if (traceAt > from) found.messageEnd = trimmedEnd(source, from, traceAt)
}

function isPythonException(source: Uint8Array, start: number, end: number): boolean {
  if (!isLetter(source[start] as number)) return false
  let at = start
  while (at < end && isNameByte(source[at] as number)) at++
  const byte = at < end ? source[at] : byteOf.newline
  return byte === byteOf.colon || byte === byteOf.newline || byte === 0x0d
}

function trimmedEnd(source: Uint8Array, start: number, end: number): number {
  let at = end
  while (at > start && (source[at - 1] as number) <= byteOf.space) at--
  return at
}
