import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseRequestHead, RequestFault } from './request-head.ts'

/** `lines` as they stand in a request, each with its end. */
function parse(...lines: string[]) {
  return parseRequestHead(lines.map((line) => `${line}\r\n`).join(''))
}

function accepted(...lines: string[]) {
  const head = parse(...lines)
  assert.ok(!(head instanceof RequestFault), JSON.stringify(head))
  return head
}

test('a request line and headers are read', () => {
  const head = accepted('POST /v1/logs?x=1 HTTP/1.1', 'Host: a:4318', 'X-Empty:', 'X-B: \t b c \t')
  assert.deepEqual(head, {
    method: 'POST',
    path: '/v1/logs',
    fields: ['host', 'a:4318', 'x-empty', '', 'x-b', 'b c'],
    bodyBytes: 0,
    expectsContinue: false,
    minorVersion: 1,
    keepAlive: true,
  })
})

suite('the path', () => {
  const rows: readonly (readonly [target: string, path: string])[] = [
    ['/', '/'],
    ['/v1/logs', '/v1/logs'],
    ['/v1/logs?a=/b', '/v1/logs'],
    ['http://h/v1/logs?a', '/v1/logs'],
    ['http://h', '/'],
    ['http://', '/'],
    ['http://h?a=/v1/logs', '/'],
    ['HTTPS://h:1/x', '/x'],
    ['//x', '//x'],
    ['*', '*'],
  ]
  for (const [target, path] of rows) {
    test(target, () => assert.equal(accepted(`POST ${target} HTTP/1.1`, 'host: a').path, path))
  }
})

suite('what follows the head', () => {
  const rows: readonly (readonly [name: string, lines: string[], bodyBytes: number])[] = [
    ['nothing', [], 0],
    ['a length', ['Content-Length: 15'], 15],
    ['chunks', ['Transfer-Encoding: Chunked'], -1],
  ]
  for (const [name, lines, bodyBytes] of rows) {
    test(name, () => {
      assert.equal(accepted('POST / HTTP/1.1', 'host: a', ...lines).bodyBytes, bodyBytes)
    })
  }
})

suite('the connection stays open', () => {
  const rows: readonly (readonly [version: string, lines: string[], keepAlive: boolean])[] = [
    ['1.1', [], true],
    ['1.1', ['Connection: close'], false],
    ['1.1', ['Connection: x, CLOSE'], false],
    ['1.1', ['Connection: close', 'Connection: keep-alive'], false],
    ['1.0', [], false],
    ['1.0', ['Connection: Keep-Alive'], true],
    ['1.0', ['Connection: keep-alive, close'], false],
  ]
  for (const [version, lines, keepAlive] of rows) {
    test(`HTTP/${version} ${lines.join(' ')}: ${keepAlive}`, () => {
      assert.equal(accepted(`POST / HTTP/${version}`, 'host: a', ...lines).keepAlive, keepAlive)
    })
  }
})

test('100-continue is expected of HTTP/1.1 only', () => {
  const lines = ['host: a', 'Expect: 100-Continue', 'content-length: 1']
  assert.equal(accepted('POST / HTTP/1.1', ...lines).expectsContinue, true)
  assert.equal(accepted('POST / HTTP/1.0', ...lines).expectsContinue, false)
})

test('HTTP/1.0 needs no Host', () => assert.equal(accepted('GET / HTTP/1.0').minorVersion, 0))

