import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Double } from '../../wire/otlp/any-value.ts'
import { Entry, type Value } from '../entry.ts'
import { OperatorError } from '../operator-error.ts'
import { compileCondition, compileExpr } from './compile.ts'

function entry(): Entry {
  const made = new Entry()
  made.reset(
    { msg: 'hello world', n: 5, list: [1, 'two', { k: 'v' }], big: 9007199254740993n },
    { level: 'error', status: 503, 'log.file.path': '/a/b.log', on: true, d: new Double(2) },
    { 'service.name': 'shop' },
  )
  made.severityNumber = 17
  made.severityText = 'ERROR'
  return made
}

suite('an expression', () => {
  process.env['REMORA_EXPR_TEST'] = 'here'
  const rows: readonly (readonly [string, Value])[] = [
    ['1 + 2 * 3 ** 2', 19],
    ['(1 + 2) * 3', 9],
    ['2 ** 3 ** 2', new Double(512)],
    ['-2 - -3', 1],
    ['7 % 4 / 2', 1.5],
    ['"a" + \'b\' + `c\\n`', 'abc\\n'],
    ['"tab\\t\\u00e4\\x41"', 'tab\täA'],
    ['body.msg', 'hello world'],
    ['$.msg', 'hello world'],
    ['body["msg"]', 'hello world'],
    ['body.list[2].k', 'v'],
    ['body.list[-1].k', 'v'],
    ['body.msg[0:5]', 'hello'],
    ['body.msg[6:]', 'world'],
    ['body.msg[:-6]', 'hello'],
    ['body.msg[-5:-1]', 'worl'],
    ['body.msg[3:2] + body.msg[40:50] + body.msg[-40:2]', 'he'],
    ['"ä😀ö"[1:2] + "äö"[1:]', '😀ö'],
    ['body.list[:2]', [1, 'two']],
    ['body.list[1:][0]', 'two'],
    ['true ? body.msg[false ? 1 : 0:1] : ""', 'h'],
    ['1..3', [1, 2, 3]],
    ['3..1', []],
    ['len(-1..1 + 1)', 4],
    ['(1..3)[1:]', [2, 3]],
    ['attributes.status in 500..599', true],
    ['attributes.status not in 500..599', false],
    ['599 in 600 - 1..1000000000', true],
    ['600 in 1..599', false],
    ['0 in 1..599', false],
    ['2.5 in 1..3', false],
    ['attributes.d in 1..3', true],
    ['body.big in 1..9007199254740991', false],
    ['"2" in 1..3 or nil in 1..3', false],
    ['body.nothing?.there', null],
    ['body.nothing ?? "else"', 'else'],
    ['attributes["log.file.path"]', '/a/b.log'],
    ['resource["service.name"]', 'shop'],
    ['severity_text + string(severity_number)', 'ERROR17'],
    ['timestamp', null],
    ['env("REMORA_EXPR_TEST")', 'here'],
    ['body.msg matches "^hello \\\\w+$"', true],
    ['body.msg not matches "x"', true],
    ['body.msg contains "lo w"', true],
    ['body.msg startsWith "hello" and body.msg endsWith "world"', true],
    ['not (body.n > 4) or attributes.status >= 500', true],
    ['!(body.n == 5)', false],
    ['not body.n == 5', false],
    ['attributes.level in ["warn", "error"]', true],
    ['"level" in attributes', true],
    ['"x" not in attributes', true],
    ['body.n in [4, 6]', false],
    ['attributes.on ? "yes" : "no"', 'yes'],
    ['attributes.level == nil', false],
    ['attributes.missing == nil', true],
    ['attributes.d == 2', true],
    ['attributes.d < 2.5', true],
    ['body.big > 9007199254740992', true],
    ['[1, [2]] == [1, [2]]', true],
    ['1 == "1"', false],
    ['false && body.x.y.z > 1', false],
    ['len(body.msg) + len(body.list) + len(resource)', 15],
    ['upper(trim("  a ")) + lower("B")', 'Ab'],
    ['trim("xxaxx", "x") + trimPrefix("abc", "a") + trimSuffix("abc", "c")', 'abcab'],
    ['split("a,b", ",")[1]', 'b'],
    ['replace("a.b.c", ".", "$&")', 'a$&b$&c'],
    ['int("42") + float("0.5")', 42.5],
    ['max(1, 3, 2) - min(4, 2)', 1],
    [
      'type(1) + type("") + type(nil) + type([]) + type(body) + type(true)',
      'intstringnilarraymapbool',
    ],
    ['get(attributes, "level")', 'error'],
    ['type(1.5) + type(attributes.d)', 'floatfloat'],
    ['4 / 2', new Double(2)],
    ['2 ^ 3', new Double(8)],
    ['-2 ** 2', -4],
    ['-body.n + 1', -4],
    ['round(-2.5) + round(1.5)', -1],
    ['max([1, 3]) - min([4, 2], 5)', 1],
    ['first(body.list) + len(last(body.list))', 2],
    ['join(split("a,b", ","), "-")', 'a-b'],
    ['values(resource)', ['shop']],
    ['string(body.list) + string(nil)', '[1,"two",{"k":"v"}]nil'],
    ['body.__proto__', null],
    ['body.constructor', null],
  ]
  for (const [source, want] of rows) {
    test(source, () => assert.deepEqual(compileExpr(source)(entry()), want))
  }
})

