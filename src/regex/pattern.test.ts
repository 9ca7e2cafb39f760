import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { RE2JS } from 're2js'
import { costOf } from './cost.ts'
import type { OnePass } from './one-pass.ts'
import { parsePattern } from './parse.ts'
import { compilePattern } from './pattern.ts'
import { PatternError } from './pattern-error.ts'

const accessLog =
  '^(?P<method>[A-Z]+) (?P<path>\\S+) HTTP/(?P<version>[\\d.]+) (?P<status>\\d+) (?P<bytes>\\d+) "(?P<referer>[^"]*)" "(?P<agent>[^"]*)" rt=(?P<rt>[\\d.]+)$'

/** Patterns whose answers are compared with those of RE2, on the subjects and on random text. */
const compared: readonly string[] = [
  accessLog,
  'a',
  '^a*$',
  '(a)|b',
  '(?:(a)|b)*',
  '(a|ab)(c|bcd)(d*)',
  '^(.*) (.*)$',
  '^(.*?) (.*)$',
  '(?i)Error|WARN|kelvin|ſ?s',
  '(?i)[a-k]+',
  '(?i)[^k]',
  '(?s)a.b',
  'a.b',
  '(?m)^b$',
  '(?m)^[a-c]+$',
  '\\bfoo\\b',
  '\\Boo',
  '\\Aab\\z',
  '[[:alpha:]_]+[[:^digit:]]',
  '[\\d\\-x]+',
  '[^\\d\\s]+',
  '[]a]+',
  '[^]a]+',
  '[a\\]b]',
  '\\x41\\x{1F600}?',
  '\\Qa.b\\E+',
  '\\Qa.b\\Ec',
  'x{2,3}y{2}z{1,}',
  'x{,2}',
  'x{a}',
  'a|',
  '()',
  '(|a)+',
  '(a*)+',
  '(a?){3}',
  '(?:a|b)+?c',
  '\\pL+',
  '(?P<n>\\w+)\\s+(?P<v>-?\\d+(?:\\.\\d+)?)',
  '(?<n>\\w+)=(?<v>"[^"]*"|\\S*)',
  '^\\[(?P<time>[^\\]]+)\\] (?P<level>\\w+)\\s+(?P<logger>\\S+) - (?P<msg>.*)$',
  '(?U)a+',
  '\\w+@\\w+\\.com',
  '(\\d{1,3}\\.){3}\\d{1,3}',
  '((a)|(b))*c',
  '(?:(a)?b)*',
  '€+[а-я]',
  '[😀-😂]+',
  '.',
  '\\S\\s\\S',
]

const subjects: readonly string[] = [
  '',
  'a',
  'ab',
  'abcd',
  'aaa bbb ccc',
  'foo food foo',
  'Error wArN KELVIN \u212aelvin ſS',
  'a\nb\nabc\r\nb',
  'a\u2028b a\rb',
  'xxyyz xxxyyzzz x{a} x{,2}',
  'k=v key="quoted value" n 12.50 -3',
  '10.0.0.1 user@host.com',
  'A😀😁 €€а',
  'GET /x HTTP/1.1 200 12 "-" "agent (x)" rt=0.05',
  '[2026-01-01 10:00:00] INFO  com.example - hello - world',
  'aaaaaaaaaaaaaaaaaaaaaaaab',
  ']a-]b',
  'a.ba.bbc',
]

suite('a pattern gives the answers of RE2:', () => {
  for (const source of compared) {
    test(source, () => {
      for (const subject of subjects) assertSame(source, subject)
      const alphabet = fc.constantFrom(...'abckx019 ."=-_[]()\n\rKſ€😀é')
      fc.assert(
        fc.property(fc.array(alphabet, { maxLength: 30 }), (chars) => {
          assertSame(source, chars.join(''))
        }),
        { numRuns: 200 },
      )
    })
  }
})

