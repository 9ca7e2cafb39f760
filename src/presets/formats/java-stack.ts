import { byteOf, findByte, lineEnd, skipSpaces, standsAt } from '../../operators/bytes/scan.ts'
import { TextFormat } from '../format.ts'
import type { Found } from '../found.ts'
import { levelOf } from '../levels.ts'
import { continuesJavaTrace, isJavaException, scanJavaException } from './stack-trace.ts'

const error = 17
const levelWordsMax = 8

/**
 * Lines of any kind among which programs of a JVM write stack traces: each trace belongs to the line before it, and its
 * exception becomes attributes. For layouts that `log4j` does not know.
 */
export class JavaStack extends TextFormat {
  readonly name = 'java_stack'
  readonly multiline = true

  begins(source: Uint8Array, start: number, end: number, recordStart: number): boolean {
    if (continuesJavaTrace(source, start, end)) return false
    if (!isJavaException(source, start, end)) return true
    // The exception of the line before it, if that one has none yet.
    return recordStart === start || followsTrace(source, start, recordStart)
  }

  protected scan(source: Buffer, start: number, end: number, found: Found): string | undefined {
    found.message(start, end)
    const hasException = scanJavaException(source, start, end, found)
    scanLevel(source, start, lineEnd(source, start, end), found)
    if (hasException && found.severity === 0) found.level(error, 0, 0)
    return undefined
  }
}

/** Whether the line before `start` is one of a trace. */
function followsTrace(source: Uint8Array, start: number, recordStart: number): boolean {
  let line = start - 1
  while (line > recordStart && source[line - 1] !== byteOf.newline) line--
  return continuesJavaTrace(source, line, start)
}

/** A level in capitals among the first words. */
function scanLevel(source: Uint8Array, start: number, end: number, found: Found): void {
  let at = start
  for (let count = 0; count < levelWordsMax && at < end; count++) {
    at = skipMarks(source, at, end)
    let behind = at
    while (behind < end && isCapital(source[behind] as number)) behind++
    const level = behind > at && !isWordAt(source, behind, end) ? levelOf(source, at, behind) : 0
    if (level > 0) {
      found.level(level, at, behind)
      return
    }
    at = Math.max(behind, findByte(source, byteOf.space, at, end))
  }
}

function skipMarks(source: Uint8Array, from: number, end: number): number {
  let at = skipSpaces(source, from, end)
  while (at < end && (standsAt(source, at, end, '[') || standsAt(source, at, end, '('))) at++
  return at
}

function isCapital(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a
}

function isWordAt(source: Uint8Array, at: number, end: number): boolean {
  if (at >= end) return false
  const byte = (source[at] as number) | 0x20
  return byte >= 0x61 && byte <= 0x7a
}
