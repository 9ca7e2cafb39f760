import { createHash } from 'node:crypto'

// File systems commonly allow 255 bytes; suffixes such as ".state.tmp" need some of them.
const nameBytesMax = 160

/**
 * A name of a component as the name of a file: `receiver_file_log_app`. Whatever is not a letter, a digit, `_` or `-`
 * becomes `%XX`, so no name can leave the directory, and two names never share a file. Long names end in their hash.
 */
export function fileNameOf(name: string): string {
  let encoded = ''
  for (const byte of Buffer.from(name)) {
    const char = String.fromCharCode(byte)
    encoded += /[A-Za-z0-9_-]/.test(char)
      ? char
      : `%${byte.toString(16).padStart(2, '0').toUpperCase()}`
  }
  if (encoded.length <= nameBytesMax) return encoded
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 32)
  return `${encoded.slice(0, nameBytesMax - 33)}.${hash}`
}
