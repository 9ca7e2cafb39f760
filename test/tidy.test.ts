import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { findBanned, findLogFields, findLogMessages, findLongFunctions } from './tidy/bans.ts'
import {
  findUndocumentedCodes,
  findUnlistedDefinitions,
  findUnsourcedFixtures,
} from './tidy/project.ts'
import { readRepository } from './tidy/repository.ts'
import { findBannedText, findLongFiles, findVagueNames } from './tidy/texts.ts'
import { print, type SourceFile, type Violation } from './tidy/violation.ts'

const files = await readRepository(fileURLToPath(new URL('..', import.meta.url)))

function check(find: (file: SourceFile) => readonly Violation[]): void {
  const found = files.flatMap(find).map(print)
  assert.deepEqual(found, [])
}

suite('the repository', () => {
  test('uses no banned call in src', () => check(findBanned))
  test('logs fields that are named alike', () => check(findLogFields))
  test('logs messages that are written texts', () => check(findLogMessages))
  test('has no function over its limit', () => check(findLongFunctions))
  test('has no file over its limit', () => check(findLongFiles))
  test('holds no banned words, hosts or machine paths', () => check(findBannedText))
  test('has no vague file names', () => check(findVagueNames))
  test('lists every component', () => {
    assert.deepEqual(findUnlistedDefinitions(files).map(print), [])
  })
  test('documents every error code', () => {
    assert.deepEqual(findUndocumentedCodes(files).map(print), [])
  })
  test('knows the source of every fixture', () => {
    assert.deepEqual(findUnsourcedFixtures(files).map(print), [])
  })
})

// The rules themselves, on small samples: a rule that finds nothing any more would pass unnoticed.

