import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { RecordingIntake, testContext } from '../../../test/support/recording-intake.ts'
import { testSettings } from '../../../test/support/settings.ts'
import { oracleDecode, oracleEncode } from '../../../test/support/wire/oracle.ts'
import { Batch } from '../../signal/batch.ts'
import type { Signal } from '../../signal/signal.ts'
import { scanItems } from '../../wire/otlp/scan.ts'
import { redaction } from './definition.ts'
import { RedactionProcessor } from './redaction-processor.ts'

type Plain = string | number | boolean | Plain[] | { [key: string]: Plain }
type Attributes = Readonly<Record<string, Plain>>

function anyOf(value: Plain): object {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number') return { intValue: String(value) }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyOf) } }
  return { kvlistValue: { values: pairsOf(value) } }
}

function pairsOf(attributes: Attributes): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyOf(value) }))
}

// biome-ignore lint/suspicious/noExplicitAny: decoded documents of the oracle have no types.
type Document = any

function plainOf(any: Document): Plain {
  if (any.kvlistValue) return attributesOf(any.kvlistValue.values)
  if (any.arrayValue) return any.arrayValue.values.map(plainOf)
  return any.stringValue ?? any.boolValue ?? Number(any.intValue)
}

function attributesOf(pairs: Document[]): { [key: string]: Plain } {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, plainOf(value)]))
}

async function run(config: object, signal: Signal, document: object): Promise<Document> {
  const next = new RecordingIntake()
  const processor = new RedactionProcessor(testSettings(v.parse(redaction.config, config)), next)
  const bytes = oracleEncode(signal, document)
  await processor.consume(new Batch(signal, [bytes], scanItems(signal, bytes)), testContext(signal))
  const out = next.calls[0]?.batch.bytes() ?? new Uint8Array()
  assert.equal(scanItems(signal, out), scanItems(signal, bytes))
  return oracleDecode(signal, out)
}

async function record(
  config: object,
  attributes: Attributes,
  body: Plain = 'x',
): Promise<Document> {
  const logRecords = [{ body: anyOf(body), attributes: pairsOf(attributes) }]
  const out = await run(config, 'logs', { resourceLogs: [{ scopeLogs: [{ logRecords }] }] })
  return out.resourceLogs[0].scopeLogs[0].logRecords[0]
}

const all = { allow_all_keys: true }
const mail = '[a-z]+@[a-z]+\\.io'

suite('attributes', () => {
  const rows: readonly (readonly [
    name: string,
    config: object,
    before: Attributes,
    after: Attributes,
  ])[] = [
    ['are all removed without options', {}, { a: 'x', b: 1 }, {}],
    ['stay if all are allowed', all, { a: 'x', b: 1 }, { a: 'x', b: 1 }],
    ['stay if their key is allowed', { allowed_keys: ['a'] }, { a: 'x', b: 1 }, { a: 'x' }],
    [
      'pass if their key is ignored, whatever else is said of it',
      { ignored_keys: ['a'], blocked_key_patterns: ['a'], blocked_values: [mail] },
      { a: 'q@x.io', b: 1 },
      { a: 'q@x.io' },
    ],
    [
      'pass if their key matches an ignored pattern anywhere',
      { ignored_key_patterns: ['safe'] },
      { un_safe_1: 'x', b: 1 },
      { un_safe_1: 'x' },
    ],
    [
      'are masked where a value is blocked, and nowhere else',
      { ...all, blocked_values: [mail, '4[0-9]{3}'] },
      { a: 'to q@x.io and r@x.io, 4111', b: 4111 },
      { a: 'to **** and ****, ****', b: 4111 },
    ],
    [
      'are left where the value is allowed',
      { ...all, blocked_values: [mail], allowed_values: ['@us\\.io'] },
      { a: 'q@us.io', b: 'q@x.io' },
      { a: 'q@us.io', b: '****' },
    ],
    [
      'are masked whole, line by line, where the key is blocked; others than strings as well',
      { ...all, blocked_key_patterns: ['token'] },
      { my_token: 'one\ntwo', token_n: 7, b: 'x' },
      { my_token: '****\n****', token_n: '****', b: 'x' },
    ],
    [
      'of all types are examined if asked for, lists and maps as JSON',
      { ...all, redact_all_types: true, blocked_values: ['4111'] },
      { n: 4111, l: ['a', 4111], m: { b: true, a: '4111' }, t: true },
      { n: '****', l: '["a",****]', m: '{"a":"****","b":true}', t: true },
    ],
    [
      'are masked where a pattern matches nothing',
      { ...all, blocked_values: ['x*'] },
      { a: 'axb', n: 1 },
      { a: '****a****b****', n: '****' },
    ],
    [
      'are matched by characters, not by bytes',
      { ...all, blocked_values: ['ü.?€'] },
      { a: 'aüb€c üüü😀', b: 'ü€' },
      { a: 'a****c üüü😀', b: '****' },
    ],
    [
      'lose ids, query and fragment where they hold URLs',
      { ...all, url_sanitizer: { enabled: true, attributes: ['url'] } },
      { url: '/v1/users/4711/qzxkv?id=3', other: '/users/4711' },
      { url: '/v1/users/*/qzxkv', other: '/users/4711' },
    ],
    [
      'lose the literals of the statements they hold, in logs without db.system',
      { ...all, db_sanitizer: { sql: { enabled: true, attributes: ['q'] } } },
      { q: "SELECT * FROM t1 WHERE a = 'b' AND c = -1.5", r: "'b'" },
      { q: 'SELECT * FROM t? WHERE a = ? AND c = ?', r: "'b'" },
    ],
  ]
  for (const [name, config, before, after] of rows) {
    test(name, async () => {
      assert.deepEqual(attributesOf((await record(config, before)).attributes), after)
    })
  }
})