suite('refused', () => {
  const line = 'POST / HTTP/1.1'
  const rows: readonly (readonly [name: string, status: number, lines: string[]])[] = [
    ['no version', 400, ['GET /']],
    ['two blanks', 400, ['GET  / HTTP/1.1', 'host: a']],
    ['a tab in the request line', 400, ['GET\t/ HTTP/1.1', 'host: a']],
    ['a blank at the end of the request line', 400, ['GET / HTTP/1.1 ', 'host: a']],
    ['a method that is no token', 400, ['GE(T / HTTP/1.1', 'host: a']],
    ['lower case in the version', 400, ['GET / http/1.1', 'host: a']],
    ['a version of two digits', 400, ['GET / HTTP/1.11', 'host: a']],
    ['an umlaut in the target', 400, ['GET /\xfc HTTP/1.1', 'host: a']],
    ['a target that is no path', 400, ['GET v1/logs HTTP/1.1', 'host: a']],
    ['a target that ends like a path', 400, ['GET x/v1/logs HTTP/1.1', 'host: a']],
    ['a target that is a query', 400, ['GET ?/v1/logs HTTP/1.1', 'host: a']],
    ['HTTP/2.0', 505, ['GET / HTTP/2.0', 'host: a']],
    ['no Host', 400, [line]],
    ['two Hosts', 400, [line, 'host: a', 'host: a']],
    ['a Host with a path', 400, [line, 'host: a/b']],
    ['a Host with a user', 400, [line, 'host: me@a']],
    ['a line without a colon', 400, [line, 'host: a', 'x']],
    ['a colon in the next line only', 400, [line, 'x', 'host: a']],
    ['a blank before the colon', 400, [line, 'host : a']],
    ['a folded line', 400, [line, 'host: a', 'x: y', ' z']],
    ['an empty name', 400, [line, 'host: a', ': y']],
    ['a name that is no token', 400, [line, 'host: a', 'x(y): z']],
    ['a bare LF', 400, [line, 'host: a\ncontent-length: 1']],
    ['a bare CR', 400, [line, 'host: a\rcontent-length: 1']],
    ['a NUL', 400, [line, 'host: a', 'x: \0']],
    ['DEL', 400, [line, 'host: a', 'x: \x7f']],
    ['a length in words', 400, [line, 'host: a', 'content-length: ten']],
    ['a negative length', 400, [line, 'host: a', 'content-length: -1']],
    ['a signed length', 400, [line, 'host: a', 'content-length: +1']],
    ['a hexadecimal length', 400, [line, 'host: a', 'content-length: 0x1']],
    ['a list of lengths', 400, [line, 'host: a', 'content-length: 1, 1']],
    ['no length where one is announced', 400, [line, 'host: a', 'content-length:']],
    ['two lengths', 400, [line, 'host: a', 'content-length: 1', 'Content-Length: 1']],
    ['a length of 16 digits', 400, [line, 'host: a', 'content-length: 1000000000000000']],
    [
      'a length and chunks',
      400,
      [line, 'host: a', 'content-length: 1', 'transfer-encoding: chunked'],
    ],
    ['chunks in HTTP/1.0', 400, ['POST / HTTP/1.0', 'transfer-encoding: chunked']],
    ['gzip and chunks', 501, [line, 'host: a', 'transfer-encoding: gzip, chunked']],
    ['gzip without chunks', 400, [line, 'host: a', 'transfer-encoding: gzip']],
    ['chunks that are not last', 400, [line, 'host: a', 'transfer-encoding: chunked, gzip']],
    [
      'chunks twice',
      400,
      [line, 'host: a', 'transfer-encoding: chunked', 'transfer-encoding: chunked'],
    ],
    ['a word that ends in chunked', 400, [line, 'host: a', 'transfer-encoding: xchunked']],
    ['another expectation', 417, [line, 'host: a', 'expect: 200-ok']],
  ]
  for (const [name, status, lines] of rows) {
    test(name, () => {
      const fault = parse(...lines)
      assert.ok(fault instanceof RequestFault, JSON.stringify(fault))
      assert.equal(fault.status, status)
    })
  }
})

test('a head of many blanks takes time in proportion to its length', () => {
  const startMs = performance.now()
  accepted('POST / HTTP/1.1', 'host: a', `x:${' '.repeat(1_000_000)}y${'\t '.repeat(500_000)}`)
  assert.ok(performance.now() - startMs < 500)
})
