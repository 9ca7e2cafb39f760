import { Findings } from './findings.ts'
import { looksLikeJson, rewriteJson } from './json-text.ts'
import { hidingAnchors, PlainView } from './plain-view.ts'
import type { Anchor, Prefilter } from './prefilter/prefilter.ts'
import type { Pseudonyms } from './pseudonyms.ts'
import { replaceFindings } from './replace.ts'
import type { Rule } from './rule.ts'

/** What becomes of a text that was examined. */
export const verdict = { clean: 0, replaced: 1, drop: 2, dropRecord: 3 } as const
export type Verdict = (typeof verdict)[keyof typeof verdict]

/** A finding, for those who want to see it: `remora mask --explain`. */
export interface Sighting {
  readonly rule: Rule
  readonly path: string
  readonly start: number
  readonly end: number
  readonly confidence: number
  readonly text: string
}

/** Bits of the prefilter that rules have; where there are more anchors than these, they are shared. */
const bitCount = 31
const allBits = -1
/** Of texts that may hide something, and of numbers. */
const hidingBit = 1 << bitCount

/**
 * Numbers in attribute values, as protobuf writes them: an int64 above two million (`AnyValue.int_value` is field 3, a varint
 * of at least four bytes), and a double that is all there is in its AnyValue (field 4, nine bytes with its tag).
 */
const numbers = ['\\x18[\\x80-\\xff]{3}', '\\x09\\x21']

/** JSON in JSON in JSON: deeper, what is inside is examined as text. */
const jsonDepthMax = 8

/**
 * Runs the rules over one text after another. `bits` of a text are those of its hits: rules whose anchors did not hit are
 * not run.
 */
export class Examiner {
  readonly rules: readonly Rule[]
  /** Findings by rule since the start, those that only count included. */
  readonly counts: number[]
  /** The text that stands for the last one that was `replaced`. */
  replacement = ''
  /** Rules that only tag and have found something, since somebody emptied it. */
  readonly seen = new Set<number>()
  /** Every finding is shown to it. */
  onSighting: ((sighting: Sighting) => void) | undefined
  /** By rule. */
  readonly #bits: readonly number[]
  readonly #findings: Findings
  readonly #prefilter: Prefilter
  readonly #view = new PlainView()
  /** What is examined, and where it stands. */
  #text = ''
  #path = ''
  readonly #pseudonyms: Pseudonyms
  readonly #opensJson: boolean
  #jsonDepth = 0

  /** `prefilter` has the `anchorsOf` the rules. `opensJson`: strings of JSON in a text are examined one by one. */
  constructor(
    rules: readonly Rule[],
    prefilter: Prefilter,
    pseudonyms: Pseudonyms,
    opensJson: boolean,
  ) {
    this.#opensJson = opensJson
    this.rules = rules
    this.#bits = bitsOf(rules)
    this.counts = rules.map(() => 0)
    this.#findings = new Findings(rules)
    this.#pseudonyms = pseudonyms
    this.#prefilter = prefilter
    this.#findings.onTagged = (rule, start, end, confidence) =>
      this.#show(rule, start, end, confidence)
  }

  /** With `distinct` equal findings have equal replacements and others have others: for what tells series and keys apart. */
  examine(text: string, key: string, bits: number, distinct: boolean, path: string): Verdict {
    if (this.#opensJson && this.#jsonDepth < jsonDepthMax && looksLikeJson(text)) {
      const result = this.#examineJson(text, key, distinct, path)
      if (result !== undefined) return result
    }
    return this.#examineText(text, key, bits, distinct, path)
  }