suite('the hash', () => {
  const rows: readonly (readonly [
    hash_function: string,
    hmac_key: string | undefined,
    digits: number,
  ])[] = [
    ['md5', undefined, 32],
    ['SHA1', undefined, 40],
    ['sha3', undefined, 64],
    ['hmac-sha256', 'k'.repeat(32), 64],
    ['hmac-sha512', 'k'.repeat(64), 128],
  ]
  for (const [hash_function, hmac_key, digits] of rows) {
    test(`${hash_function} stands for each match`, async () => {
      const config = {
        ...all,
        blocked_values: [mail],
        hash_function,
        ...(hmac_key && { hmac_key }),
      }
      const { attributes } = await record(config, { a: 'q@x.io q@x.io r@x.io' })
      const [one, two, three] = String(attributesOf(attributes)['a']).split(' ')
      assert.match(String(one), new RegExp(`^[0-9a-f]{${digits}}$`))
      assert.equal(one, two)
      assert.notEqual(one, three)
    })
  }

  test('is the one that everyone else computes', async () => {
    // As `printf abc | md5sum` and RFC 1321, A.5, print it.
    const config = { ...all, blocked_values: ['abc'], hash_function: 'md5' }
    const { attributes } = await record(config, { a: 'abc' })
    assert.deepEqual(attributesOf(attributes), { a: '900150983cd24fb0d6963f7d28e17f72' })
  })
})

suite('log bodies', () => {
  const blocked = { ...all, blocked_values: [mail, '4111'] }
  const rows: readonly (readonly [name: string, config: object, before: Plain, after: Plain])[] = [
    ['that are strings', blocked, 'to q@x.io', 'to ****'],
    ['that are numbers', blocked, 4111, '****'],
    [
      'at any depth',
      blocked,
      { a: ['q@x.io', { b: 4111, c: true }], d: 'ok' },
      { a: ['****', { b: '****', c: true }], d: 'ok' },
    ],
    [
      'with keys that are not allowed, at any depth',
      { allowed_keys: ['a', 'b'] },
      { a: { b: 1, c: 2 }, d: 3 },
      { a: { b: 1 } },
    ],
    [
      'with blocked keys, which come before allowed values there',
      { ...all, blocked_key_patterns: ['token'], allowed_values: ['.'] },
      { token: 'x', a: { token: 5 } },
      { token: '****', a: { token: '****' } },
    ],
    ['that are URLs', { ...all, url_sanitizer: { enabled: true } }, '/users/17#top', '/users/*'],
    [
      'that are queries in JSON',
      { ...all, db_sanitizer: { mongo: { enabled: true } } },
      '{"find": "users", "filter": {"id": [1, null]}}',
      '{"find":"?","filter":{"id":["?","?"]}}',
    ],
  ]
  for (const [name, config, before, after] of rows) {
    test(`are redacted ${name}`, async () => {
      assert.deepEqual(plainOf((await record(config, {}, before)).body), after)
    })
  }

  test('that stand twice are one, and neither stays', async () => {
    const body = Buffer.from(
      oracleEncode('logs', {
        resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: anyOf(['q@x.io']) }] }] }],
      }),
    )
    // The record's own field twice: every length around it grows by that of the field.
    const field = body.subarray(6)
    const twice = Buffer.concat([body.subarray(0, 6), field, field])
    for (const at of [1, 3, 5]) twice[at] = (twice[at] as number) + field.length
    const next = new RecordingIntake()
    const settings = testSettings(v.parse(redaction.config, blocked))
    await new RedactionProcessor(settings, next).consume(
      new Batch('logs', [twice], 1),
      testContext(),
    )
    const out = Buffer.from(next.calls[0]?.batch.bytes() ?? [])
    assert.ok(!out.includes('q@x.io'))
    assert.equal(out.toString('latin1').match(/\*{4}/g)?.length, 2)
  })
})

