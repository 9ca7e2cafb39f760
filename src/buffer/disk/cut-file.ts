import { type FileSystem, readAll, writeAll } from './file-system.ts'
import {
  checkSegmentHeader,
  readUsedBytes,
  type SegmentName,
  segmentHeaderBytes,
  writeUsedBytes,
} from './format.ts'

/**
 * Cuts a segment file behind its last record. From then on whatever follows a record is damage, and nothing left over from the
 * file's former use; the header says so once the cut is on the disk.
 */
export async function cutFile(
  fs: FileSystem,
  file: number,
  name: SegmentName,
  sizeBytes: number,
): Promise<void> {
  await fs.truncate(file, sizeBytes)
  await fs.sync(file)
  const header = Buffer.alloc(segmentHeaderBytes)
  const length = await readAll(fs, file, header, 0)
  const state = checkSegmentHeader(header.subarray(0, length), name)
  if (state !== 'valid' || readUsedBytes(header) === 0) return
  writeUsedBytes(header, 0)
  await writeAll(fs, file, [header], segmentHeaderBytes, 0)
  await fs.sync(file)
}
