import { parseArgs } from 'node:util'
import { suggestion } from '../errors/suggest.ts'

export const commands = ['run', 'validate', 'components', 'schema', 'print-config'] as const
export type Command = (typeof commands)[number]

export interface Arguments {
  readonly command: Command
  readonly config: readonly string[]
  readonly set: readonly string[]
  readonly format: string | undefined
  readonly mode: 'redacted' | 'unredacted'
}

export type ParsedArguments =
  | { readonly kind: 'command'; readonly arguments: Arguments }
  | { readonly kind: 'help'; readonly command: Command | undefined }
  | { readonly kind: 'version' }
  | { readonly kind: 'error'; readonly message: string }

/** Every flag, and the commands that know it; those without a list belong to all. */
const flags: Readonly<Record<string, readonly Command[] | undefined>> = {
  config: ['run', 'validate', 'print-config'],
  set: ['run', 'validate', 'print-config'],
  format: ['components', 'print-config'],
  mode: ['print-config'],
  help: undefined,
  version: undefined,
}

const formats: Readonly<Partial<Record<Command, readonly string[]>>> = {
  components: ['table', 'json'],
  'print-config': ['yaml', 'json'],
}

/** Reads the command line without exiting or printing. */
export function parseArguments(args: readonly string[]): ParsedArguments {
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
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'v' },
    },
  })
  for (const token of tokens) {
    if (token.kind !== 'option' || Object.hasOwn(flags, token.name)) continue
    const names = Object.keys(flags).map((flag) => `--${flag}`)
    return fail(`there is no flag ${token.rawName}`, suggestion(token.rawName, names))
  }
  const [word, extra] = positionals
  if (values['version'] === true || word === 'version') return { kind: 'version' }
  const help = values['help'] === true || word === 'help'
  const name = word === 'help' ? extra : word
  if (name !== undefined && !isCommand(name)) return unknownCommand(name)
  if (help) return { kind: 'help', command: name }
  if (extra !== undefined) {
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
  if (config.length === 0 && flags['config']?.includes(command)) {
    return fail('say where the configuration is: --config remora.yaml')
  }
  return { kind: 'command', arguments: { command, config, set, format, mode } }
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