suite('the summary', () => {
  const config = {
    allowed_keys: ['a', 'b', 'own'],
    ignored_keys: ['i'],
    blocked_values: [mail],
    allowed_values: ['^own'],
  }
  const before = { z: 1, a: 'q@x.io', b: 'x', own: 'own@x.io', i: 1, y: 2 }
  const kept = { a: '****', b: 'x', own: 'own@x.io', i: 1 }

  test('is silent by default', async () => {
    assert.deepEqual(attributesOf((await record(config, before)).attributes), kept)
  })

  test('counts with info', async () => {
    const { attributes } = await record({ ...config, summary: 'info' }, before)
    assert.deepEqual(attributesOf(attributes), {
      ...kept,
      'redaction.redacted.count': 2,
      'redaction.masked.count': 1,
      'redaction.allowed.count': 1,
      'redaction.ignored.count': 1,
    })
  })

  test('names keys with debug, and adds to that of an earlier processor', async () => {
    const earlier = { 'redaction.masked.keys': 'k', 'redaction.masked.count': 4 }
    const { attributes } = await record({ ...config, summary: 'debug' }, { ...earlier, ...before })
    assert.deepEqual(attributesOf(attributes), {
      ...kept,
      'redaction.redacted.keys': 'y,z',
      'redaction.redacted.count': 2,
      'redaction.masked.keys': 'a,k',
      'redaction.masked.count': 5,
      'redaction.allowed.keys': 'own',
      'redaction.allowed.count': 1,
      'redaction.ignored.count': 1,
    })
  })

  test('tells of bodies by path', async () => {
    const body = { a: ['q@x.io'], c: 1, b: { a: 'own@x.io' } }
    const { attributes } = await record({ ...config, summary: 'debug' }, {}, body)
    assert.deepEqual(attributesOf(attributes), {
      'redaction.body.redacted.keys': 'c',
      'redaction.body.redacted.count': 1,
      'redaction.body.masked.keys': 'a.[0]',
      'redaction.body.masked.count': 1,
      'redaction.body.allowed.keys': 'b.a',
      'redaction.body.allowed.count': 1,
    })
  })
})

suite('the places', () => {
  const attributes = pairsOf({ a: 'q@x.io' })
  const resource = { attributes }
  const scope = { name: 'q@x.io', attributes }
  const config = { ...all, blocked_values: [mail] }
  const count = (document: Document, text: string) =>
    JSON.stringify(document).split(text).length - 1

  test('of traces: resource, scope, span and event, as in the collector not links, names and status', async () => {
    const span = {
      name: 'q@x.io',
      attributes,
      events: [{ name: 'q@x.io', attributes }],
      links: [{ attributes }],
      status: { message: 'q@x.io' },
    }
    const out = await run(config, 'traces', {
      resourceSpans: [{ resource, scopeSpans: [{ scope, spans: [span] }] }],
    })
    assert.equal(count(out, '"****"'), 4)
    assert.equal(count(out, 'q@x.io'), 5)
  })

  test('of metrics: the points of every kind, as in the collector not exemplars', async () => {
    const point = { attributes, exemplars: [{ filteredAttributes: attributes }] }
    const kinds = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary']
    const metrics = kinds.map((kind) => ({
      name: 'm',
      [kind]: { dataPoints: [kind === 'summary' ? { attributes } : point] },
    }))
    const out = await run(config, 'metrics', {
      resourceMetrics: [{ resource, scopeMetrics: [{ scope, metrics }] }],
    })
    assert.equal(count(out, '"****"'), 7)
    assert.equal(count(out, 'q@x.io'), 5)
  })

  test('where nothing is blocked are not copied', async () => {
    const next = new RecordingIntake()
    const batch = new Batch(
      'logs',
      [oracleEncode('logs', { resourceLogs: [{ resource: { attributes: pairsOf({ a: 'x' }) } }] })],
      0,
    )
    await new RedactionProcessor(testSettings(v.parse(redaction.config, config)), next).consume(
      batch,
      testContext(),
    )
    assert.equal(next.calls[0]?.batch, batch)
  })

  test('that cannot be read are refused, not passed on', async () => {
    const next = new RecordingIntake()
    const broken = new Batch('logs', [Buffer.from('\x0a\xffq@x.io', 'latin1')], 1)
    const processor = new RedactionProcessor(testSettings(v.parse(redaction.config, config)), next)
    await assert.rejects(processor.consume(broken, testContext()), { code: 'invalid_data' })
    assert.equal(next.calls.length, 0)
  })
})

