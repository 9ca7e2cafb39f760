import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type ParsedArguments, parseArguments } from './arguments.ts'

const defaults = { config: [], set: [], format: undefined, mode: 'redacted' } as const

suite('the command line', () => {
  const rows: readonly { args: string; want: ParsedArguments }[] = [
    {
      args: '--config a.yaml',
      want: { kind: 'command', arguments: { ...defaults, command: 'run', config: ['a.yaml'] } },
    },
    {
      args: 'run --config=a.yaml --config b.yaml --set x.y=1 --set=z::w=',
      want: {
        kind: 'command',
        arguments: {
          ...defaults,
          command: 'run',
          config: ['a.yaml', 'b.yaml'],
          set: ['x.y=1', 'z::w='],
        },
      },
    },
    {
      args: '--config a.yaml validate',
      want: {
        kind: 'command',
        arguments: { ...defaults, command: 'validate', config: ['a.yaml'] },
      },
    },
    {
      args: 'print-config --config a --format json --mode unredacted',
      want: {
        kind: 'command',
        arguments: {
          ...defaults,
          command: 'print-config',
          config: ['a'],
          format: 'json',
          mode: 'unredacted',
        },
      },
    },
    { args: 'schema', want: { kind: 'command', arguments: { ...defaults, command: 'schema' } } },
    {
      args: 'dead-letters replay a:1 2 --config a --to http://x:1 --exporter e --all',
      want: {
        kind: 'command',
        arguments: {
          ...defaults,
          command: 'dead-letters',
          config: ['a'],
          words: ['replay', 'a:1', '2'],
          to: 'http://x:1',
          exporter: 'e',
          all: true,
        },
      },
    },
    {
      args: 'queue status --config a --watch --format json',
      want: {
        kind: 'command',
        arguments: {
          ...defaults,
          command: 'queue',
          config: ['a'],
          words: ['status'],
          format: 'json',
          watch: true,
        },
      },
    },
    { args: '--version', want: { kind: 'version' } },
    { args: '-v', want: { kind: 'version' } },
    { args: 'version', want: { kind: 'version' } },
    { args: '--help', want: { kind: 'help', command: undefined } },
    { args: '-h', want: { kind: 'help', command: undefined } },
    { args: 'help', want: { kind: 'help', command: undefined } },
    { args: 'help validate', want: { kind: 'help', command: 'validate' } },
    { args: 'run --help', want: { kind: 'help', command: 'run' } },
  ]
  for (const { args, want } of rows) {
    test(`remora ${args}`, () => assert.deepEqual(parseArguments(args.split(' ')), want))
  }
})

suite('a command line that is refused', () => {
  const rows: readonly (readonly [args: string, message: string])[] = [
    ['validat --config a', 'there is no command "validat"; did you mean "validate"?'],
    [
      'frobnicate',
      'there is no command "frobnicate"; one of "run", "exec", "validate", "components", "schema", "print-config", "dead-letters", "queue", "mask", "tail"',
    ],
    ['a.yaml', 'there is no command "a.yaml"; use --config a.yaml'],
    ['--confg a.yaml', 'there is no flag --confg; did you mean "--config"?'],
    ['-x', 'there is no flag -x'],
    ['run', 'say where the configuration is: --config remora.yaml'],
    ['validate', 'say where the configuration is: --config remora.yaml'],
    ['--set a=b', 'say where the configuration is: --config remora.yaml'],
    ['--config a --set foo', '--set needs key=value, e.g. --set exporters.debug.verbosity=basic'],
    ['--config a --set =foo', '--set needs key=value, e.g. --set exporters.debug.verbosity=basic'],
    ['--config', '--config needs a value'],
    ['--config=', '--config needs a value'],
    ['components --config a', 'components has no flag --config'],
    ['--config a --format json', 'run has no flag --format'],
    ['components --format yml', 'there is no format "yml"; one of "table", "json"'],
    [
      'print-config --config a --mode redcted',
      'there is no mode "redcted"; did you mean "redacted"?',
    ],
    ['dead-letters --config a', 'say what to do: dead-letters list | show | replay | purge'],
    ['dead-letters lst --config a', 'there is no "dead-letters lst"; did you mean "list"?'],
    ['dead-letters show --config a', 'say which: an ID of `remora dead-letters list`'],
    ['dead-letters purge --config a', 'say which: an ID of `remora dead-letters list`, or --all'],
    ['dead-letters purge 3 --all --config a', 'say either an ID or --all'],
    ['dead-letters list 3 --config a', '"3" is one word too many'],
    ['queue status otlp --config a', '"otlp" is one word too many'],
    ['dead-letters list', 'say where the configuration is: --config remora.yaml'],
    ['dead-letters list --config a --watch', 'dead-letters has no flag --watch'],
    ['queue status --config a --watch=x', '--watch takes no value'],
    ['dead-letters list --config a --exporter=', '--exporter needs a value'],
    ['validate run', '"run" is one word too many'],
    ['validate a.yaml', '"a.yaml" is one word too many; use --config a.yaml'],
  ]
  for (const [args, message] of rows) {
    test(`remora ${args}`, () => {
      assert.deepEqual(parseArguments(args.split(' ')), { kind: 'error', message })
    })
  }
})
