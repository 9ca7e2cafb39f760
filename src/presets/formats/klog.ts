import {
  byteOf,
  closingQuote,
  digitsEnd,
  findByte,
  isDigit,
  lineEnd,
  readWhole,
  skipSpaces,
  standsAt,
} from '../../operators/bytes/scan.ts'
import { TimeScanner } from '../../operators/bytes/time-scanner.ts'
import { type FormatSettings, TextFormat } from '../format.ts'
import { type Found, Key } from '../found.ts'
import { KeyNames } from '../keys.ts'
import { blockEnd, scanPairs } from '../pairs.ts'

const threadId = new Key('thread.id')
const filePath = new Key('code.file.path')
const lineNumber = new Key('code.line.number')

const levels: ReadonlyMap<number, number> = new Map([
  [0x49, 9],
  [0x57, 13],
  [0x45, 17],
  [0x46, 21],
])

/**
 * klog and glog, which Kubernetes and its controllers write:
 *
 *   I1121 10:15:30.123456    4711 server.go:42] message
 *   I1121 10:15:30.123456    4711 server.go:42] "Pod status updated" pod="kube-system/kubedns" status="ready"
 *
 * A value of several lines stands between `=<` and ` >`, each of its lines behind a tab.
 */
export class Klog extends TextFormat {
  readonly name = 'klog'
  readonly multiline = true
  readonly #times: TimeScanner
  readonly #names = new KeyNames()

  constructor(settings: FormatSettings) {
    super(settings)
    this.#times = new TimeScanner(settings.zone, settings.nowMs)
  }

  begins(source: Uint8Array, start: number, end: number): boolean {
    return (
      start + 15 <= end &&
      levels.has(source[start] as number) &&
      isDigit(source[start + 1] as number) &&
      isDigit(source[start + 4] as number) &&
      source[start + 5] === byteOf.space &&
      source[start + 8] === byteOf.colon
    )
  }

  protected scan(source: Buffer, start: number, end: number, found: Found): string | undefined {
    if (!this.begins(source, start, end))
      return 'it begins with no head such as I1121 10:15:30.123456'
    const times = this.#times
    if (!times.monthDay(source, start + 1, end)) return 'its time cannot be read'
    found.time(times.seconds, times.nanos)
    found.level(levels.get(source[start] as number) ?? 0, start, start + 1)
    const thread = skipSpaces(source, times.end, end)
    const threadEnd = digitsEnd(source, thread, end)
    if (threadEnd === thread) return 'it has no thread id'
    found.value(threadId, readWhole(source, thread, threadEnd))
    const file = threadEnd + 1
    const firstEnd = lineEnd(source, file, end)
    const close = findByte(source, byteOf.unbracket, file, firstEnd)
    let colon = close
    while (colon > file && source[colon] !== byteOf.colon) colon--
    const line = readWhole(source, colon + 1, close)
    if (close === firstEnd || line < 0) return 'it has no file and line with a bracket behind'
    found.text(filePath, file, colon)
    found.value(lineNumber, line)
    this.#scanMessage(source, Math.min(close + 2, end), firstEnd, end, found)
    return undefined
  }

  /** A message in quotes has pairs behind it, each an attribute; where they are not sound there are none. */
  #scanMessage(source: Buffer, start: number, firstEnd: number, end: number, found: Found): void {
    found.message(start, end)
    if (source[start] !== byteOf.quote || start >= firstEnd) return
    const close = closingQuote(source, start + 1, firstEnd, byteOf.quote)
    if (close < 0 || !(close + 1 === firstEnd || standsAt(source, close + 1, firstEnd, ' '))) return
    const mark = found.count
    const pairsEnd = endOfPairs(source, firstEnd, end)
    if (scanPairs(source, close + 1, pairsEnd, this.#names, found) < 0) found.truncate(mark)
    else if (pairsEnd >= end) found.quotedMessage(start + 1, close)
  }
}

/** The end of the line in which the pairs end: values of several lines may stand between. */
function endOfPairs(source: Uint8Array, firstEnd: number, end: number): number {
  let at = firstEnd
  while (source[at - 2] === byteOf.equals) {
    const behind = blockEnd(source, at - 1, end)
    if (behind < 0) break
    at = lineEnd(source, behind, end)
  }
  return at
}
