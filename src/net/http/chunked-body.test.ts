import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ChunkedBody } from './chunked-body.ts'
import { RequestFault } from './request-head.ts'

/** Reads `text` in parts of `partBytes`; the body and what was left over, or the fault. */
function read(text: string, partBytes: number) {
  const source = Buffer.from(text, 'latin1')
  const chunks = new ChunkedBody()
  let body = ''
  let at = 0
  while (at < source.byteLength && !chunks.done) {
    const part = source.subarray(at, at + partBytes)
    const read = chunks.push(part, 0, (from, start, end) => {
      body += from.toString('latin1', start, end)
    })
    if (read instanceof RequestFault) return read.message
    at += read
  }
  return { body, rest: text.slice(at), done: chunks.done }
}

suite('chunks', () => {
  const rows: readonly (readonly [name: string, text: string, body: string, rest: string])[] = [
    ['one', '5\r\nhello\r\n0\r\n\r\n', 'hello', ''],
    ['several, and the next request', '1\r\na\r\n002\r\nbc\r\n0\r\n\r\nPOST /', 'abc', 'POST /'],
    ['none', '0\r\n\r\n', '', ''],
    [
      'hexadecimal of either case',
      `1A\r\n${'x'.repeat(26)}\r\na\r\n${'y'.repeat(10)}\r\n0\r\n\r\n`,
      'x'.repeat(26) + 'y'.repeat(10),
      '',
    ],
    ['line ends in the data', '4\r\n\r\n\r\n\r\n0\r\n\r\n', '\r\n\r\n', ''],
    ['extensions', '1;a=b;c="d e"\r\nx\r\n0;last\r\n\r\n', 'x', ''],
    ['blanks after the size', '1 \t\r\nx\r\n0 ; a\r\n\r\n', 'x', ''],
    ['trailers', '1\r\nx\r\n0\r\na: b\r\nc: d\r\n\r\n', 'x', ''],
  ]
  for (const [name, text, body, rest] of rows) {
    for (const partBytes of [1, 2, 3, 7, 1000]) {
      test(`${name}, ${partBytes} bytes a read`, () => {
        assert.deepEqual(read(text, partBytes), { body, rest, done: true })
      })
    }
  }

  const faults: readonly (readonly [name: string, text: string])[] = [
    ['no size', '\r\nx\r\n'],
    ['a word', 'zz\r\n'],
    ['a sign', '+1\r\nx\r\n'],
    ['a minus', '-1\r\nx\r\n'],
    ['0x', '0x1\r\nx\r\n'],
    ['a blank before the size', ' 1\r\nx\r\n'],
    ['13 digits', '0000000000001\r\nx\r\n'],
    ['more data than the size says', '1\r\nxy\r\n0\r\n\r\n'],
    ['a bare LF after the size', '1\nx\r\n0\r\n\r\n'],
    ['a bare LF after the data', '1\r\nx\n0\r\n\r\n'],
    ['a bare LF in an extension', '1;a\nb\r\nx\r\n0\r\n\r\n'],
    ['a bare CR after the size', '1\rx\r\n'],
    ['a NUL in an extension', '1;\0\r\nx\r\n0\r\n\r\n'],
    ['a bare LF after the trailers', '0\r\na: b\n\n'],
    ['extensions without end', `1;${'a'.repeat(20_000)}`],
    ['trailers without end', `0\r\n${'a: b\r\n'.repeat(5000)}`],
    ['extensions of many chunks', '1;aaaa\r\nx\r\n'.repeat(5000)],
  ]
  for (const [name, text] of faults) {
    for (const partBytes of [1, 1000]) {
      test(`refused: ${name}, ${partBytes} bytes a read`, () => {
        assert.match(String(read(text, partBytes)), /^not HTTP\/1\.1: /)
      })
    }
  }
})
