import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { listDefinitions } from '../../src/cli/components.ts'
import type { AnyDefinition } from '../../src/component/define.ts'
import type { Registry } from '../../src/component/registry.ts'
import { detectors } from '../../src/masking/detectors/catalog.ts'

/** The prose beside the definitions: src/<kind>s/<type>/notes.md, where there is one. */
export async function readNotes(
  top: string,
  registry: Registry,
): Promise<(definition: AnyDefinition) => string | undefined> {
  const notes = new Map<AnyDefinition, string>()
  for (const definition of listDefinitions(registry)) {
    const path = join(top, 'src', `${definition.kind}s`, definition.type, 'notes.md')
    try {
      notes.set(definition, (await readFile(path, 'utf8')).replace('{{detectors}}', detectorTable))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return (definition) => notes.get(definition)
}

/** What `{{detectors}}` in a text stands for. */
function detectorTable(): string {
  const rows = detectors.map(({ name, group, summary }) => {
    const text = summary.replaceAll('|', '\\|').replaceAll('<', '&lt;')
    return `| \`${name}\` | ${group} | ${text} |`
  })
  return ['| detector | group | finds |', '| --- | --- | --- |', ...rows].join('\n')
}
