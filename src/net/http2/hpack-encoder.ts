import { staticTable } from './hpack-table.ts'

const staticIndex = new Map<string, number>()
const staticNameIndex = new Map<string, number>()
for (const [position, [name, value]] of staticTable.entries()) {
  if (value !== '') staticIndex.set(`${name}\n${value}`, position + 1)
  if (!staticNameIndex.has(name)) staticNameIndex.set(name, position + 1)
}

/**
 * A header block (RFC 7541) that leaves the peer's table alone: fields are indexed in the static table or literal
 * "never indexed", so that one block can be encoded once and sent on any stream, and no intermediary keeps a secret.
 * Names must be lower case. Throws a RangeError for a character that no header may carry.
 */
export function encodeHeaders(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  const parts: Buffer[] = []
  for (const [name, value] of fields) {
    const index = staticIndex.get(`${name}\n${value}`)
    if (index !== undefined) {
      parts.push(integer(0x80, 7, index))
      continue
    }
    const nameIndex = staticNameIndex.get(name)
    parts.push(integer(0x10, 4, nameIndex ?? 0))
    if (nameIndex === undefined) parts.push(...string(name))
    parts.push(...string(value))
  }
  return Buffer.concat(parts)
}

function string(text: string): [Buffer, Buffer] {
  if (/[\0\r\n]|[^\0-\xff]/.test(text))
    throw new RangeError('a header holds a character it may not')
  const bytes = Buffer.from(text, 'latin1')
  return [integer(0, 7, bytes.byteLength), bytes]
}

function integer(flags: number, prefixBits: number, value: number): Buffer {
  const mask = (1 << prefixBits) - 1
  if (value < mask) return Buffer.from([flags | value])
  const bytes = [flags | mask]
  let rest = value - mask
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  bytes.push(rest)
  return Buffer.from(bytes)
}
