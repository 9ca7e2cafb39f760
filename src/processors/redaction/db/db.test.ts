import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { cleanMemcached, cleanRedis } from './commands.ts'
import { cleanJson } from './json-query.ts'
import { cleanSql } from './sql.ts'

type Row = readonly [before: string, after: string, system?: string]

const sql: readonly Row[] = [
  [' SELECT 1, 1.5e-3, 0x1F, -7, .5 ', 'SELECT ?, ?, ?, ?, .?'],
  ["a = 'it''s' OR b = 'x\\'y'", 'a = ?? OR b = ?'],
  ['a IS NULL AND b = TRUE AND nullable = $1', 'a IS ? AND b = ? AND nullable = ?'],
  ['SELECT a7 FROM "t 42" -- 5\n/* 6 */', 'SELECT a? FROM "t ?" -- 5\n/* 6 */'],
  ['a = "x"', 'a = ?', 'mysql'],
  ['a = "x"', 'a = "x"', 'postgresql'],
  ['a = $tag$ b $ c $tag$ AND d = 1', 'a = ? AND d = ?'],
  ["$func$ SELECT 'a' $func$ = 2", '$func$SELECT ?$func$ = ?'],
  ["a = 'cut off", 'a = ?'],
  ['a = "cut off', 'a = ?'],
  ['größe2 = @var1 AND x = @@y', 'größe? = @var1 AND x = @@y'],
]

const redis: readonly Row[] = [
  ['AUTH user secret', 'AUTH ?'],
  ['SET key "two words" EX 5', 'SET key ? EX 5'],
  ['set key v', 'set key ?'],
  ['SETEX key 10 v', 'SETEX key 10 ?'],
  ['LINSERT l BEFORE p v', 'LINSERT l BEFORE p ?'],
  ['SADD s a b c', 'SADD s ?'],
  ['HSET h f1 v1 f2 v2', 'HSET h f1 ? f2 ?'],
  ['MSET a 1 b 2', 'MSET a ? b ?'],
  ['GEOADD g 1 2 home 3 4 work', 'GEOADD g 1 2 ? 3 4 ?'],
  ['CONFIG SET requirepass x', 'CONFIG SET requirepass ?'],
  ['CONFIG GET requirepass', 'CONFIG GET requirepass'],
  ['BITFIELD k SET u8 0 255 GET u8 1', 'BITFIELD k SET u8 0 ? GET u8 1'],
  ['ZADD z NX 1 a 2 b', 'ZADD z NX 1 ? 2 ?'],
  ['GET key\nSET key "a\nb"', 'GET key\nSET key ?'],
  ['SET key "cut off', 'SET key ?'],
]

suite('what people wrote goes out of', () => {
  for (const [before, after, system] of sql) {
    test(`SQL: ${before}`, () => assert.equal(cleanSql(before, system ?? ''), after))
  }
  for (const [before, after] of redis) {
    test(`Redis: ${before}`, () => assert.equal(cleanRedis(before), after))
  }
  test('Memcached: what follows the command', () => {
    assert.equal(cleanMemcached('set key 0 60 5\r\nhello'), 'set key 0 60 5')
  })
  test('JSON: every value', () => {
    assert.equal(
      cleanJson('{"a" : [1, {"b\\"": "c"}], "d":null}'),
      '{"a":["?",{"b\\"":"?"}],"d":"?"}',
    )
  })
  test('JSON: nothing, where it is none', () => assert.equal(cleanJson('{"a": 1'), '{"a": 1'))
})

suite('a megabyte is cleaned in time', () => {
  const pieces = [
    "'",
    '"',
    '$',
    '$a$',
    '/*',
    '--',
    '`',
    '\\',
    "'\\",
    'a1',
    '1e',
    '-',
    '@',
    '[',
    '{"a":',
    ' ',
    '\n',
    '$func$',
  ]
  for (const piece of pieces) {
    test(`of ${JSON.stringify(piece)}`, { timeout: 60_000 }, () => {
      const text = piece.repeat(Math.ceil((1 << 20) / piece.length))
      for (const clean of [cleanSql, cleanRedis, cleanMemcached, cleanJson]) {
        const from = process.cpuUsage()
        clean(text, '')
        const ms = process.cpuUsage(from).user / 1000
        assert.ok(ms < 2000, `${clean.name} takes ${ms} ms`)
      }
    })
  }
})
