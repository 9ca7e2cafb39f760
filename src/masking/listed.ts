import type { MaskConfig } from './schema.ts'

export type Listed = Exclude<Exclude<MaskConfig['detectors'], string>[number], string>

/** The list of detectors with every entry written out: `all` is a list of one, a name an entry without options. */
export function entriesOf({ detectors }: Pick<MaskConfig, 'detectors'>): readonly Listed[] {
  const list = typeof detectors === 'string' ? [detectors] : detectors
  return list.map((entry) => (typeof entry === 'string' ? { name: entry } : entry) as Listed)
}

/** Whether findings get pseudonyms because somebody wants them, not only where they are labels. */
export function wantsPseudonyms(config: MaskConfig): boolean {
  return entriesOf(config).some((entry) => (entry.action ?? config.action) === 'hash')
}