suite('a pattern that never looks back gives the same on bytes:', () => {
  const rows: readonly (readonly [string, boolean])[] = [
    [accessLog, true],
    ['^(?P<t>\\d{4}-\\d{2}-\\d{2}) +(?P<l>[A-Z]+) (?P<m>.*)$', true],
    ['^\\[(?P<time>[^\\]]+)\\] (?P<level>\\w+)', true],
    ['^(?P<n>\\w+)=(?:"(?P<q>[^"]*)"|(?P<v>[^" ][^ ]*))$', true],
    ['^(?:(?P<k>[a-z]+)=(?P<v>[0-9]+),)*(?P<rest>[A-Z]*)$', true],
    ['^(\\d{1,3}\\.){3}\\d{1,3}', true],
    ['^(?P<a>a+)(?P<b> b)?$', true],
    ['^(?P<v>-?\\d+(?:\\.\\d+)?)$', true],
    ['(?i)^(?P<level>error|warn|info) ', true],
    ['^(?P<x>[^k]{2,3})k', true],
    ['^€(?P<x>[а-я]+)', true],
    ['key', true],
    ['^(.*) (.*)$', false],
    ['^(a*?)b', false],
    ['^(?:ab)*', false],
    ['^(?:ab)*a', false],
    ['^(?:$|a)', true],
    ['^(?:$|a?)', false],
    ['^(?:a|)b', true],
    ['\\bfoo', false],
  ]
  for (const [source, known] of rows) {
    test(`${source}: ${known ? 'yes' : 'left to others'}`, () => {
      assert.equal(compilePattern(source).onePass !== undefined, known)
      for (const subject of subjects) assertSameBytes(source, subject)
      const alphabet = fc.constantFrom(...'abckx019 ."=-_[],AZ\n€а')
      fc.assert(
        fc.property(fc.array(alphabet, { maxLength: 30 }), (chars) => {
          assertSameBytes(source, chars.join(''))
        }),
        { numRuns: 300 },
      )
    })
  }
})

/** What is not sure may be anything; what is sure must be what the other engine says. */
function assertSameBytes(source: string, subject: string): void {
  const pattern = compilePattern(source)
  const { onePass } = pattern
  if (onePass === undefined) return
  const bytes = Buffer.from(`"${subject}"`)
  const outcome = onePass.exec(bytes, 1, bytes.length - 1)
  if (outcome === 'unsure') return
  const expected = pattern.exec(subject)
  assert.equal(outcome, expected === null ? 'none' : 'match', JSON.stringify(subject))
  for (const [group, text] of (expected ?? []).entries()) {
    const found = groupOf(onePass, bytes, group)
    assert.equal(found, text, `group ${group} of ${JSON.stringify(subject)}`)
  }
}

function groupOf(onePass: OnePass, bytes: Buffer, group: number): string | undefined {
  const start = onePass.slots[2 * group] as number
  return start < 0 ? undefined : bytes.toString('utf8', start, onePass.slots[2 * group + 1])
}

suite('the cost of a pattern:', () => {
  const rows: readonly (readonly [string, number | undefined])[] = [
    [accessLog, 0],
    ['^\\w+\\s+\\S+ (.*)$', 0],
    ['^(?:[a-z]+,)*[A-Z]', 0],
    ['^(.*) (.*)$', 1],
    ['^.*a.*b.*c', 3],
    ['^(a+)+$', undefined],
    ['^(a|a)*$', undefined],
    ['^(a|aa)+$', undefined],
    ['^(\\w+\\s?)*$', undefined],
    ['^(?:a?b?)*$', undefined],
    ['^(?:(a)|b)*$', undefined],
    ['\\pL', undefined],
  ]
  for (const [source, degree] of rows) {
    test(`${source} → ${degree}`, () => {
      const parsed = parsePattern(source)
      assert.equal(parsed === undefined ? undefined : costOf(parsed.node)?.degree, degree)
    })
  }
})

suite('S15: no pattern and no text takes long:', () => {
  const patterns = [
    '^(a+)+$',
    '(a+)+$',
    '^(a|a)*$',
    '^(a|aa)+$',
    '(x+x+)+y',
    '^(\\w+\\s?)*$',
    '(.*)(.*)(.*)(.*)x$',
    'a*a*a*b',
    '(?:a{1,10}){1,10}b',
    '\\b(a+)+\\b!!',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '(a|b|ab)*c',
    '^(?:.*,){11}P',
    '\\s+$',
    'x+y',
    '[a-z]+@[a-z]+\\.com',
    '(?i)(?:error|err|e)+!',
    accessLog,
  ]
  const texts = [
    `${'a'.repeat(100_000)}!`,
    `${'x'.repeat(100_000)}`,
    `${'aaa '.repeat(25_000)}!`,
    `${','.repeat(100_000)}`,
    `${' '.repeat(100_000)}!`,
    `GET ${'"'.repeat(100_000)}`,
    'error'.repeat(20_000),
  ]
  for (const source of patterns) {
    test(source, () => {
      const pattern = compilePattern(source)
      for (const text of texts) {
        for (const length of [100, 999, 3000, text.length]) {
          const startMs = performance.now()
          pattern.test(text.slice(0, length))
          const tookMs = performance.now() - startMs
          // 30 s and more where it backtracks; the machine of a test is busy, so the budget is wide.
          assert.ok(tookMs < 2000, `${tookMs} ms on ${length} of ${text.slice(0, 8)}…`)
        }
      }
    })
  }
})

