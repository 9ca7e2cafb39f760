import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { makers } from '../../scripts/masking/values.ts'
import { Random } from '../../scripts/random.ts'
import { compileMasking } from '../../src/masking/compile.ts'
import { detectors } from '../../src/masking/detectors/catalog.ts'
import { Examiner } from '../../src/masking/examiner.ts'
import { Masker } from '../../src/masking/otlp/masker.ts'
import { chunkLength } from '../../src/masking/prefilter/kernel.ts'
import { Prefilter } from '../../src/masking/prefilter/prefilter.ts'
import { Pseudonyms } from '../../src/masking/pseudonyms.ts'
import { maskSchema } from '../../src/masking/schema.ts'
import { parsePattern } from '../../src/regex/parse.ts'
import { bodyRequest, MaskingInput, sampleOf, utf8 } from '../support/masking-input.ts'
import { seed } from '../support/random.ts'

/** The prefilter may only cost time: what is masked behind it is what all detectors find in all texts. */
const rounds = Number(process.env['REMORA_MASKING_ROUNDS'] ?? 100)

const hash_key = 'k'.repeat(16)

/** The masker of a configuration, and one that opens every text for every detector. */
function both(config: object): { some: Masker; every: Masker } {
  const parsed = v.parse(maskSchema, { hash_key, ...config })
  const { masker, examiner } = compileMasking(parsed)
  const prefilter = new Prefilter([{ pattern: '[\\x00-\\xff]', bits: -1 }])
  const pseudonyms = new Pseudonyms(hash_key)
  const { json_strings, max_field_size, max_depth } = parsed
  const every = new Masker({
    examiner: new Examiner(examiner.rules, prefilter, pseudonyms, json_strings),
    prefilter,
    pseudonyms,
    paths: undefined,
    maxFieldBytes: max_field_size,
    maxDepth: max_depth,
    onLimit: 'mask_field',
    onLabel: 'hash',
    tagAttribute: '',
  })
  return { some: masker, every }
}

const configs: readonly (readonly [name: string, config: object])[] = [
  ['all detectors', {}],
  ['all detectors, at any confidence', { min_confidence: 0 }],
  ['all detectors, JSON in strings', { json_strings: true }],
  ['five detectors', { detectors: ['email', 'credit_card', 'phone', 'us_ssn', 'ip_address'] }],
  ...detectors.map(
    ({ name }) => [name, { detectors: [name], min_confidence: 0, json_strings: true }] as const,
  ),
]

function assertSame(
  { some, every }: ReturnType<typeof both>,
  bytes: Uint8Array,
  what: string,
): void {
  const got = Buffer.from(some.mask('logs', bytes))
  const want = Buffer.from(every.mask('logs', bytes))
  if (got.equals(want)) return
  const difference = `${fromDifference(got, want)} instead of ${fromDifference(want, got)}`
  assert.fail(`${difference}, ${what}, REMORA_SEED=${seed}`)
}

