import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { unquoteGo } from './go-quotes.ts'

suite('the quotes of Go', () => {
  const rows: readonly (readonly [written: string, text: string | undefined])[] = [
    ['"plain"', 'plain'],
    ['""', ''],
    ['"a\\tb\\n\\"c\\" \\\\"', 'a\tb\n"c" \\'],
    ['"\\a\\b\\f\\r\\v"', '\x07\b\f\r\v'],
    ['"it\'s"', "it's"],
    ['"\\u00e4 \\U0001f600 \\ud83d\\ude00"', 'ä \u{1f600} \u{1f600}'],
    // Escaped bytes are bytes, not characters.
    ['"\\xc3\\xa4 \\303\\244 \\x41\\101"', 'ä ä AA'],
    ['"\\xff-\\xc3"', '\ufffd-\ufffd'],
    ['`a\\n"b"`', 'a\\n"b"'],
    ["'x'", 'x'],
    ["'\\n'", '\n'],
    ["'xy'", undefined],
    ["''", undefined],
    ['`a`b`', undefined],
    ['"a"b"', undefined],
    ['"a\\"', undefined],
    ['"\\q"', undefined],
    ['"\\400"', undefined],
    ['"\\U00110000"', undefined],
    ['"a\nb"', undefined],
    ['"', undefined],
    ['', undefined],
    ['plain', undefined],
    ['"a\'', undefined],
  ]
  for (const [written, text] of rows) {
    test(JSON.stringify(written), () => assert.equal(unquoteGo(written), text))
  }
})
