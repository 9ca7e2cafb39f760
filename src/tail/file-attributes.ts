import type { Stats } from 'node:fs'
import { readFile, realpath } from 'node:fs/promises'
import { basename } from 'node:path'
import type { SourceAttributes } from './line-source.ts'

/** Which of them a record carries; the names are those of the semantic conventions. */
export interface FileAttributeSettings {
  readonly name: boolean
  readonly path: boolean
  readonly nameResolved: boolean
  readonly pathResolved: boolean
  readonly ownerName: boolean
  readonly ownerGroupName: boolean
  readonly permissions: boolean
  /** Added to every record, as they are. */
  readonly fixed: Readonly<Record<string, string>>
}

export async function readFileAttributes(
  path: string,
  stats: Stats,
  settings: FileAttributeSettings,
): Promise<SourceAttributes> {
  const values: Record<string, string> = { ...settings.fixed }
  if (settings.name) values['log.file.name'] = basename(path)
  if (settings.path) values['log.file.path'] = path
  if (settings.nameResolved || settings.pathResolved) {
    // The link may be gone already; the path that was followed then stands for itself.
    const resolved = await realpath(path).catch(() => path)
    if (settings.nameResolved) values['log.file.name_resolved'] = basename(resolved)
    if (settings.pathResolved) values['log.file.path_resolved'] = resolved
  }
  if (settings.ownerName) values['log.file.owner.name'] = await nameOf('/etc/passwd', stats.uid)
  if (settings.ownerGroupName) {
    values['log.file.owner.group.name'] = await nameOf('/etc/group', stats.gid)
  }
  if (settings.permissions) {
    values['log.file.permissions'] = (stats.mode & 0o777).toString(8).padStart(3, '0')
  }
  return { values }
}

/** The name of a user or group id, or the number itself where nobody has it. */
async function nameOf(table: string, id: number): Promise<string> {
  const text = await readFile(table, 'utf8').catch(() => '')
  const line = text.split('\n').find((entry) => entry.split(':')[2] === String(id))
  return line?.split(':')[0] ?? String(id)
}