suite('behind the prefilter nothing is lost that the detectors alone find:', () => {
  for (const [name, config] of configs) {
    test(name, () => {
      const input = new MaskingInput(new Random(seed))
      const maskers = both(config)
      for (let round = 0; round < rounds; round++) {
        assertSame(maskers, input.request(), `round ${round}`)
      }
    })
  }

  test('patterns of the configuration', () => {
    const random = new Random(seed)
    for (let round = 0; round < rounds / 20; round++) {
      const count = round % 10 === 0 ? 200 : random.integer(1, 20)
      const own = Array.from({ length: count }, (_, at) => ownDetector(random, at))
      const maskers = both({
        detectors: own.map(({ detector }) => detector),
        json_strings: random.chance(0.3),
      })
      const values = own.map(({ value }) => value)
      const input = new MaskingInput(random, values)
      for (let at = 0; at < 20; at++) {
        assertSame(maskers, input.request(), `round ${round}, request ${at}`)
      }
    }
  })

  test('wherever it stands', () => {
    const random = new Random(seed)
    const maskers = both({})
    for (const { make, word } of Object.values(makers)) {
      const value = `${word ?? 'field'}="${make(random)}"`
      for (let at = 0; at < 64; at++) {
        const filler = 'x'.repeat(at)
        assertSame(maskers, bodyRequest(`${filler} ${value}`), `${value} at ${at}`)
        assertSame(maskers, bodyRequest(`${value} ${filler}`), `${value} before ${at}`)
      }
    }
  })

  test('around the end of what is looked at in one go, and in a megabyte', () => {
    const random = new Random(seed)
    const maskers = both({})
    for (const { make, word } of Object.values(makers)) {
      const value = ` ${word ?? 'field'}="${make(random)}"`
      // The tags and lengths in front of the body too.
      const at = chunkLength - random.integer(0, value.length + 40)
      assertSame(maskers, bodyRequest('x'.repeat(at) + value), `${value} at ${at}`)
    }
    const long = Array.from(
      { length: 20 },
      () => `${'y'.repeat(random.integer(0, 100_000))} a@b.io`,
    )
    assertSame(maskers, bodyRequest(long.join(' ')), 'a megabyte')
  })
})

/** A detector with a pattern made at random, and a maker of what it may find. */
function ownDetector(random: Random, at: number): { detector: object; value: () => string } {
  const parts = Array.from({ length: random.integer(1, 5) }, () =>
    random.pick(patternParts)(random),
  )
  const fold = random.chance(0.4) ? '(?i)' : ''
  const isAscii = !/[^\0-\x7f]/.test(parts.join(''))
  const pattern = `${isAscii ? fold : ''}${parts.join('')}`
  const node = parsePattern(pattern)?.node
  const words = ['key', 'ski', 'm\u00fcller', 'customer.id', 'api_key', '\u5bc6\u7801', 'x1']
  const some = () => (random.chance(0.2) ? [random.pick(words), random.pick(words)] : [])
  const keywords = some()
  const context = some()
  const value = (): string => {
    const sample = node === undefined ? 'abc123' : sampleOf(node, random)
    const near = random.chance(0.5) ? `${random.pick([...keywords, ...context, 'x'])} ` : ''
    return utf8(refold(near + sample, random))
  }
  return { detector: { name: `own_${at}`, pattern, keywords, context }, value }
}

/** With other letters that RE2 takes for the same. */
function refold(text: string, random: Random): string {
  const kind = random.integer(0, 5)
  if (kind === 0) return text.toUpperCase()
  if (kind === 1) return text.replace(/k/gi, '\u212a').replace(/s/gi, '\u017f')
  return text
}

const patternParts: readonly ((random: Random) => string)[] = [
  (random) => random.pick(['k', 's', 'id', 'task-', 'ORD', '\\.', '@', 'x', ' ', '=']),
  (random) => random.pick(['\u00e9', '\u6f22', '\u{1f600}', '[\u00e0-\u00ff]', '[^a]', '.']),
  (random) => `[0-9]{${random.integer(1, 12)}}`,
  (random) =>
    random.pick(['[a-z]+', '[A-Z]{2,}', '\\d+', '\\w{3}', '\\s?', '[0-9a-f]{8,40}', '\\d*']),
  (random) =>
    random.pick(['(?:ab|cd|k)', '(?:a|)', '(s|sk)+', '(?:x{2}y?){1,3}', '(?:[0-9]{3}-){2}']),
  (random) => random.pick(['\\b', '\\B', '^', '$', '(?m)^', '\\A', '\\z', '\\pL', '[[:digit:]]']),
]

/** The lengths in front of it, which differ as well, do not say where. */
function fromDifference(one: Buffer, other: Buffer): string {
  let end = 0
  while (one.at(-1 - end) === other.at(-1 - end)) end++
  const last = one.length - end
  return JSON.stringify(one.subarray(Math.max(0, last - 80), last + 20).toString('latin1'))
}
