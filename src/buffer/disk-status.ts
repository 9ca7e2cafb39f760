import { join } from 'node:path'
import type { Cursor } from './disk/cursor.ts'
import { errorCode, type FileSystem } from './disk/file-system.ts'
import { parseSegmentFileName, type SegmentName, segmentHeaderBytes } from './disk/format.ts'
import { cursorBeforeName, cursorName, loadCursor } from './disk/load-cursor.ts'
import { nodeFileSystem } from './disk/node-file-system.ts'
import { readWindow } from './disk/read-window.ts'

/** What a queue directory holds that is not acknowledged. */
export interface DiskQueueStatus {
  records: number
  items: number
  /** Of the payloads. */
  bytes: number
  /** All files together. */
  fileBytes: number
  /** Of those that are looked into; what they hold is not counted. */
  unreadableFiles: number
  /** When the oldest came, in milliseconds since 1970; undefined for an empty queue. */
  oldestMs: number | undefined
  /** By pipeline. */
  readonly accounts: Map<string, number>
}

const windowBytes = 64 * 1024

/**
 * Looks into the directory of a disk queue by the headers of its records, and changes nothing. For a queue that nobody
 * has open; of one that is in use it is a moment's picture.
 */
export async function readDiskQueueStatus(
  directory: string,
  fs: FileSystem = nodeFileSystem,
): Promise<DiskQueueStatus> {
  const status: DiskQueueStatus = {
    records: 0,
    items: 0,
    bytes: 0,
    fileBytes: 0,
    unreadableFiles: 0,
    oldestMs: undefined,
    accounts: new Map(),
  }
  const names = await listIfThere(fs, directory)
  const cursor = await findCursor(fs, directory, names, status)
  for (const name of names.sort()) {
    try {
      const path = join(directory, name)
      const sizeBytes = await fs.size(path)
      status.fileBytes += sizeBytes
      const segment = parseSegmentFileName(name)
      if (segment !== undefined) await addSegment(fs, path, sizeBytes, segment, cursor, status)
    } catch (error) {
      // Else it was removed while we looked.
      if (errorCode(error) !== 'ENOENT') status.unreadableFiles++
    }
  }
  return status
}

async function addSegment(
  fs: FileSystem,
  path: string,
  sizeBytes: number,
  segment: SegmentName,
  cursor: Cursor | undefined,
  status: DiskQueueStatus,
): Promise<void> {
  const file = await fs.open(path, 'read')
  try {
    const source = { fs, file, salt: segment.salt, endOffset: sizeBytes }
    for (let offset = segmentHeaderBytes; offset < sizeBytes; ) {
      const window = await readWindow(source, offset, windowBytes, 'headers')
      for (const { index, itemCount, payloadBytes, enqueuedMs, account } of window.records) {
        if (isAcknowledged(cursor, segment, index)) continue
        status.records++
        status.items += itemCount
        status.bytes += payloadBytes
        status.oldestMs = Math.min(status.oldestMs ?? Infinity, enqueuedMs)
        status.accounts.set(account, (status.accounts.get(account) ?? 0) + itemCount)
      }
      offset = window.nextOffset
    }
  } finally {
    await fs.close(file)
  }
}

function isAcknowledged(cursor: Cursor | undefined, segment: SegmentName, index: number): boolean {
  return (
    cursor?.entries.some(
      ({ sequence, salt, from, to }) =>
        sequence === segment.sequence && salt === segment.salt && from <= index && index < to,
    ) ?? false
  )
}

async function findCursor(
  fs: FileSystem,
  directory: string,
  names: readonly string[],
  status: DiskQueueStatus,
): Promise<Cursor | undefined> {
  for (const name of [cursorName, cursorBeforeName]) {
    if (!names.includes(name)) continue
    try {
      const cursor = await loadCursor(fs, directory, name)
      if (typeof cursor !== 'string') return cursor
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') status.unreadableFiles++
    }
  }
  return undefined
}

async function listIfThere(fs: FileSystem, directory: string): Promise<string[]> {
  try {
    return await fs.list(directory)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  }
}