  /** Undefined where it is no JSON. What a rule drops becomes an empty string. */
  #examineJson(text: string, key: string, distinct: boolean, path: string): Verdict | undefined {
    let dropsRecord = false
    const visit = (plain: string, at: string, isDistinct: boolean): string | undefined => {
      // The hits of the whole text say nothing about what its escapes stand for.
      const result = this.examine(
        plain,
        at,
        allBits,
        isDistinct,
        at === '' ? path : `${path}.${at}`,
      )
      if (result === verdict.dropRecord) dropsRecord = true
      if (result === verdict.clean) return undefined
      return result === verdict.replaced ? this.replacement : ''
    }
    this.#jsonDepth++
    const rewritten = rewriteJson(text, key, {
      value: (plain, at) => visit(plain, at, distinct),
      key: (plain) => visit(plain, '', true),
    })
    this.#jsonDepth--
    if (rewritten === undefined) return undefined
    if (dropsRecord) return verdict.dropRecord
    this.replacement = rewritten
    return rewritten === text ? verdict.clean : verdict.replaced
  }

  #examineText(text: string, key: string, bits: number, distinct: boolean, path: string): Verdict {
    const findings = this.#findings
    const { rules } = this
    this.#text = text
    this.#path = path
    findings.reset()
    if ((bits & hidingBit) !== 0) this.#runOnView(text, key, bits)
    this.#run(text, key, bits)
    findings.endText()
    this.#countTagged()
    if (findings.count === 0) return verdict.clean
    findings.resolve(text)
    let worst: Verdict = verdict.replaced
    for (let at = 0; at < findings.count; at++) {
      const index = findings.rule[at] as number
      const { action } = rules[index] as Rule
      this.counts[index] = (this.counts[index] as number) + 1
      if (action === 'drop_record') worst = verdict.dropRecord
      else if (action === 'drop' && worst < verdict.drop) worst = verdict.drop
      const { start, end, confidence } = findings
      this.#show(index, start[at] as number, end[at] as number, confidence[at] as number)
    }
    if (worst === verdict.dropRecord || (worst === verdict.drop && !distinct)) return worst
    this.replacement = replaceFindings(text, findings, rules, this.#pseudonyms, distinct)
    return verdict.replaced
  }

  #run(text: string, key: string, bits: number): void {
    const findings = this.#findings
    const { rules } = this
    for (let index = 0; index < rules.length; index++) {
      if ((bits & (this.#bits[index] as number)) === 0) continue
      findings.of(index)
      rules[index]?.detector.find(text, key, findings)
    }
  }

  /** The text as it reads once its escapes are resolved. */
  #runOnView(text: string, key: string, bits: number): void {
    const view = this.#view
    if (!view.open(text)) return
    const own = bits === allBits ? bits : this.#prefilter.bitsOf(Buffer.from(view.text, 'latin1'))
    this.#findings.inView(view)
    this.#run(view.text, key, bits | own)
    this.#findings.inText()
  }

  #countTagged(): void {
    const { tagged } = this.#findings
    for (let index = 0; index < tagged.length; index++) {
      if (tagged[index] === 0) continue
      this.counts[index] = (this.counts[index] as number) + (tagged[index] as number)
      tagged[index] = 0
      this.seen.add(index)
    }
  }

  #show(rule: number, start: number, end: number, confidence: number): void {
    if (this.onSighting === undefined) return
    const { [rule]: found } = this.rules
    const text = this.#text
    this.onSighting({ rule: found as Rule, path: this.#path, start, end, confidence, text })
  }
}

/** What stands behind a key: the tag of its value, and in JSON a quote, perhaps with backslashes. */
const behindKey = '\\x12'
const behindJsonKey = '(?:\\x12|\\\\{0,8}")'
/** What proves texts clean of the rules. */
export function anchorsOf(rules: readonly Rule[], opensJson: boolean): Anchor[] {
  const bits = bitsOf(rules)
  const behind = opensJson ? behindJsonKey : behindKey
  const ofTexts = rules.flatMap(({ detector: { anchors, keyEnds = [] } }, index) =>
    [...anchors, ...keyEnds.map((end) => `(?:${end})${behind}`)].map((pattern) => ({
      pattern,
      bits: bits[index] as number,
    })),
  )
  const others = [...numbers, ...hidingAnchors].map((pattern) => ({ pattern, bits: hidingBit }))
  return [...ofTexts, ...others]
}

/** The bit of each rule. Rules that have the same anchors are run together or not at all: one bit is enough for them. */
function bitsOf(rules: readonly Rule[]): number[] {
  const numbers = new Map<string, number>()
  return rules.map(({ detector }) => {
    const key = JSON.stringify([detector.anchors, detector.keyEnds])
    const number = numbers.get(key) ?? numbers.size
    numbers.set(key, number)
    // The first are those of numbers and addresses, which are met most: nobody shares with them.
    return 1 << (number < bitCount ? number : bitCount - 1 - (number % sharedBits))
  })
}

const sharedBits = 16