suite('names of spans', () => {
  const url = { ...all, url_sanitizer: { enabled: true } }
  const sql = { ...all, db_sanitizer: { sql: { enabled: true } } }
  const rows: readonly (readonly [
    config: object,
    kind: number,
    name: string,
    attributes: Attributes,
    want: string,
  ])[] = [
    [url, 2, 'GET /users/17', {}, 'GET /users/*'],
    [url, 3, '17', { 'http.route': '/x' }, '17'],
    [url, 1, 'GET /users/17', {}, 'GET /users/17'],
    [{ ...url, allowed_values: ['GET'] }, 2, 'GET /users/17', {}, 'GET /users/17'],
    [
      { ...all, url_sanitizer: { enabled: true, sanitize_span_name: false } },
      2,
      '/u/17',
      {},
      '/u/17',
    ],
    [sql, 3, "SELECT 'a'", { 'db.system': 'PostgreSQL' }, 'SELECT ?'],
    [sql, 3, 'SELECT "a"', { 'db.system.name': 'mysql' }, 'SELECT ?'],
    [sql, 3, "SELECT 'a'", {}, "SELECT 'a'"],
    [sql, 4, "SELECT 'a'", { 'db.system': 'mysql' }, "SELECT 'a'"],
    [
      { ...all, db_sanitizer: { sql: { enabled: true }, sanitize_span_name: false } },
      3,
      "SELECT 'a'",
      { 'db.system': 'mysql' },
      "SELECT 'a'",
    ],
  ]
  for (const [config, kind, name, attributes, want] of rows) {
    test(`${name} of kind ${kind} becomes ${want}`, async () => {
      const spans = [{ name, kind, attributes: pairsOf(attributes) }]
      const out = await run(config, 'traces', { resourceSpans: [{ scopeSpans: [{ spans }] }] })
      assert.equal(out.resourceSpans[0].scopeSpans[0].spans[0].name, want)
    })
  }
})

suite('the configuration', () => {
  const rows: readonly (readonly [name: string, config: object, want: RegExp])[] = [
    ['a pattern that is none', { blocked_values: ['('] }, /missing closing/],
    [
      'an unknown hash',
      { hash_function: 'crc' },
      /must be one of md5, sha1, sha3, hmac-sha256, hmac-sha512/,
    ],
    [
      'an HMAC without a key',
      { hash_function: 'hmac-sha256' },
      /must have at least 32 bytes for hmac-sha256, not 0/,
    ],
    [
      'a short key',
      { hash_function: 'hmac-sha512', hmac_key: 'k'.repeat(63) },
      /at least 64 bytes for hmac-sha512, not 63/,
    ],
    ['an unknown summary', { summary: 'verbose' }, /must be one of debug, info, silent/],
    ['an unknown option', { blocked: [] }, /blocked/],
  ]
  for (const [name, config, want] of rows) {
    test(`refuses ${name}`, () => {
      const { success, issues = [] } = v.safeParse(redaction.config, config)
      assert.equal(success, false)
      assert.match(
        JSON.stringify(issues.map(({ message, path }) => [message, path?.map(({ key }) => key)])),
        want,
      )
    })
  }
})
