/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: the references of the configuration look like that */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { expand } from './expand.ts'
import { toPlain } from './node.ts'
import { parseYaml } from './parse-yaml.ts'
import { formatPath } from './problem.ts'
import { Source } from './source.ts'

const env = {
  TEXT: 'hello',
  NUMBER: '012',
  FLOAT: '1.5',
  YES: 'true',
  ON: 'on',
  LIST: '[a, 2]',
  MAP: '{a: 1, b: [x]}',
  EMPTY: '',
  QUOTED: '"q"',
  BAD_YAML: '@x: {',
  COLON: 'a: b: c',
  ZONE: 'eu',
  HOST_eu: 'eu.example',
  NAMES_TEXT: '${env:TEXT}!',
  NAMES_NUMBER: '${env:NUMBER}',
  SELF: '${env:SELF}',
  PING: 'x${env:PONG}',
  PONG: 'y${env:PING}',
  DOLLARS: 'a$$b$c',
  PEM: '-----BEGIN X-----\nabc=\n-----END X-----\n',
  ...Object.fromEntries(
    Array.from({ length: 20 }, (_, step) => [`B${step + 1}`, `\${B${step}}\${B${step}}`]),
  ),
  B0: 'bomb',
}

const files: Readonly<Record<string, string>> = {
  'secret.txt': 'hunter2\n',
  'crlf.txt': 'hunter2\r\n',
  'part.yaml': 'a: ${env:TEXT}\nb: 2\n',
  'broken.yaml': 'a:\n  b: 1\n c: 2\n',
}

function readFile(path: string): string {
  const text = files[path]
  if (text === undefined) throw new Error('no such file')
  return text
}

function expandYaml(yaml: string) {
  const { node, problems } = parseYaml(new Source('c.yaml', yaml))
  assert.deepEqual(problems, [])
  assert.ok(node)
  return expand(node, { env, readFile })
}

suite('a reference gives', () => {
  const rows: readonly (readonly [string, unknown])[] = [
    ['${env:TEXT}', 'hello'],
    ['${TEXT}', 'hello'],
    ['"${env:TEXT}"', 'hello'],
    ['${env:NUMBER}', 10],
    ['"${env:NUMBER}"', 10],
    ['${env:FLOAT}', 1.5],
    ['${env:YES}', true],
    ['${env:ON}', 'on'],
    ['${env:LIST}', ['a', 2]],
    ['${env:MAP}', { a: 1, b: ['x'] }],
    ['${env:EMPTY}', null],
    ['${env:QUOTED}', '"q"'],
    ['${env:BAD_YAML}', '@x: {'],
    ['${env:COLON}', 'a: b: c'],
    ['${env:PEM}', '-----BEGIN X-----\nabc=\n-----END X-----\n'],
    ['a ${env:NUMBER} b', 'a 012 b'],
    ['${env:TEXT}${env:TEXT}', 'hellohello'],
    ['x${env:MAP}', 'x{a: 1, b: [x]}'],
    ['${env:NONE:-5s}', '5s'],
    ['${env:NONE:-7}', 7],
    ['"${env:NONE:-[a, b]}"', ['a', 'b']],
    ['"${env:NONE:-}"', ''],
    ['${env:TEXT:-other}', 'hello'],
    ['"${env:NONE:-a:-b}"', 'a:-b'],
    ['${env:NONE:-${env:TEXT}}', 'hello'],
    ['${env:HOST_${env:ZONE}}', 'eu.example'],
    ['${HOST_${ZONE}}:4317', 'eu.example:4317'],
    ['${env:NAMES_TEXT}', 'hello!'],
    ['${env:NAMES_NUMBER}', 10],
    ['"${yaml:5}"', 5],
    // The first brace ends it, as in the collector; then it is part of a text.
    ['"${yaml:{a: b}}"', '{a: b}'],
    ['${file:secret.txt}', 'hunter2'],
    ['${file:crlf.txt}', 'hunter2'],
    ['Bearer ${file:secret.txt}', 'Bearer hunter2'],
    ['${file:part.yaml}', { a: 'hello', b: 2 }],
    ['$${env:TEXT}', '${env:TEXT}'],
    ['$$${env:TEXT}', '$hello'],
    ['$$$${env:TEXT}', '$${env:TEXT}'],
    ['$${a} ${env:TEXT}', '${a} hello'],
    ['a$$b', 'a$b'],
    ['$TEXT', '$TEXT'],
    ['$', '$'],
    ['a ${ b', 'a ${ b'],
    ['a $${env:b', 'a ${env:b'],
    ['${env:DOLLARS}', 'a$b$c'],
  ]
  for (const [written, means] of rows) {
    test(`${written} → ${JSON.stringify(means)}`, () => {
      const { node, problems } = expandYaml(
        `x: ${written.startsWith('"') ? written : `'${written}'`}`,
      )
      assert.deepEqual(problems, [])
      assert.deepEqual(toPlain(node), { x: means })
    })
  }
})

