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

/** What a configuration can name; all of it, or what one of them does name. */
export interface Registry {
  readonly receiver: ByName<ReceiverDefinition>
  readonly processor: ByName<ProcessorDefinition>
  readonly exporter: ByName<ExporterDefinition>
  readonly extension: ByName<ExtensionDefinition>
}

/** A type, or an alias, as it stands in a configuration. */
export interface ComponentName {
  readonly kind: Kind
  readonly name: string
}

/**
 * Loads the definitions of those named, and no other: each brings its options, its engine and the libraries of both along.
 * Loads all where none are given, and where one is unknown, for the message that says what else there is.
 */
export type LoadRegistry = (named?: readonly ComponentName[]) => Promise<Registry>

export interface ListedComponent {
  readonly kind: Kind
  /** The type, and its aliases. */
  readonly names: readonly string[]
  load(): Promise<AnyDefinition>
}

export function registryLoader(listed: readonly ListedComponent[]): LoadRegistry {
  return async (named) => {
    const wanted = named?.map(({ kind, name }) =>
      listed.find((one) => one.kind === kind && one.names.includes(name)),
    )
    const known = wanted?.every((one) => one !== undefined) === true
    const loading = new Set(known ? wanted : listed)
    return createRegistry(await Promise.all([...loading].map((one) => one.load())))
  }
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
