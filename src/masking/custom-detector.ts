import { isUtf8 } from 'node:buffer'
import type { Pattern } from '../regex/pattern.ts'
import { confidence, type Detector, hasContext, lettersAndDigitsOf } from './detector.ts'
import { anyCase } from './latin1.ts'
import { anchorOf } from './prefilter/from-pattern.ts'
import { validators } from './validators.ts'

export interface CustomOptions {
  readonly name: string
  readonly pattern: Pattern
  readonly group: number
  readonly validator: string | undefined
  readonly context: readonly string[]
  readonly keywords: readonly string[]
}

/** Of a pattern without keywords that has no anchor either: every text is searched, each has a byte. */
const everyText = '[\\x00-\\xff]'

/**
 * An int value that is all there is in its AnyValue (field 3, a varint): its digits stand nowhere in the bytes. Those of seven
 * digits and more are looked at for every detector.
 */
const smallNumber = '[\\x02-\\x04]\\x18[\\x80-\\xff]{0,2}[\\x00-\\x7f]'

/** A detector of the configuration. Its pattern runs on characters, not on bytes, as people write patterns. */
export function createCustomDetector(options: CustomOptions): Detector {
  const { name, pattern, group } = options
  const validate = options.validator === undefined ? undefined : validators[options.validator]
  const context = anyOf(options.context)
  const keywords = anyOf(options.keywords)
  return {
    name,
    group: 'pii',
    summary: 'A pattern of the configuration.',
    anchors:
      keywords === undefined
        ? [anchorOf(pattern.source) ?? everyText, smallNumber]
        : options.keywords.map(anyCase),
    keyEnds: options.keywords.flatMap(partsInKeys),
    find(text, key, report) {
      if (keywords !== undefined && !keywords.test(text) && !keywords.test(key)) return
      const bytes = Buffer.from(text, 'latin1')
      // What is no UTF-8 has no characters: it is searched byte by byte, so that places stay what they are.
      const characters = isUtf8(bytes) ? bytes.toString('utf8') : text
      const isAscii = characters.length === text.length
      const found = [0, 0, 0, 0]
      // Bytes are counted on from the match before: counted from the start, many matches would take its square.
      let counted = 0
      let countedBytes = 0
      for (let from = 0; from <= characters.length; ) {
        if (!pattern.search(characters, from, found, group)) return
        const [start, end] = found as [number, number]
        from = end > start ? end : end + 1
        const [first, last] = (group === 0 ? found : found.slice(2)) as [number, number]
        if (first < 0 || first === last) continue
        const match = characters.slice(first, last)
        if (validate !== undefined && !validate(lettersAndDigitsOf(match))) continue
        if (isAscii) countedBytes = first
        else countedBytes += Buffer.byteLength(characters.slice(counted, first))
        counted = first
        const byteStart = countedBytes
        const byteEnd = isAscii ? last : byteStart + Buffer.byteLength(match)
        if (context !== undefined && !hasContext(text, key, byteStart, byteEnd, context)) continue
        report.add(byteStart, byteEnd, confidence.certain)
      }
    },
  }
}

/** In any case. */
function anyOf(words: readonly string[]): RegExp | undefined {
  return words.length === 0 ? undefined : new RegExp(words.map(anyCase).join('|'))
}

/** A word with dots may begin in the key of a map, and go on in a key of that map. */
function partsInKeys(word: string): string[] {
  const parts = word.split('.')
  return parts.slice(1).map((_, at) => anyCase(parts.slice(0, at + 1).join('.')))
}
