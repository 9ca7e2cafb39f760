import { must } from '../../errors/bug.ts'
import { cursorBytesFor } from './cursor.ts'

const KiB = 1024
const MiB = 1024 * KiB

/** The smallest cap that is of any use; the options of a storage ask for more. */
const capBytesMin = 64 * KiB
/** Space comes back a segment at a time: with sixteen, a full queue takes new data after a sixteenth has left. */
const segmentsPerCap = 16
/** Longer files bring nothing more, and make room later. */
const segmentBytesMax = 16 * MiB
/** A record is read whole into memory. No sender's request is larger by default; 64 MiB is four times gRPC's usual most. */
const recordBytesMax = 64 * MiB
/** Beside damaged files that were set aside, the largest record must still fit into an otherwise empty queue. */
const recordShare = 5 / 8
const setAsideShare = 1 / 4
const setAsideFilesMax = 8
/** Process id and start time, as text. */
const lockBytesMax = 128

/** What one queue directory may hold; everything else follows from the cap. */
export interface Limits {
  /** All files of the directory together, at every moment. */
  readonly capBytes: number
  /** A segment that has reached this size is followed by a new one. */
  readonly segmentBytes: number
  /** Of one record with its header. */
  readonly recordBytes: number
  readonly cursorBytes: number
  /** Taken from the cap for the cursor, the one before it, the one that replaces it, and the lock. */
  readonly reservedBytes: number
  readonly setAsideBytes: number
  readonly setAsideFiles: number
}

export function limitsFor(capBytes: number, segmentBytes?: number): Limits {
  must(capBytes >= capBytesMin, `a disk queue needs ${capBytesMin} bytes`)
  const most = Math.floor(capBytes / segmentsPerCap)
  const cursorBytes = cursorBytesFor(capBytes)
  return {
    capBytes,
    segmentBytes: Math.min(segmentBytes ?? segmentBytesMax, segmentBytesMax, most),
    recordBytes: Math.min(recordBytesMax, Math.floor(capBytes * recordShare)),
    cursorBytes,
    reservedBytes: 3 * cursorBytes + lockBytesMax,
    setAsideBytes: Math.floor(capBytes * setAsideShare),
    setAsideFiles: setAsideFilesMax,
  }
}
