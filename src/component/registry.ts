import type {
  AnyDefinition,
  ExporterDefinition,
  ExtensionDefinition,
  Kind,
  ProcessorDefinition,
  ReceiverDefinition,
} from './define.ts'

/** The definitions of one kind by type name and by alias. */
type ByName<D> = ReadonlyMap<string, D>

/** Everything that a configuration can name. */
export interface Registry {
  readonly receiver: ByName<ReceiverDefinition>
  readonly processor: ByName<ProcessorDefinition>
  readonly exporter: ByName<ExporterDefinition>
  readonly extension: ByName<ExtensionDefinition>
}

export function createRegistry(definitions: readonly AnyDefinition[]): Registry {
  return {
    receiver: byName(definitions, 'receiver'),
    processor: byName(definitions, 'processor'),
    exporter: byName(definitions, 'exporter'),
    extension: byName(definitions, 'extension'),
  }
}

function byName<K extends Kind>(
  definitions: readonly AnyDefinition[],
  kind: K,
): Map<string, Extract<AnyDefinition, { kind: K }>> {
  const found = new Map<string, Extract<AnyDefinition, { kind: K }>>()
  for (const definition of definitions) {
    if (definition.kind !== kind) continue
    for (const name of [definition.type, ...(definition.aliases ?? [])]) {
      found.set(name, definition as Extract<AnyDefinition, { kind: K }>)
    }
  }
  return found
}
