import { type FileSystem, readAll, writeAll } from './file-system.ts'
import { checkSegmentHeader, readUsedBytes, segmentHeaderBytes, writeUsedBytes } from './format.ts'
import type { Segment } from './segment.ts'

/**
 * Cuts a segment's file behind its last record. From then on whatever follows a record is damage, and nothing left over from the
 * file's former use; the header says so. With `sync`, once the cut is on the disk; without, a loss of power may let what was left
 * over pass for damage.
 */
export async function cutFile(
  fs: FileSystem,
  file: number,
  segment: Segment,
  sync: boolean,
): Promise<void> {
  await fs.truncate(file, segment.sizeBytes)
  if (sync) await fs.sync(file)
  const header = Buffer.alloc(segmentHeaderBytes)
  const length = await readAll(fs, file, header, 0)
  const state = checkSegmentHeader(header.subarray(0, length), segment)
  if (state === 'valid' && readUsedBytes(header) > 0) {
    writeUsedBytes(header, 0)
    await writeAll(fs, file, [header], segmentHeaderBytes, 0)
    if (sync) await fs.sync(file)
  }
  segment.usedBytes = 0
}
