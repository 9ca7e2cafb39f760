import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { maskedText } from '../../test/support/masked.ts'

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