suite('S15: a long text with a match in each word takes time in proportion:', () => {
  for (const [source, unit] of [
    ['[a-z]+@[a-z]+', 'ab@cd '],
    ['a', 'a '],
    ['(?s)a.', 'a '],
    ['\\d+', '12 \n'],
  ] as const) {
    test(source, { timeout: 30_000 }, () => {
      const text = unit.repeat(200_000)
      const pattern = compilePattern(source)
      const found: [number, number] = [0, 0]
      const from = process.cpuUsage()
      let count = 0
      for (let at = 0; pattern.search(text, at, found); at = found[1]) count++
      const ms = process.cpuUsage(from).user / 1000
      assert.equal(count, 200_000)
      assert.ok(ms < 5000, `${ms} ms`)
    })
  }
})

suite('a wrong pattern says where and why:', () => {
  const rows = [
    ['a(b', 'is not a pattern (RE2 syntax): missing closing ) "a(b"'],
    ['x[z-a]', 'is not a pattern (RE2 syntax): invalid character class range "z-a" at character 3'],
    [
      'a**',
      'is not a pattern (RE2 syntax): invalid nested repetition operator "**" at character 2',
    ],
    [
      '(?P<a b>x)',
      'is not a pattern (RE2 syntax): invalid named capture "(?P<a b>" at character 1',
    ],
    ['(?=a)', 'is not a pattern (RE2 syntax): there is no look-ahead "(?=" at character 1'],
    ['a(?<!b)c', 'is not a pattern (RE2 syntax): there is no look-behind "(?<!" at character 2'],
    ['(?>a)', 'is not a pattern (RE2 syntax): there are no atomic groups "(?>" at character 1'],
    ['(a)\\1', 'is not a pattern (RE2 syntax): there are no back-references "\\1" at character 4'],
    ['\\\\1(', 'is not a pattern (RE2 syntax): missing closing ) "\\\\1("'],
  ] as const
  for (const [source, want] of rows) {
    test(source, () => {
      assert.throws(() => compilePattern(source), new PatternError(source, want))
    })
  }

  test('also of one that nests thousands of groups deep', () => {
    const source = `${'('.repeat(20_000)}a${')'.repeat(20_000)}`
    const want = new PatternError(source, 'is not a pattern (RE2 syntax): it nests too deep')
    assert.throws(() => compilePattern(source), want)
  })
})

test('search finds what RE2 finds, also in texts of many lines that are too long for V8', () => {
  const line = 'some words 12:30 and [brackets] in a line that is not very long\n'
  const text = line.repeat(2000)
  for (const source of [
    '(?m)^some',
    '(?m)long$',
    '\\d+:\\d+',
    '(?m)^.* and .*$',
    '\\]\\s',
    'line\\b.*g',
  ]) {
    const pattern = compilePattern(source)
    const found: [number, number] = [0, 0]
    const matcher = RE2JS.compile(source).matcher(text)
    let from = 0
    for (let i = 0; i < 50; i++) {
      assert.equal(pattern.search(text, from, found), matcher.find(from), source)
      assert.deepEqual(found, [matcher.start(), matcher.end()], source)
      from = found[1]
    }
  }
})

suite('search goes on behind an empty match, whatever the width of the character there', () => {
  for (const source of ['x*', '(?:x|x)*', '(?:x*)*']) {
    test(source, () => {
      const pattern = compilePattern(source)
      const found: [number, number] = [0, 0]
      const starts: number[] = []
      for (let from = 0; from <= 4 && starts.length < 10; from = found[1] + 1) {
        if (!pattern.search('a😀b', from, found)) break
        starts.push(found[0])
      }
      assert.deepEqual(starts, [0, 1, 3, 4])
    })
  }
})

function assertSame(source: string, subject: string): void {
  const matcher = RE2JS.compile(source).matcher(subject)
  const pattern = compilePattern(source)
  const want = matcher.find()
    ? Array.from({ length: matcher.groupCount() + 1 }, (_, i) => matcher.group(i) ?? undefined)
    : null
  const got = pattern.exec(subject)
  assert.deepEqual(got === null ? null : [...got], want, `${source} on ${JSON.stringify(subject)}`)
  assert.equal(pattern.test(subject), want !== null)
}
