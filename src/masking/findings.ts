import type { Report } from './detector.ts'
import type { PlainView } from './plain-view.ts'
import { actions, type Rule } from './rule.ts'

/**
 * What the rules find in one text. One object serves all texts: arrays that are kept, no object for a finding.
 *
 * After `resolve` the first `count` entries are in order and do not overlap. Of findings that overlap one is left, over all
 * that they cover together, so that nothing of the weaker one shows: it has the rule with the strongest action, then with
 * the higher confidence, then the longer one.
 */
export class Findings implements Report {
  count = 0
  readonly start: number[] = []
  readonly end: number[] = []
  readonly rule: number[] = []
  readonly confidence: number[] = []
  readonly #rules: readonly Rule[]
  readonly #strength: readonly number[]
  /** By rule: findings that only count. */
  readonly tagged: number[]
  /** Shown every finding that only counts, in offsets of the text. */
  onTagged: ((rule: number, start: number, end: number, confidence: number) => void) | undefined
  readonly #taggedInView: number[]
  #current = 0
  #view: PlainView | undefined
  #isInView = false

  constructor(rules: readonly Rule[]) {
    this.#rules = rules
    this.#strength = rules.map(({ action }) => actions.indexOf(action))
    this.tagged = rules.map(() => 0)
    this.#taggedInView = rules.map(() => 0)
  }

  reset(): void {
    this.count = 0
  }

  /** Findings from here on are in the offsets of the view. */
  inView(view: PlainView): void {
    this.#view = view
    this.#isInView = true
  }

  /** Findings from here on are in those of the text, and do not begin inside of an escape. */
  inText(): void {
    this.#isInView = false
  }

  /** What was counted in the text and in its view is one. */
  endText(): void {
    if (this.#view === undefined) return
    this.#view = undefined
    for (let rule = 0; rule < this.tagged.length; rule++) {
      this.tagged[rule] = Math.max(this.tagged[rule] as number, this.#taggedInView[rule] as number)
      this.#taggedInView[rule] = 0
    }
  }

  /** Findings from here on are those of that rule. */
  of(rule: number): void {
    this.#current = rule
  }

  add(start: number, end: number, confidence: number): void {
    const rule = this.#rules[this.#current] as Rule
    if (confidence < rule.minConfidence || end <= start) return
    const view = this.#view
    let from = start
    let to = end
    if (view !== undefined) {
      from = this.#isInView ? view.startOf(start) : view.outOfEscape(start)
      if (this.#isInView) to = view.endOf(end - 1)
      if (from >= to) return
    }
    if (rule.action === 'tag') {
      const counts = this.#isInView ? this.#taggedInView : this.tagged
      counts[this.#current] = (counts[this.#current] as number) + 1
      this.onTagged?.(this.#current, from, to, confidence)
      return
    }
    const at = this.count++
    this.start[at] = from
    this.end[at] = to
    this.rule[at] = this.#current
    this.confidence[at] = confidence
  }

  /** `text` is what the findings are in: none of them cuts a character of it in two. */
  resolve(text: string): void {
    for (let at = 0; at < this.count; at++) {
      this.start[at] = characterStart(text, this.start[at] as number)
      this.end[at] = characterEnd(text, this.end[at] as number)
    }
    if (this.count < 2) return
    this.#sort()
    let kept = 0
    for (let at = 1; at < this.count; at++) {
      if ((this.start[at] as number) >= (this.end[kept] as number)) {
        kept++
        this.#move(at, kept)
        continue
      }
      const end = Math.max(this.end[kept] as number, this.end[at] as number)
      const start = this.start[kept] as number
      if (this.#beats(at, kept)) this.#move(at, kept)
      this.start[kept] = start
      this.end[kept] = end
    }
    this.count = kept + 1
  }

  #beats(one: number, other: number): boolean {
    const strength = this.#strengthOf(one) - this.#strengthOf(other)
    if (strength !== 0) return strength > 0
    const surer = (this.confidence[one] as number) - (this.confidence[other] as number)
    if (surer !== 0) return surer > 0
    return this.#lengthOf(one) > this.#lengthOf(other)
  }

  #strengthOf(at: number): number {
    return this.#strength[this.rule[at] as number] as number
  }

  #lengthOf(at: number): number {
    return (this.end[at] as number) - (this.start[at] as number)
  }

  #move(from: number, to: number): void {
    this.start[to] = this.start[from] as number
    this.end[to] = this.end[from] as number
    this.rule[to] = this.rule[from] as number
    this.confidence[to] = this.confidence[from] as number
  }

  #sort(): void {
    // Fast path: a few findings, mostly in order already.
    if (this.count > 64) {
      this.#sortMany()
      return
    }
    for (let at = 1; at < this.count; at++) {
      for (let to = at; to > 0; to--) {
        if ((this.start[to - 1] as number) <= (this.start[to] as number)) break
        this.#swap(to - 1, to)
      }
    }
  }

  #swap(one: number, other: number): void {
    const spare = this.count
    this.#move(one, spare)
    this.#move(other, one)
    this.#move(spare, other)
  }

  #sortMany(): void {
    const order = Array.from({ length: this.count }, (_, at) => at)
    order.sort((a, b) => (this.start[a] as number) - (this.start[b] as number))
    for (const list of [this.start, this.end, this.rule, this.confidence]) {
      const sorted = order.map((at) => list[at] as number)
      for (const [at, value] of sorted.entries()) list[at] = value
    }
  }
}

/** Bytes that follow the first of a character in UTF-8. */
const followersMax = 3

function isFollower(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xc0) === 0x80
}

function characterStart(text: string, start: number): number {
  let at = start
  while (at > 0 && start - at < followersMax && isFollower(text, at)) at--
  return at
}

function characterEnd(text: string, end: number): number {
  let at = end
  while (at < text.length && at - end < followersMax && isFollower(text, at)) at++
  return at
}