suite('tidy finds', () => {
  const rows: readonly {
    name: string
    path: string
    text: string
    find: (file: SourceFile) => Violation[]
    want: readonly string[]
  }[] = [
    {
      name: 'an exit outside main',
      path: 'src/net/x.ts',
      text: 'export function stop() {\n  process.exit(1)\n}\n',
      find: findBanned,
      want: ['src/net/x.ts:2: process.exit: return an exit code to src/main.ts'],
    },
    {
      name: 'no exit in main',
      path: 'src/main.ts',
      text: 'process.exit(0)\n',
      find: findBanned,
      want: [],
    },
    {
      name: 'the wall clock, by call, by timer and by new Date()',
      path: 'src/tail/x.ts',
      text: 'const a = Date.now()\nsetTimeout(run, 1)\nconst b = new Date()\nconst c = new Date(a)\n',
      find: findBanned,
      want: [
        'src/tail/x.ts:1: Date.now: use the injected Clock',
        'src/tail/x.ts:2: setTimeout: use the injected Clock',
        'src/tail/x.ts:3: new Date(): use the injected Clock',
      ],
    },
    {
      name: 'fields of log lines',
      path: 'src/tail/x.ts',
      text: "this.#logger.warn('a', { waitMs: 1, wait_ms: 1 })\nlogger.info('b', { reason: error.message })\nlogger.info('c', { reason: error.code })\nother.warn('d', { waitMs })\n",
      find: findLogFields,
      want: [
        'src/tail/x.ts:1: log field "waitMs": use snake_case',
        'src/tail/x.ts:2: log field "reason" is a code: put the text into "message"',
      ],
    },
    {
      name: 'log messages that are put together',
      path: 'src/tail/x.ts',
      text: "logger.warn(`a`)\nthis.#logger.error('a' + b)\nlogger.info(message, {})\nlogger.info('a', { b })\n",
      find: findLogMessages,
      want: [1, 2, 3].map(
        (line) =>
          `src/tail/x.ts:${line}: log message is no written text: put what varies into the fields`,
      ),
    },
    {
      name: 'nothing in comments, strings, keys and methods of the same name',
      path: 'src/tail/x.ts',
      text: '// Date.now()\nconst a = { setTimeout: "console.log" }\nsocket.setTimeout(5)\n',
      find: findBanned,
      want: [],
    },
    {
      name: 'nothing in tests',
      path: 'src/tail/x.test.ts',
      text: 'Date.now()\n',
      find: findBanned,
      want: [],
    },
    {
      name: 'an uncapped decompressor, once imported under another name',
      path: 'src/receivers/otlp/x.ts',
      text: "import { gunzipSync as open } from 'node:zlib'\n",
      find: findBanned,
      want: [
        'src/receivers/otlp/x.ts:1: gunzipSync: use src/net/decompress.ts, which caps the output',
      ],
    },
    {
      name: 'Buffer.concat in wire only',
      path: 'src/wire/x.ts',
      text: 'Buffer.concat([])\n',
      find: findBanned,
      want: ['src/wire/x.ts:1: Buffer.concat: wire code walks bytes; join and parse at the edges'],
    },
    {
      name: 'no Buffer.concat elsewhere',
      path: 'src/tail/x.ts',
      text: 'Buffer.concat([])\n',
      find: findBanned,
      want: [],
    },
    {
      name: 'console',
      path: 'src/pipeline/x.ts',
      text: 'console.log(1)\n',
      find: findBanned,
      want: [
        'src/pipeline/x.ts:1: console: use the Logger of the settings, or process.stdout in the CLI',
      ],
    },
    {
      name: 'blocking files after start-up',
      path: 'src/tail/x.ts',
      text: "import { readFileSync } from 'node:fs'\nreadFileSync('a')\n",
      find: findBanned,
      want: [
        'src/tail/x.ts:2: readFileSync: use node:fs/promises; blocking calls are for start-up (src/main.ts, cli, config)',
      ],
    },
    {
      name: 'an empty catch',
      path: 'src/tail/x.ts',
      text: 'try {\n  a()\n} catch {\n  // ignored\n}\n',
      find: findBanned,
      want: [
        'src/tail/x.ts:3: empty catch: handle the error, or test for the one that is expected',
      ],
    },
    {
      name: 'timers by import',
      path: 'src/tail/x.ts',
      text: "import { setTimeout as sleep } from 'node:timers/promises'\n",
      find: findBanned,
      want: [
        'src/tail/x.ts:1: timers/promises: use the injected Clock',
        'src/tail/x.ts:1: setTimeout: use the injected Clock',
      ],
    },
    {
      name: 'a function of 71 lines, and not one of 70',
      path: 'src/tail/x.ts',
      text: `function a() {\n${'  b()\n'.repeat(69)}}\nfunction c() {\n${'  b()\n'.repeat(68)}}\n`,
      find: findLongFunctions,
      want: ['src/tail/x.ts:1: function of 71 lines; at most 70: give its parts names'],
    },
    {
      name: 'a file of 501 lines',
      path: 'src/tail/x.ts',
      text: '\n'.repeat(501),
      find: findLongFiles,
      want: ['src/tail/x.ts: 501 lines; at most 500: split by idea'],
    },
    {
      name: 'no test of 800 lines',
      path: 'src/x.test.ts',
      text: '\n'.repeat(800),
      find: findLongFiles,
      want: [],
    },
    {
      name: 'an open end',
      path: 'README.md',
      text: `text\nTO${'DO'} more\n`,
      find: findBannedText,
      want: [`README.md:2: "TO${'DO'}": open end: finish it, or open an issue and name it`],
    },
    {
      name: 'a path of one machine',
      path: 'docs/x.md',
      text: `see /ro${'ot'}/x and https://host/wo${'rk'}/x\n`,
      find: findBannedText,
      want: [
        `docs/x.md:1: "/ro${'ot'}/x": path of one machine: make it relative, or let the reader set it`,
      ],
    },
    {
      name: 'a registry',
      path: 'Dockerfile',
      text: `RUN npm ci --registry https://registry.${'example'}.com\n`,
      find: findBannedText,
      want: [
        `Dockerfile:1: "registry.${'example'}.com": host of a package registry: leave it to the client's settings`,
      ],
    },
    {
      name: 'a skip without a reason, and a lonely test',
      path: 'src/x.test.ts',
      text: `t.sk${'ip'}()\nt.skip('no fsync here')\ntest.on${'ly'}('a')\n`,
      find: findBannedText,
      want: [
        `src/x.test.ts:1: ".sk${'ip'}()": a skip without a reason: say why, so that the reason is printed`,
        `src/x.test.ts:3: "test.on${'ly'}(": a test that hides others: remove it`,
      ],
    },
    {
      name: 'a vague name',
      path: 'src/net/http-utils.ts',
      text: '',
      find: findVagueNames,
      want: [
        'src/net/http-utils.ts: "http-utils" says nothing about what is inside: name it after the one idea',
      ],
    },
  ]
  for (const { name, path, text, find, want } of rows) {
    test(name, () => assert.deepEqual(find({ path, text }).map(print), want))
  }
})

suite('tidy compares', () => {
  test('definitions with the list', () => {
    const sample = [
      { path: 'src/components.ts', text: "import('./receivers/a/definition.ts')" },
      { path: 'src/receivers/a/definition.ts', text: '' },
      { path: 'src/receivers/b/definition.ts', text: '' },
    ]
    assert.deepEqual(findUnlistedDefinitions(sample).map(print), [
      'src/receivers/b/definition.ts: missing from src/components.ts',
    ])
  })

  test('codes with their docs', () => {
    const sample = [
      {
        path: 'src/errors/codes.ts',
        text: 'export const codes = {\n  one: {\n  },\n  two: {\n  },\n}',
      },
      { path: 'docs/reference/errors.md', text: '## `one`' },
    ]
    assert.deepEqual(findUndocumentedCodes(sample).map(print), [
      'src/errors/codes.ts: code "two" is not in docs/reference/errors.md: run npm run generate',
    ])
  })

  test('fixtures with their sources', () => {
    const sample = [
      { path: 'fixtures/SOURCES.md', text: '- `a/`: made\n- `b/x.bin`: taken from' },
      { path: 'fixtures/a/deep/1.bin', text: '' },
      { path: 'fixtures/b/x.bin', text: '' },
      { path: 'fixtures/b/y.bin', text: '' },
    ]
    assert.deepEqual(findUnsourcedFixtures(sample).map(print), [
      'fixtures/b/y.bin: no line in fixtures/SOURCES.md',
    ])
  })
})
