import { errorCode, type FileSystem, readAll } from './file-system.ts'
import {
  checkSegmentHeader,
  readUsedBytes,
  type SegmentHeaderState,
  segmentHeaderBytes,
} from './format.ts'
import { Ranges } from './ranges.ts'
import { readWindow, type Source, type StoredRecord } from './read-window.ts'
import type { Segment } from './segment.ts'

/** A header takes some dozen bytes and a payload usually some kilobytes: less means many small reads, more reads payloads for nothing. */
const headersWindowBytes = 32 * 1024
/** A later version may have a longer header. */
const firstReadBytes = 4096

/** What a walk over the headers of a segment found. */
export interface Scan {
  readonly header: SegmentHeaderState
  /** A phrase that says why nothing in it can be used, where that is so. */
  unusable: string | undefined
  /** Of the segment header; 0 where it is damaged. */
  readonly usedBytes: number
  /** The end of the last valid record, or of the segment header. */
  validEnd: number
  /** The same, with records behind it that were being written. */
  tornEnd: number
  /** The file ends within a record: of a write that was cut short, and could not be cut off since. */
  torn: boolean
  /** The end of the last block that the disk could not read; 0 if there is none. */
  unreadEnd: number
  records: number
  /** Of the segment header and the valid records; less than `validEnd` where something between them is damaged. */
  bytes: number
}

/**
 * Finds what a segment holds to be delivered, by the headers of its records, and enters it there. The payloads are checked when
 * they are read. Not so in the `newest` one, up to where its file was used before: a write that was cut short leaves a header there
 * with the payload of the former use, so the last records must be whole.
 *
 * Rejects with a Node error; then the segment is as it was.
 */
export async function scanSegment(
  fs: FileSystem,
  segment: Segment,
  newest: boolean,
): Promise<Scan> {
  const file = await fs.open(segment.path, 'read')
  try {
    const scan = await readSegmentHeader(fs, file, segment)
    if (scan.header === 'newer') scan.unusable = 'a later version of remora wrote it'
    else await walk(fs, file, segment, scan, newest ? scan.usedBytes : 0)
    if (scan.header === 'damaged' && scan.records === 0) scan.unusable = 'nothing in it can be read'
    return scan
  } catch (error) {
    segment.unloaded.clear()
    segment.passedOver = new Ranges()
    segment.nextIndex = 0
    throw error
  } finally {
    await fs.close(file)
  }
}

/** Of a segment after which another was begun: what stands at its end was a whole record once, unless a write was cut short. */
export function sealOlder(segment: Segment, scan: Scan): void {
  const { validEnd, torn, usedBytes } = scan
  segment.sealed = true
  if (validEnd >= segment.fileBytes || keepUnread(segment, scan)) return
  // Nobody can tell a damaged record from what its file's former use has left there.
  if (segment.fileBytes === usedBytes) segment.sizeBytes = validEnd
  else if (!torn) segment.tailMissing = true
}

/**
 * True if the disk could not read what stands behind the last record: a network or a cable may be to blame, and whole records are
 * there. It stays, the reader looks at it again, and what is lost then is counted.
 */
export function keepUnread(segment: Segment, { validEnd, unreadEnd }: Scan): boolean {
  if (unreadEnd <= validEnd) return false
  segment.sealed = true
  segment.tailMissing = true
  return true
}

async function readSegmentHeader(fs: FileSystem, file: number, segment: Segment): Promise<Scan> {
  const bytes = Buffer.alloc(Math.min(segment.sizeBytes, firstReadBytes))
  let header: SegmentHeaderState
  try {
    const length = await readAll(fs, file, bytes, 0)
    header = checkSegmentHeader(bytes.subarray(0, length), segment)
  } catch (error) {
    if (errorCode(error) !== 'EIO') throw error
    header = 'damaged'
  }
  const start = segmentHeaderBytes
  return {
    header,
    unusable: undefined,
    usedBytes: header === 'valid' ? readUsedBytes(bytes) : 0,
    validEnd: start,
    tornEnd: start,
    torn: false,
    unreadEnd: 0,
    records: 0,
    bytes: start,
  }
}

async function walk(
  fs: FileSystem,
  file: number,
  segment: Segment,
  scan: Scan,
  usedBytes: number,
): Promise<void> {
  const { salt, sizeBytes } = segment
  const source: Source = { fs, file, salt, endOffset: sizeBytes }
  let doubtful: StoredRecord[] = []
  for (let offset = segmentHeaderBytes; offset < sizeBytes; ) {
    const what = offset < usedBytes ? 'payloads' : 'headers'
    const window = await readWindow(source, offset, headersWindowBytes, what)
    for (const record of window.records) {
      scan.tornEnd = record.endOffset
      if (what === 'payloads' && record.payload === undefined) {
        doubtful.push(record)
        continue
      }
      for (const before of doubtful) enter(segment, scan, before)
      doubtful = []
      enter(segment, scan, record)
    }
    scan.torn = window.torn
    scan.unreadEnd = Math.max(scan.unreadEnd, window.unreadEnd)
    offset = window.nextOffset
  }
}

function enter(segment: Segment, scan: Scan, record: StoredRecord): void {
  const { index, recordBytes, endOffset, account, itemCount, payloadBytes } = record
  scan.records++
  scan.bytes += recordBytes
  scan.validEnd = endOffset
  if (index < segment.nextIndex) return
  segment.passedOver.add(segment.nextIndex, index)
  segment.nextIndex = index + 1
  if (!segment.acked.has(index)) segment.addUnloaded(account, itemCount, payloadBytes)
}
