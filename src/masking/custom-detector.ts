import { isUtf8 } from 'node:buffer'
import type { Pattern } from '../regex/pattern.ts'
import { confidence, type Detector, hasContext, lettersAndDigitsOf } from './detector.ts'
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

/** A detector of the configuration. Its pattern runs on characters, not on bytes, as people write patterns. */
export function createCustomDetector(options: CustomOptions): Detector {
  const { name, pattern, group } = options
  const validate = options.validator === undefined ? undefined : validators[options.validator]
  const words = options.context.map((word) => quote(word)).join('|')
  const context = words === '' ? undefined : new RegExp(words, 'i')
  return {
    name,
    group: 'pii',
    summary: 'A pattern of the configuration.',
    anchors:
      options.keywords.length === 0
        ? [anchorOf(pattern.source) ?? everyText]
        : options.keywords.map((word) => `(?i)${quote(utf8AsLatin1(word))}`),
    find(text, key, report) {
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

function quote(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

function utf8AsLatin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}
