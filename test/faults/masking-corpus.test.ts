import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import type { Sample } from '../../scripts/masking/corpus.ts'
import { compileMasking } from '../../src/masking/compile.ts'
import { maskSchema } from '../../src/masking/schema.ts'

/** Recall of these is 1: what they find has a checksum, or a prefix that nothing else has. */
const exact = /^(?:credit_card|iban|jwt|.*_token|.*_key)$/

interface Tally {
  expected: number
  hit: number
  reported: number
  right: number
  missed: string[]
  wrong: string[]
}

const samples = readFileSync(
  new URL('../../fixtures/masking/corpus.jsonl', import.meta.url),
  'utf8',
)
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Sample)

/** All detectors over all texts, through the prefilter as in a pipeline. */
function score(): Map<string, Tally> {
  const { examiner, prefilter } = compileMasking(v.parse(maskSchema, { detectors: 'all' }))
  const tallies = new Map<string, Tally>()
  const tallyOf = (detector: string): Tally => {
    const known = tallies.get(detector)
    if (known !== undefined) return known
    const made = { expected: 0, hit: 0, reported: 0, right: 0, missed: [], wrong: [] }
    tallies.set(detector, made)
    return made
  }
  for (const { text, detector, value } of samples) {
    const seen: { detector: string; start: number; end: number }[] = []
    examiner.onSighting = ({ rule, start, end }) =>
      seen.push({ detector: rule.detector.name, start, end })
    const bytes = Buffer.from(text)
    if (prefilter.hits(bytes) > 0) examiner.examine(bytes.toString('latin1'), '', -1, false, '')
    const from = value === undefined ? -1 : text.lastIndexOf(value)
    const to = value === undefined ? -1 : from + value.length
    for (const one of seen) {
      const tally = tallyOf(one.detector)
      tally.reported++
      if (one.detector === detector && one.start < to && one.end > from) tally.right++
      else tally.wrong.push(`${text} → ${text.slice(one.start, one.end)}`)
    }
    if (detector === undefined) continue
    const tally = tallyOf(detector)
    tally.expected++
    // Masked is masked: another detector may have been surer.
    if (seen.some(({ start, end }) => start <= from && end >= to)) tally.hit++
    else tally.missed.push(text)
  }
  return tallies
}

suite('the labelled corpus', () => {
  const tallies = score()
  for (const [detector, tally] of [...tallies].sort()) {
    test(detector, (t) => {
      const recall = tally.expected === 0 ? 1 : tally.hit / tally.expected
      const precision = tally.reported === 0 ? 1 : tally.right / tally.reported
      t.diagnostic(
        `${detector}: recall ${recall.toFixed(3)} of ${tally.expected}, precision ${precision.toFixed(3)} of ${tally.reported}`,
      )
      assert.ok(
        recall >= (exact.test(detector) ? 1 : 0.98),
        `missed: ${tally.missed.slice(0, 5).join('\n')}`,
      )
      assert.ok(precision >= 0.98, `wrong: ${tally.wrong.slice(0, 5).join('\n')}`)
    })
  }
})
