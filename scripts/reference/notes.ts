import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { listDefinitions } from '../../src/cli/components.ts'
import type { AnyDefinition } from '../../src/component/define.ts'
import type { Registry } from '../../src/component/registry.ts'

/** The prose beside the definitions: src/<kind>s/<type>/notes.md, where there is one. */
export async function readNotes(
  top: string,
  registry: Registry,
): Promise<(definition: AnyDefinition) => string | undefined> {
  const notes = new Map<AnyDefinition, string>()
  for (const definition of listDefinitions(registry)) {
    const path = join(top, 'src', `${definition.kind}s`, definition.type, 'notes.md')
    try {
      notes.set(definition, await readFile(path, 'utf8'))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return (definition) => notes.get(definition)
}