suite('an expression fails on a record for', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['1 < "a"', 'the expression compares a number with a string'],
    ['body + 1', 'the expression needs a number and has a map'],
    ['body.msg', 'the expression needs a bool and has a string'],
    ['attributes.missing contains "x"', 'the expression needs a string and has a nil'],
    ['body[1:2] == 1', 'the expression needs a string or list and has a map'],
    ['body.msg["a":] == ""', 'the expression needs a number and has a string'],
    ['len(1..10001) > 0', 'the expression makes a range of more than 10000 numbers'],
    ['1 in 1..nil', 'the expression needs a number and has a nil'],
    ['1 % 0 == 1', 'the expression divides by zero'],
    ['int("x") == 1', 'the expression converts what is no number'],
    ['body.msg.deeper == 1', 'the expression needs a map and has a string'],
  ]
  for (const [source, want] of rows) {
    test(source, () => {
      const condition = compileCondition(source)
      assert.throws(
        () => condition(entry()),
        (error) => {
          assert.ok(error instanceof OperatorError)
          assert.equal(error.message, want)
          return true
        },
      )
    })
  }
})

suite('an expression cannot be compiled:', () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['', /ends too early at character 1/],
    ['1 +', /ends too early at character 4/],
    ['a', /unknown name "a"/],
    ['system("x")', /unknown function "system" at character 1/],
    ['len()', /wrong number of arguments for "len"/],
    ['constructor("x")', /unknown function/],
    ['body matches attributes.p', /must be written out/],
    ['body matches "("', /is not a pattern/],
    ['(1', /"\)" is missing in front of the end at character 3/],
    ['1 2', /unexpected "2" at character 3/],
    ['body.1', /a name must follow the dot/],
    ['body[1:2', /"\]" is missing/],
    ['body[]', /unexpected "\]"/],
    ['1..', /it ends too early/],
    ['"open', /cannot read "\\"open"/],
    ['1 constructor 2', /unexpected "constructor"/],
    ['"\\q"', /unknown escape/],
    [`${'('.repeat(100)}1${')'.repeat(100)}`, /nests too deep/],
    [`${'!'.repeat(5000)}true`, /nests too deep/],
    [`"${'x'.repeat(9000)}"`, /too long/],
  ]
  for (const [source, want] of rows) {
    test(source.slice(0, 40), () => assert.throws(() => compileExpr(source), want))
  }
})
