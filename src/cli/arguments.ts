import { parseArgs } from 'node:util'
import { parseSet } from '../config/set.ts'
import { suggestion } from '../errors/suggest.ts'

export const commands = [
  'run',
  'exec',
  'validate',
  'components',
  'schema',
  'print-config',
  'dead-letters',
  'queue',
  'mask',
  'tail',
] as const
export type Command = (typeof commands)[number]

export interface Arguments {
  readonly command: Command
  readonly config: readonly string[]
  readonly set: readonly string[]
  readonly format: string | undefined
  readonly mode: 'redacted' | 'unredacted'
  /** What stands behind the command: `list`, `replay otlp_http:3`. Only of commands that take words. */
  readonly words?: readonly string[]
  readonly exporter?: string
  readonly to?: string
  readonly all?: boolean
  readonly watch?: boolean
  readonly explain?: boolean
  readonly preset?: string
  readonly follow?: boolean
  /** The last so many. */
  readonly lines?: number
}

export type ParsedArguments =
  | { readonly kind: 'command'; readonly arguments: Arguments }
  | { readonly kind: 'help'; readonly command: Command | undefined }
  | { readonly kind: 'version' }
  | { readonly kind: 'error'; readonly message: string }

/** Every flag, and the commands that know it; those without a list belong to all. */
const flags: Readonly<Record<string, readonly Command[] | undefined>> = {
  config: ['run', 'exec', 'validate', 'print-config', 'dead-letters', 'queue', 'mask', 'tail'],
  set: ['run', 'exec', 'validate', 'print-config', 'dead-letters', 'queue', 'mask', 'tail'],
  format: ['components', 'print-config', 'dead-letters', 'queue'],
  mode: ['print-config'],
  exporter: ['dead-letters', 'queue'],
  to: ['dead-letters'],
  all: ['dead-letters'],
  watch: ['queue'],
  explain: ['mask'],
  preset: ['tail'],
  follow: ['tail'],
  lines: ['tail'],
  help: undefined,
  version: undefined,
}

const switches: ReadonlySet<string> = new Set(['all', 'watch', 'explain', 'follow'])

const formats: Readonly<Partial<Record<Command, readonly string[]>>> = {
  components: ['table', 'json'],
  'print-config': ['yaml', 'json'],
  'dead-letters': ['table', 'json'],
  queue: ['table', 'json'],
}

/** Commands with words behind them, and what the first may be. */
const firstWords: Readonly<Partial<Record<Command, readonly string[]>>> = {
  'dead-letters': ['list', 'show', 'replay', 'purge'],
  queue: ['status'],
}

/** Reads the command line without exiting or printing. */
export function parseArguments(args: readonly string[]): ParsedArguments {
  // What stands behind the first "--" of `exec` belongs to the application, flags and all.
  const end = args.indexOf('--')
  const own = parseOwn(end < 0 || args[0] !== 'exec' ? args : args.slice(0, end))
  if (own.kind !== 'command' || own.arguments.command !== 'exec') return own
  const words = end < 0 ? [] : args.slice(end + 1)
  if (words.length === 0) {
    return fail('say what to run: remora exec --config remora.yaml -- COMMAND')
  }
  return { kind: 'command', arguments: { ...own.arguments, words } }
}

function parseOwn(args: readonly string[]): ParsedArguments {
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: {
      config: { type: 'string', multiple: true },
      set: { type: 'string', multiple: true },
      format: { type: 'string' },
      mode: { type: 'string' },
      explain: { type: 'boolean' },
      exporter: { type: 'string' },
      to: { type: 'string' },
      preset: { type: 'string' },
      follow: { type: 'boolean', short: 'f' },
      lines: { type: 'string', short: 'n' },
      all: { type: 'boolean' },
      watch: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'v' },
    },
  })
  for (const token of tokens) {
    if (token.kind !== 'option' || Object.hasOwn(flags, token.name)) continue
    const names = Object.keys(flags).map((flag) => `--${flag}`)
    return fail(`there is no flag ${token.rawName}`, suggestion(token.rawName, names))
  }
  const [word, ...words] = positionals
  const [extra] = words
  if (values['version'] === true || word === 'version') return { kind: 'version' }
  const help = values['help'] === true || word === 'help'
  const name = word === 'help' ? extra : word
  if (name !== undefined && !isCommand(name)) return unknownCommand(name)
  if (help) return { kind: 'help', command: name }
  if (name === 'tail') return withFile(words, values)
  if (name !== undefined && firstWords[name] !== undefined) return withWords(name, words, values)
  if (extra !== undefined) {
    if (name === 'exec') return fail(`put "--" in front of the command: exec … -- ${extra}`)
    return fail(
      `"${extra}" is one word too many`,
      isFile(extra) ? `use --config ${extra}` : undefined,
    )
  }
  return withValues(name ?? 'run', values)
}

