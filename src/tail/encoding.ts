import { isAscii, isUtf8 } from 'node:buffer'
import { TextDecoder } from 'node:util'
import type { RecordSink } from './line-target.ts'

/** How the bytes of a record become UTF-8. */
export interface Encoding {
  readonly name: string
  /** Bytes of one code unit; a newline is one unit. 0: no lines at all (`nop`). */
  readonly unitBytes: 0 | 1 | 2
  readonly bigEndian: boolean
  /** For encodings that only a decoder understands. */
  readonly createDecoder?: () => TextDecoder
  /** Whether the bytes can be passed on as they are; asked once for a whole block. */
  isPlain(bytes: Buffer): boolean
  /** Passes on one record of a block that is not plain. */
  convert(
    source: Buffer,
    start: number,
    end: number,
    offset: number,
    target: RecordSink,
  ): 'fine' | 'replaced'
}

const aliases: Readonly<Record<string, string>> = {
  '': 'utf-8',
  utf8: 'utf-8',
  'utf8-raw': 'utf-8-raw',
  utf16le: 'utf-16le',
  utf16be: 'utf-16be',
  'utf-16': 'utf-16le',
  // The collector reads these names as UTF-8, so that a stray letter of it survives.
  ascii: 'utf-8',
  'us-ascii': 'utf-8',
  'iso-8859-1': 'latin1',
  'iso8859-1': 'latin1',
}

/** Throws an Error with the reason for a name that is none. */
export function findEncoding(written: string): Encoding {
  const lower = written.toLowerCase()
  const name = aliases[lower] ?? lower
  switch (name) {
    case 'utf-8':
      return { name, unitBytes: 1, bigEndian: false, isPlain: isUtf8, convert: convertUtf8 }
    case 'utf-8-raw':
      return { name, unitBytes: 1, bigEndian: false, isPlain: isUtf8, convert: convertUtf8Raw }
    case 'nop':
      return { name, unitBytes: 0, bigEndian: false, isPlain: () => false, convert: convertRaw }
    case 'latin1':
      return { name, unitBytes: 1, bigEndian: false, isPlain: isAscii, convert: convertLatin1 }
    default:
      return decoded(name)
  }
}

const convertUtf8: Encoding['convert'] = (source, start, end, offset, target) => {
  const bytes = source.subarray(start, end)
  if (isUtf8(bytes)) {
    target.line(source, start, end, offset)
    return 'fine'
  }
  const fixed = Buffer.from(bytes.toString('utf8'))
  target.line(fixed, 0, fixed.length, offset)
  return 'replaced'
}

/** What a record is does not depend on those beside it. */
const convertUtf8Raw: Encoding['convert'] = (source, start, end, offset, target) => {
  if (!isUtf8(source.subarray(start, end))) return convertRaw(source, start, end, offset, target)
  target.line(source, start, end, offset)
  return 'fine'
}

const convertRaw: Encoding['convert'] = (source, start, end, offset, target) => {
  target.binary(source, start, end, offset)
  return 'fine'
}

const convertLatin1: Encoding['convert'] = (source, start, end, offset, target) => {
  const text = Buffer.from(source.toString('latin1', start, end))
  target.line(text, 0, text.length, offset)
  return 'fine'
}

function decoded(name: string): Encoding {
  let decoder: TextDecoder
  try {
    decoder = new TextDecoder(name, { ignoreBOM: true })
  } catch (error) {
    throw new Error(`is not an encoding that is known here`, { cause: error })
  }
  const wide = name.startsWith('utf-16')
  return {
    name,
    unitBytes: wide ? 2 : 1,
    bigEndian: name === 'utf-16be',
    createDecoder: () => new TextDecoder(name, { ignoreBOM: true }),
    isPlain: () => false,
    convert(source, start, end, offset, target) {
      let text = decoder.decode(source.subarray(start, end))
      if (text.charCodeAt(0) === 0xfeff) text = text.slice(1)
      const bytes = Buffer.from(text)
      if (bytes.length > 0) target.line(bytes, 0, bytes.length, offset)
      return text.includes('\ufffd') ? 'replaced' : 'fine'
    },
  }
}
