import { entropy } from '../checks.ts'
import { confidence, type Detector } from '../detector.ts'

/** A credential that is known by how it is built. */
export interface TokenKind {
  readonly name: string
  readonly summary: string
  /** Each form, with the prefix that the prefilter looks for. */
  readonly anchors: readonly string[]
  /** Without boundaries; bounded, or ended by a set that its last part leaves out. */
  readonly pattern: string
  /** 0 for what only looks so. */
  judge?(written: string): number
}

/** `sk_live_xxxxxxxxxxxxxxxxxxxxxxxx` in manuals is no secret. */
export function looksRandom(text: string, bits: number): boolean {
  return text.length >= 8 && entropy(text) >= bits
}

/** Judges by the end, which no prefix makes regular. */
export const randomTail = (bits: number) => (token: string) =>
  looksRandom(token.slice(-24), bits) ? confidence.certain : 0

export function tokenDetector({ name, summary, anchors, pattern, judge }: TokenKind): Detector {
  // `-` too, or each of a row of prefixes would be tried to the end of the row.
  const compiled = new RegExp(`(?<![A-Za-z0-9_-])(?:${pattern})`, 'g')
  return {
    name,
    group: 'secrets',
    summary,
    anchors,
    find(text, _key, report) {
      compiled.lastIndex = 0
      for (let match = compiled.exec(text); match !== null; match = compiled.exec(text)) {
        const sure = judge === undefined ? confidence.certain : judge(match[0])
        if (sure > 0) report.add(match.index, compiled.lastIndex, sure)
      }
    },
  }
}