function withValues(command: Command, values: Readonly<Record<string, unknown>>): ParsedArguments {
  for (const [flag, value] of Object.entries(values)) {
    const owners = flags[flag]
    if (owners === undefined) continue
    if (!owners.includes(command)) return fail(`${command} has no flag --${flag}`)
    const texts = Array.isArray(value) ? value : [value]
    if (value === true && switches.has(flag)) continue
    if (switches.has(flag)) return fail(`--${flag} takes no value`)
    if (texts.some((text) => typeof text !== 'string' || text === '')) {
      return fail(`--${flag} needs a value`)
    }
  }
  const format = values['format'] as string | undefined
  const mode = (values['mode'] ?? 'redacted') as Arguments['mode']
  const known = formats[command] ?? []
  if (format !== undefined && !known.includes(format)) {
    return fail(`there is no format "${format}"`, suggestion(format, known))
  }
  if (mode !== 'redacted' && mode !== 'unredacted') {
    return fail(`there is no mode "${mode}"`, suggestion(mode, ['redacted', 'unredacted']))
  }
  const config = (values['config'] ?? []) as string[]
  const set = (values['set'] ?? []) as string[]
  // What stands there may be a secret, and is not repeated.
  if (set.some((given) => parseSet(given) === undefined)) {
    return fail('--set needs key=value, e.g. --set exporters.debug.verbosity=basic')
  }
  if (config.length === 0 && command !== 'tail' && flags['config']?.includes(command)) {
    return fail('say where the configuration is: --config remora.yaml')
  }
  const parsed = { command, config, set, format, mode }
  const explain = values['explain'] === true
  return { kind: 'command', arguments: explain ? { ...parsed, explain } : parsed }
}

/** `tail FILE`, or `-` for the standard input. */
function withFile(
  words: readonly string[],
  values: Readonly<Record<string, unknown>>,
): ParsedArguments {
  const [file, extra] = words
  if (file === undefined) return fail('say which file: tail FILE, or tail - for standard input')
  if (extra !== undefined) return fail(`"${extra}" is one word too many`)
  const parsed = withValues('tail', values)
  if (parsed.kind !== 'command') return parsed
  const { preset, follow, lines } = values as { preset?: string; follow?: boolean; lines?: string }
  if (lines !== undefined && !/^[1-9]\d{0,6}$/.test(lines)) {
    return fail(`--lines must be a number from 1 to 9999999, not "${lines}"`)
  }
  return {
    kind: 'command',
    arguments: {
      ...parsed.arguments,
      words: [file],
      ...(preset === undefined ? {} : { preset }),
      ...(follow === undefined ? {} : { follow }),
      ...(lines === undefined ? {} : { lines: Number(lines) }),
    },
  }
}

function withWords(
  command: Command,
  words: readonly string[],
  values: Readonly<Record<string, unknown>>,
): ParsedArguments {
  const known = firstWords[command] ?? []
  const [first] = words
  if (first === undefined) return fail(`say what to do: ${command} ${known.join(' | ')}`)
  if (!known.includes(first)) {
    return fail(`there is no "${command} ${first}"`, suggestion(first, known))
  }
  const wrong = wrongIds(first, words.slice(1), values['all'] === true)
  if (wrong !== undefined) return fail(wrong)
  const parsed = withValues(command, values)
  if (parsed.kind !== 'command') return parsed
  const { exporter, to, all, watch } = values as Record<string, string | undefined> & {
    all?: boolean
    watch?: boolean
  }
  return {
    kind: 'command',
    arguments: {
      ...parsed.arguments,
      words,
      ...(exporter === undefined ? {} : { exporter }),
      ...(to === undefined ? {} : { to }),
      ...(all === undefined ? {} : { all }),
      ...(watch === undefined ? {} : { watch }),
    },
  }
}

/** What is wrong with the words behind `list`, `show`, … */
function wrongIds(verb: string, ids: readonly string[], all: boolean): string | undefined {
  const [id] = ids
  if (id === undefined) {
    if (verb === 'show') return 'say which: an ID of `remora dead-letters list`'
    if (verb === 'purge' && !all) return 'say which: an ID of `remora dead-letters list`, or --all'
    return undefined
  }
  if (verb === 'list' || verb === 'status') return `"${id}" is one word too many`
  if (verb === 'purge' && all) return 'say either an ID or --all'
  return undefined
}

function isCommand(name: string): name is Command {
  return (commands as readonly string[]).includes(name)
}

function isFile(word: string): boolean {
  return /\.ya?ml$/.test(word)
}

function unknownCommand(name: string): ParsedArguments {
  if (isFile(name)) return fail(`there is no command "${name}"`, `use --config ${name}`)
  return fail(`there is no command "${name}"`, suggestion(name, commands))
}

function fail(message: string, hint?: string): ParsedArguments {
  return { kind: 'error', message: hint === undefined ? message : `${message}; ${hint}` }
}
