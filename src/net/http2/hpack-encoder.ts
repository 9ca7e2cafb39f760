import { staticTable } from './hpack-table.ts'

const staticIndex = new Map<string, number>()
const staticNameIndex = new Map<string, number>()
for (const [position, [name, value]] of staticTable.entries()) {
  if (value !== '') staticIndex.set(`${name}\n${value}`, position + 1)
  if (!staticNameIndex.has(name)) staticNameIndex.set(name, position + 1)
}

/** RFC 9110, section 5.1, in lower case; a colon in front makes a pseudo header. */
const namePattern = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/
/** RFC 9110, section 5.5: no control characters but the tab. One byte a character. */
const valuePattern = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * A header block (RFC 7541) that leaves the peer's table alone: fields are indexed in the static table or literal
 * "never indexed", so that one block can be encoded once and sent on any stream, and no intermediary keeps a secret.
 * Whitespace around a value is no part of it and left out. Throws a RangeError for a name or a value with a character
 * that a header may not carry (names are lower case); the message holds no value.
 */
export function encodeHeaders(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  const parts: Buffer[] = []
  for (const [name, untrimmed] of fields) {
    if (!namePattern.test(name)) throw new RangeError(`"${name}" cannot be the name of a header`)
    const value = untrimmed.replace(/^[ \t]+|[ \t]+$/g, '')
    if (!valuePattern.test(value)) {
      throw new RangeError(`the header "${name}" holds a character that it may not`)
    }
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
