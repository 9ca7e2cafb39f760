import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { maskedRecord, maskedText } from '../../test/support/masked.ts'

test('a pattern that also matches nothing finds its matches among characters of any width', () => {
  const config = { detectors: [{ name: 'u', pattern: '\\d*' }] }
  assert.equal(maskedText('😀12é😀3', config), '😀<u>é😀<u>')
})

suite('the group of a pattern is masked where it stands in the match:', () => {
  const long = 'x'.repeat(1_100_000)
  const rows: readonly (readonly [pattern: string, text: string, want: string])[] = [
    ['user=(\\w+) host=\\w+', 'user=bob host=bob', 'user=<u> host=bob'],
    ['(\\d+)-(?:\\d+)', '12-12 34-34', '<u>-12 <u>-34'],
    ['\\Bid=(\\w+)', 'aid=bob', 'aid=<u>'],
    ['é=(\\w+)\\b', 'aé=bob é', 'aé=<u> é'],
    // RE2 itself, since V8 could take long.
    ['(?:a|a)*id=(\\w+) \\w+', 'aaid=bob bob', 'aaid=<u> bob'],
    ['id=(\\w+);|\\w+', `${long}\nid=bob;bob`, `${long}\nid=<u>;bob`],
    ['id=(\\w*)', 'id=, id=7', 'id=, id=<u>'],
  ]
  for (const [pattern, text, want] of rows) {
    test(`${pattern} in ${text.slice(-20)}`, () => {
      const config = { detectors: [{ name: 'u', pattern, group: 1 }], max_field_size: '4MiB' }
      assert.equal(maskedText(text, config), want)
    })
  }
})

suite('words of the configuration count in any case, in text and in keys:', () => {
  const numbers = { name: 'n', pattern: '[0-9]{6}' }
  const rows: readonly (readonly [words: object, text: string, want: string, key?: string])[] = [
    [{ keywords: ['m\u00fcller'] }, 'M\u00dcLLER 123456', 'M\u00dcLLER <n>'],
    [{ keywords: ['m\u00fcller'] }, 'mueller 123456', 'mueller 123456'],
    [{ keywords: ['stra\u00dfe'] }, 'STRASSE 123456', 'STRASSE <n>'],
    [{ keywords: ['key'] }, '\u212aEY 123456', '\u212aEY <n>'],
    [{ keywords: ['sort'] }, '\u017fort 123456', '\u017fort <n>'],
    [{ keywords: ['a.b'] }, 'axb 123456', 'axb 123456'],
    [{ keywords: ['kunde'] }, '123456', '<n>', 'Kunde_1'],
    [{ keywords: ['gr\u00f6\u00dfe'] }, '123456', '<n>', 'GR\u00d6\u00dfe'],
    // The keyword of another detector opens the text, and says nothing for this one.
    [{ keywords: ['ab'], context: ['ab'] }, '123456', '123456'],
    [{ context: ['gr\u00f6\u00dfe'] }, 'GR\u00d6\u00dfE 123456', 'GR\u00d6\u00dfE <n>'],
    [{ context: ['gr\u00f6\u00dfe'] }, 'x 123456', 'x 123456'],
  ]
  for (const [words, text, want, key] of rows) {
    test(`${JSON.stringify(words)}: ${text} ${key ?? ''}`, () => {
      const other = { name: 'o', pattern: '@', keywords: ['123'] }
      assert.equal(maskedText(text, { detectors: [{ ...numbers, ...words }, other] }, key), want)
    })
  }

  test('of a map in a map, whose keys are joined', () => {
    const inner = { kvlistValue: { values: [{ key: 'id', value: { stringValue: '123456' } }] } }
    const body = { kvlistValue: { values: [{ key: 'Customer', value: inner }] } }
    const detectors = [{ ...numbers, keywords: ['customer.id'] }]
    const masked = JSON.stringify(maskedRecord({ body }, { detectors }))
    assert.match(masked, /"<n>"/)
  })

  test('whole numbers of any length are texts to a pattern', () => {
    for (const intValue of ['7', '4711', '123456', '-99999', '12345678901']) {
      const detectors = [{ name: 'n', pattern: '^-?[0-9]+$' }]
      assert.equal(maskedRecord({ body: { intValue } }, { detectors }).body.stringValue, '<n>')
    }
  })
})
