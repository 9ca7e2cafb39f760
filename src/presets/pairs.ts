import { byteOf, closingQuote, findText, skipSpaces, wordEnd } from '../operators/bytes/scan.ts'
import type { Found } from './found.ts'
import type { KeyNames } from './keys.ts'

/** Told of each pair; the range of the value is without its quotes. */
export type OnPair = (
  source: Buffer,
  keyStart: number,
  keyEnd: number,
  valueStart: number,
  valueEnd: number,
) => void

/**
 * `key=value key="two words" key=`, each an attribute, and the values of several lines that klog writes. How many there are;
 * −1 where something is no pair or a key comes twice.
 */
export function scanPairs(
  source: Buffer,
  from: number,
  end: number,
  names: KeyNames,
  found: Found,
  onPair?: OnPair,
): number {
  names.begin()
  let count = 0
  let at = skipSpaces(source, from, end)
  while (at < end) {
    const quoted = source[at] === byteOf.quote
    const keyStart = quoted ? at + 1 : at
    const keyEnd = quoted
      ? closingQuote(source, keyStart, end, byteOf.quote)
      : bareKeyEnd(source, at, end)
    const equals = quoted ? keyEnd + 1 : keyEnd
    if (keyEnd <= keyStart || equals >= end || source[equals] !== byteOf.equals) return -1
    const key = names.next(source, keyStart, keyEnd)
    if (key === undefined) return -1
    const value = equals + 1
    const block = blockEnd(source, value, end)
    let next: number
    if (block >= 0) {
      next = block
      found.value(key, blockText(source, value, block))
    } else if (value < end && source[value] === byteOf.quote) {
      const close = closingQuote(source, value + 1, end, byteOf.quote)
      if (close < 0) return -1
      next = close + 1
      if (next < end && (source[next] as number) > byteOf.space) return -1
      found.escaped(key, value + 1, close)
      onPair?.(source, keyStart, keyEnd, value + 1, close)
    } else {
      next = wordEnd(source, value, end)
      found.text(key, value, next)
      onPair?.(source, keyStart, keyEnd, value, next)
    }
    count++
    at = skipSpaces(source, next, end)
  }
  return count
}

const closing = '\n >'

/**
 * Behind the value of several lines at `at`; -1 where there is none.
 *
 *     key=<
 *     <tab>one line
 *     <tab>another line
 *      > next=value
 */
export function blockEnd(source: Uint8Array, at: number, end: number): number {
  if (source[at] !== byteOf.less || source[at + 1] !== byteOf.newline || at + 1 >= end) return -1
  // Lines of the value have a tab in front, so that none of them is taken for the end.
  const close = findText(source, closing, at + 1, end)
  return close < 0 ? -1 : close + closing.length
}

function blockText(source: Buffer, at: number, end: number): string {
  const lines = source.toString('utf8', at + 2, Math.max(at + 2, end - closing.length)).split('\n')
  return lines.map((line) => (line.startsWith('\t') ? line.slice(1) : line)).join('\n')
}

function bareKeyEnd(source: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end) {
    const byte = source[at] as number
    if (byte === byteOf.equals || byte <= byteOf.space || byte === byteOf.quote) break
    at++
  }
  return at
}
