import { LetterBox, type LetterEntry, listLetters } from '../buffer/dead-letters/letter-box.ts'
import type { Configured, ConfiguredService } from '../component/configured.ts'
import type { ExporterDefinition } from '../component/define.ts'
import { suggestion } from '../errors/suggest.ts'
import { deadLetterDirectory } from './stored-places.ts'

/** A letter, where it lies. */
export interface Found {
  /** `otlp_http:3` */
  readonly id: string
  readonly exporter: Configured<ExporterDefinition>
  readonly box: LetterBox
  readonly entry: LetterEntry
}

/** Throws an Error for a person. */
export async function findLetters(
  service: ConfiguredService,
  only: string | undefined,
): Promise<readonly Found[]> {
  const found: Found[] = []
  const known: string[] = []
  for (const exporter of service.exporters.values()) {
    const directory = deadLetterDirectory(service, exporter)
    if (directory === undefined) continue
    known.push(exporter.id)
    if (only !== undefined && only !== exporter.id) continue
    const box = new LetterBox(directory, 0)
    for (const entry of await listLetters(directory)) {
      found.push({ id: `${exporter.id}:${entry.number}`, exporter, box, entry })
    }
  }
  if (known.length === 0) throw new Error('no exporter of this configuration has a dead_letter')
  if (only !== undefined && !known.includes(only)) {
    const hint = suggestion(only, known)
    throw new Error(`exporter "${only}" has no dead_letter${hint === undefined ? '' : `; ${hint}`}`)
  }
  return found
}

/** By `otlp_http:3`, or by `3` where only one exporter has a letter of that number. */
export function pickLetters(all: readonly Found[], ids: readonly string[]): readonly Found[] {
  return ids.map((id) => {
    const matches = all.filter((one) => one.id === id || String(one.entry.number) === id)
    const [first] = matches
    if (first === undefined) throw new Error(`there is no dead letter "${id}"`)
    if (matches.length > 1) {
      throw new Error(`"${id}" is one of ${matches.map((one) => one.id).join(', ')}: say which`)
    }
    return first
  })
}
