import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { compileGlob, matchGlob } from './glob.ts'

suite('a glob', () => {
  const rows: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    [
      '/var/log/*.log',
      ['/var/log/a.log', '/var/log/.log'],
      ['/var/log/a.txt', '/var/log/x/a.log', 'var/log/a.log'],
    ],
    [
      '/var/log/**/*.log',
      ['/var/log/a.log', '/var/log/x/y/a.log'],
      ['/var/a.log', '/var/log/a.txt'],
    ],
    ['/a/**', ['/a/b', '/a/b/c'], ['/b/a']],
    ['app?.log', ['app1.log', 'appä.log'], ['app.log', 'app12.log']],
    ['[a-c]x[!0-9]', ['axb', 'cx-'], ['dxa', 'ax1']],
    ['[^a]b', ['cb'], ['ab']],
    ['[]a]x', [']x', 'ax'], ['bx']],
    ['{a,b{c,d}}.log', ['a.log', 'bc.log', 'bd.log'], ['b.log', 'c.log']],
    ['a\\*b', ['a*b'], ['axb']],
    ['*a*b*c', ['abc', 'xaybzc', 'aabbcc'], ['acb', 'ab']],
    ['./x/../y', ['x/../y'], ['y']],
  ]
  for (const [pattern, fits, fitsNot] of rows) {
    test(pattern, () => {
      const globs = compileGlob(pattern)
      const matches = (path: string): boolean => globs.some((glob) => matchGlob(glob, path))
      for (const path of fits) assert.ok(matches(path), path)
      for (const path of fitsNot) assert.ok(!matches(path), path)
    })
  }

  test('takes no time for a hostile name', () => {
    const globs = compileGlob('*a*a*a*a*a*a*a*a*b')
    const startMs = performance.now()
    assert.ok(!globs.some((glob) => matchGlob(glob, 'a'.repeat(255))))
    assert.ok(performance.now() - startMs < 100)
  })

  const wrong = [
    ['[a', 'has a "[" without its "]"'],
    ['~/*.log', '"~" is not expanded; write the directory out'],
    ['{a', 'has a "{" without its "}"'],
    ['a\\', 'ends in a single backslash'],
    ['{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}', 'has over 1000 alternatives'],
  ] as const
  for (const [pattern, message] of wrong) {
    test(`${pattern} is refused`, () => {
      assert.throws(() => compileGlob(pattern), { message })
    })
  }
})
