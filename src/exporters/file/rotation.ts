import { readdir, stat, unlink } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import type { RotationConfig } from './schema.ts'

/**
 * Files set aside are named after the moment: `telemetry-2026-01-02T03-04-05.678.json`, and `….678-1.json` for a second
 * one within the same millisecond. `listBackups` sorts by age.
 */
export function backupPath(
  path: string,
  nowMs: number,
  localtime: boolean,
  attempt: number,
): string {
  const offsetMs = localtime ? new Date(nowMs).getTimezoneOffset() * 60_000 : 0
  const time = new Date(nowMs - offsetMs).toISOString().slice(0, -1).replaceAll(':', '-')
  const extension = extname(path)
  const stem = path.slice(0, path.length - extension.length)
  return `${stem}-${time}${attempt === 0 ? '' : `-${attempt}`}${extension}`
}

const day = 86_400_000
const timePattern = /^(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3})(?:-(\d+))?$/

/** Deletes what `max_backups` and `max_days` do not keep. Resolves with the number deleted. */
export async function pruneBackups(
  path: string,
  { max_backups: keep, max_days: days }: RotationConfig,
  nowMs: number,
): Promise<number> {
  if (keep === 0 && days === 0) return 0
  const backups = await listBackups(path)
  let deleted = 0
  for (const [index, backup] of backups.toReversed().entries()) {
    const surplus = keep > 0 && index >= keep
    const old = days > 0 && nowMs - (await stat(backup)).mtimeMs > days * day
    if (!surplus && !old) continue
    await unlink(backup)
    deleted++
  }
  return deleted
}

/** Oldest first. */
export async function listBackups(path: string): Promise<string[]> {
  const directory = dirname(path)
  const extension = extname(path)
  const prefix = `${basename(path, extension)}-`
  const backups: { name: string; time: string; attempt: number }[] = []
  for (const name of await readdir(directory)) {
    if (!name.startsWith(prefix) || !name.endsWith(extension)) continue
    const [, time, attempt] =
      timePattern.exec(name.slice(prefix.length, name.length - extension.length)) ?? []
    if (time !== undefined) backups.push({ name, time, attempt: Number(attempt ?? 0) })
  }
  backups.sort((a, b) => (a.time === b.time ? a.attempt - b.attempt : a.time < b.time ? -1 : 1))
  return backups.map(({ name }) => join(directory, name))
}
