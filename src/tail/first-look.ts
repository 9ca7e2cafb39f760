import type { Logger } from '../component/telemetry.ts'
import type { Discovery } from './discover.ts'
import type { FileSystem } from './file-system.ts'
import type { TailedFile } from './tailed-file.ts'

/** What the first look at the files is judged by. */
export interface FirstLook {
  readonly files: readonly TailedFile[]
  readonly discovery: Discovery
  readonly system: FileSystem
  readonly startAt: 'beginning' | 'end'
  /** Whether positions of an earlier run are known. */
  readonly goesOn: boolean
}

/**
 * Says once what there is to read: a wrong path, and `start_at: end` where the beginning was meant, are the usual mistakes
 * of a new configuration, and both look like nothing at all.
 */
export async function tellFirstLook(look: FirstLook, logger: Logger): Promise<void> {
  const { files, discovery, startAt, goesOn } = look
  const { missing, directories } = await lookAtPatterns(look)
  for (const path of directories) {
    logger.warn('include names a directory; name the files in it', {
      path,
      such_as: `${path}/*.log`,
    })
  }
  if (files.length === 0) {
    logger.warn('no file to read is found yet', {
      include: discovery.patterns,
      ...(missing.length === 0 ? {} : { not_there: missing }),
    })
    return
  }
  const unread = files.reduce((sum, file) => sum + file.unreadBytes, 0)
  const fields = { files: files.length, unread_bytes: unread }
  if (goesOn) logger.info('files are found, and read on where the last run ended', fields)
  else if (startAt === 'beginning')
    logger.info('files are found, and read from their beginning', fields)
  else logger.info('files are found, and read from their end, as start_at says', fields)
}

/** Patterns that name a directory, and places without which a pattern can match nothing. */
async function lookAtPatterns({ discovery, system }: FirstLook) {
  const missing: string[] = []
  const directories: string[] = []
  for (const path of new Set([...discovery.bases, ...discovery.literals])) {
    try {
      const stats = await system.stat(path)
      if (stats.isDirectory() && discovery.literals.includes(path)) directories.push(path)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // Other troubles are told by those who list and open.
      if (code === 'ENOENT' || code === 'ENOTDIR') missing.push(path)
    }
  }
  return { missing, directories }
}