suite('a reference is refused when', () => {
  const tooDeep =
    'references are nested too deep; the limit is 50 levels. Does one refer to itself?'
  const rows: readonly { name: string; yaml: string; want: string }[] = [
    {
      name: 'the file is missing',
      yaml: "a: '${file:nope}'",
      want: 'a: cannot read "nope": no such file',
    },
    {
      name: 'its end is missing',
      yaml: "a: 'localhost:${env:PORT'",
      want: 'a: a reference begins with "${" and has no "}"; close it with "}", or write "$${" for the text itself',
    },
    {
      name: 'the end of the outer one is missing',
      yaml: "a: '$$${env:A_${env:B}'",
      want: 'a: a reference begins with "${" and has no "}"; close it with "}", or write "$${" for the text itself',
    },
    {
      name: 'the scheme is unknown',
      yaml: "a: ['${https://x/y}']",
      want: 'a[0]: "${https:…}" is none of env, file and yaml; "$$" is a single "$"',
    },
    {
      name: 'the name is no name',
      yaml: "a: 'x${1}'",
      want: 'a: "1" is not the name of a variable; "$$" is a single "$"',
    },
    {
      name: 'it has a default without env',
      yaml: "a: '${TEXT:-x}'",
      want: 'a: a default needs "env:": ${env:TEXT:-…}',
    },
    {
      name: 'it refers to itself',
      yaml: "a: '${env:SELF}'",
      want: `a: ${tooDeep}`,
    },
    {
      name: 'two refer to each other',
      yaml: "a: '${env:PING}'",
      want: `a: ${tooDeep}`,
    },
    {
      name: 'five thousand stand in one another',
      yaml: `a: '${'${env:'.repeat(5000)}X${'}'.repeat(5000)}'`,
      want: `a: ${tooDeep}`,
    },
    {
      name: 'a million stand in one another, and none ends',
      yaml: `a: '${'${env:'.repeat(1_000_000)}'`,
      want: 'a: a reference begins with "${" and has no "}"; close it with "}", or write "$${" for the text itself',
    },
    {
      name: 'it doubles and doubles',
      yaml: "a: '${B20}'",
      want: 'a: too many references; the limit is 10000. Does one refer to itself?',
    },
  ]
  for (const { name, yaml, want } of rows) {
    test(name, () => {
      const { problems } = expandYaml(yaml)
      assert.deepEqual(
        problems.map(({ path, message }) => `${formatPath(path)}: ${message}`),
        [want],
      )
    })
  }

  test('the file it names is a broken map, whose lines are named', () => {
    const { problems } = expandYaml("a: '${file:broken.yaml}'")
    assert.deepEqual(
      problems.map(({ place, message }) => [place, message]),
      [
        [
          { file: 'broken.yaml', line: 3, column: 1 },
          'YAML: all mapping items must start at the same column',
        ],
      ],
    )
  })
})

test('an unset variable is empty, with a warning that names its place', () => {
  const { node, warnings } = expandYaml("a: 1\nb: '${env:NONE}'\nc: 'x${NONE}y'")
  assert.deepEqual(toPlain(node), { a: 1, b: null, c: 'xy' })
  assert.deepEqual(
    warnings.map(({ place, message }) => [place?.line, place?.column, message]),
    [
      [2, 4, 'environment variable "NONE" is not set; the value is empty'],
      [3, 4, 'environment variable "NONE" is not set; the value is empty'],
    ],
  )
})

test('a name inherited by the environment object is not a variable', () => {
  const { node } = expandYaml("a: '${env:toString}'")
  assert.deepEqual(toPlain(node), { a: null })
})
