import type { Node } from '../regex/parse.ts'

/**
 * How sure a finding is. Below `min_confidence` (0.5 unless told otherwise) it is no finding.
 *
 * - `certain`: a checksum, or a structure that nothing else has;
 * - `likely`: the shape fits and a check or the words around it agree;
 * - `possible`: the shape fits, but other things look so too. Only a lower `min_confidence` masks it.
 */
export const confidence = { certain: 1, likely: 0.8, possible: 0.4 } as const

export type Group = 'pii' | 'secrets'

/** Takes what a detector finds. Offsets are those of the text. */
export interface Report {
  add(start: number, end: number, confidence: number): void
}

/**
 * One kind of personal data or secret.
 *
 * Texts are latin1 views of UTF-8: each character is one byte, what is not ASCII comes as the bytes of its encoding.
 * `find` must take time in proportion to the length of the text, whatever it holds: every pattern of a detector has a
 * bounded length from where it begins, or begins only where what stands before it excludes a second try.
 */
export interface Detector {
  readonly name: string
  readonly group: Group
  /** One sentence for the reference: what is found, and how it is checked. */
  readonly summary: string
  /**
   * Patterns for the prefilter: at least one of them ends in each text in which `find` finds something, or in the key of
   * its attribute. On bytes, without assertions: in the syntax of RE2, or as its tree.
   */
  readonly anchors: readonly (string | Node)[]
  /**
   * Patterns like anchors, for detectors that go by keys: at least one of them ends where the key does that makes a finding of
   * its value, if no anchor ends in that key. Of keys of maps in maps, which are joined by dots, where the first of them does.
   */
  readonly keyEnds?: readonly string[]
  /** `key` is the key of the attribute, or the keys on the way to it joined by dots, ASCII in lower case; empty where there is none. */
  find(text: string, key: string, report: Report): void
}

/** Characters before and behind a candidate in which a context word counts. */
const before = 48
const behind = 24

/** Whether a word of `words` (no `g` flag) stands near, or in the key. */
export function hasContext(
  text: string,
  key: string,
  start: number,
  end: number,
  words: RegExp,
): boolean {
  if (key !== '' && words.test(key)) return true
  return (
    words.test(text.slice(Math.max(0, start - before), start)) ||
    words.test(text.slice(end, end + behind))
  )
}

const code0 = 48
const code9 = 57

/** The digits of `text[start, end)` without what stands between them. */
export function digitsOf(text: string, start: number, end: number): string {
  let digits = ''
  let from = start
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code >= code0 && code <= code9) continue
    // Group by group: each join makes a string.
    if (at > from) digits += text.slice(from, at)
    from = at + 1
  }
  return digits + text.slice(from, end)
}

/** Letters and digits of `text`, in upper case, without what stands between them. */
export function lettersAndDigitsOf(text: string): string {
  return text.replace(/[^A-Za-z0-9]+/g, '').toUpperCase()
}

/** Whether all characters are the same. */
export function isUniform(digits: string): boolean {
  for (let at = 1; at < digits.length; at++) if (digits[at] !== digits[0]) return false
  return true
}

/**
 * What may stand between the groups of a number: one space, dot or dash, or their Unicode kin as UTF-8 bytes
 * (no-break space, the dashes U+2010 to U+2015, narrow no-break space). For detectors and anchors alike.
 */
export const separator = '(?:[ .-]|\\xC2\\xA0|\\xE2\\x80[\\x90-\\x95\\xAF])'

/**
 * The anchor of everything that is nine digits or more, in groups or not: coarse, because the automaton of the prefilter
 * grows with every distinction that anchors make. Most log lines have no such run, but a date with its hour is one.
 */
export const nineDigits = '[0-9](?:[ ().\\-/\\xC2\\xA0\\xE2\\x80\\x90-\\x95\\xAF]{0,3}[0-9]){8}'
