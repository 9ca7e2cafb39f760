import type { AnyDefinition } from '../component/define.ts'
import type { Registry } from '../component/registry.ts'
import type { Arguments } from './arguments.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { Io } from './io.ts'
import { tableText } from './table.ts'

const kinds = ['receiver', 'processor', 'exporter', 'extension'] as const

/** `remora components`: what this build can be configured with. */
export async function components(args: Arguments, io: Io): Promise<ExitCode> {
  const definitions = listDefinitions(await io.loadRegistry())
  io.stdout(args.format === 'json' ? toJson(definitions) : toTable(definitions))
  return exitCodes.ok.code
}

/** Each once, by kind and then by name. */
export function listDefinitions(registry: Registry): AnyDefinition[] {
  return kinds.flatMap((kind) => {
    const definitions = new Set<AnyDefinition>(registry[kind].values())
    return [...definitions].sort((left, right) => (left.type < right.type ? -1 : 1))
  })
}

/** `logs, metrics beta; traces alpha`. */
export function stabilityText({ stability }: AnyDefinition): string {
  if (typeof stability === 'string') return stability
  const byLevel = Map.groupBy(Object.entries(stability), ([, level]) => level)
  return [...byLevel]
    .map(([level, signals]) => `${signals.map(([signal]) => signal).join(', ')} ${level}`)
    .join('; ')
}

function toJson(definitions: readonly AnyDefinition[]): string {
  const listed = definitions.map(({ kind, type, aliases, summary, stability }) => {
    return { kind, type, aliases: aliases ?? [], summary, stability }
  })
  return `${JSON.stringify(listed, undefined, 2)}\n`
}

function toTable(definitions: readonly AnyDefinition[]): string {
  const rows = definitions.map((definition) => {
    const also = definition.aliases?.length ? ` (${definition.aliases.join(', ')})` : ''
    return [definition.kind, definition.type + also, stabilityText(definition), definition.summary]
  })
  return tableText(['KIND', 'TYPE', 'STABILITY', 'WHAT IT DOES'], rows)
}
