import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { RE2JS } from 're2js'
import { compilePattern } from './pattern.ts'

/** Bounds of all groups as `0-3 1-2 -`, or `none`; `unsure` where one byte does not decide. */
function ours(source: string, text: string): string {
  const { onePass } = compilePattern(source)
  const outcome = onePass?.exec(Buffer.from(text), 0, text.length) ?? 'unsure'
  if (outcome !== 'match') return outcome
  const { slots } = onePass as NonNullable<typeof onePass>
  const bounds: string[] = []
  for (let at = 0; at < slots.length; at += 2) {
    bounds.push(slots[at] === -1 ? '-' : `${slots[at]}-${slots[at + 1]}`)
  }
  return bounds.join(' ')
}

function theirs(source: string, text: string): string {
  const matcher = RE2JS.compile(source).matcher(text)
  if (!matcher.find()) return 'none'
  const bounds: string[] = []
  for (let group = 0; group <= matcher.groupCount(); group++) {
    const start = matcher.start(group)
    bounds.push(start === -1 ? '-' : `${start}-${matcher.end(group)}`)
  }
  return bounds.join(' ')
}

suite('a choice that may be empty', () => {
  const rows: readonly (readonly [source: string, text: string, want: string])[] = [
    ['^(?:\\d*|-)$', '', '0-0'],
    ['^(?:\\d*|-)$', '-', '0-1'],
    ['^(\\d*|-) x', ' x', '0-2 0-0'],
    ['^(?:(\\d?)|-)$', '', '0-0 0-0'],
    ['^(?:a?$|b)', '', '0-0'],
    ['^(?:a?$|b)', 'b', '0-1'],
    ['^(?:-|\\d*)$', '7', '0-1'],
    ['^a(?:$|b)', 'a', '0-1'],
    ['^a(?:$|b)', 'ab', '0-2'],
  ]
  for (const [source, text, want] of rows) {
    test(`${source} on "${text}" is sure`, () => {
      assert.equal(ours(source, text), want)
      assert.equal(theirs(source, text), want)
    })
  }

  test('is left to others where two may be', () => {
    for (const source of ['^(?:a*|b*)$', '^((a?)$)?', '^(?:$|a?)$']) {
      assert.equal(compilePattern(source).onePass, undefined, source)
    }
  })
})

const { source } = fc.letrec<{ source: string }>((tie) => ({
  source: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('a', 'b', '[ab]', '[^a]', '.', '^', '$', ''),
    fc.tuple(tie('source'), tie('source')).map(([left, right]) => left + right),
    fc.tuple(tie('source'), tie('source')).map(([left, right]) => `(?:${left}|${right})`),
    fc
      .tuple(tie('source'), fc.constantFrom('*', '+', '?', '{2}', '{1,2}', '*?', '??'))
      .map(([inner, times]) => `(?:${inner})${times}`),
    tie('source').map((inner) => `(${inner})`),
  ),
}))

test('what is sure is what RE2 says, for any pattern and text', () => {
  let sure = 0
  fc.assert(
    fc.property(
      source,
      fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 5 }),
      (body, chars) => {
        for (const pattern of [`^${body}`, `^${body}$`]) {
          const text = chars.join('')
          const got = ours(pattern, text)
          if (got === 'unsure') continue
          sure++
          assert.equal(got, theirs(pattern, text), `${pattern} on "${text}"`)
        }
      },
    ),
    { numRuns: 4000 },
  )
  assert.ok(sure > 1000, `${sure} sure`)
})
