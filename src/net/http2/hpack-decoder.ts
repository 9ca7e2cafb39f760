import type { HeaderList } from '../header-list.ts'
import { DynamicTable, staticTable } from './hpack-table.ts'
import { decodeHuffman } from './huffman.ts'
import { ConnectionError, defaultHeaderTableSize, ErrorCode } from './protocol.ts'

/** What we grant the peer's encoder: the default, so that nothing has to be announced. */
const tableLimitBytes = defaultHeaderTableSize

/**
 * Decodes the header blocks of one connection, in order (RFC 7541). The list is bounded: once name + value + 32 bytes
 * of its fields exceed `listLimitBytes` the rest is decoded, because the table must stay in step, but not kept, and
 * `decode` returns undefined.
 */
export class HpackDecoder {
  readonly #table = new DynamicTable(tableLimitBytes)
  readonly #listLimitBytes: number
  #source: Buffer = Buffer.alloc(0)
  #offset = 0
  #end = 0

  constructor(listLimitBytes: number) {
    this.#listLimitBytes = listLimitBytes
  }

  /** Throws a ConnectionError where the block is broken. */
  decode(source: Uint8Array, start: number, end: number): HeaderList | undefined {
    this.#source = asBuffer(source)
    this.#offset = start
    this.#end = end
    const list: HeaderList = []
    let listBytes = 0
    while (this.#offset < this.#end) {
      const first = source[this.#offset] as number
      if ((first & 0xe0) === 0x20) {
        if (list.length > 0 || listBytes > 0) throw broken('a table size update after a field')
        this.#resize()
        continue
      }
      const [name, value] = this.#field(first)
      listBytes += name.length + value.length + 32
      if (listBytes <= this.#listLimitBytes) list.push(name, value)
    }
    return listBytes <= this.#listLimitBytes ? list : undefined
  }

  #field(first: number): readonly [string, string] {
    // Fast path: both name and value are in a table.
    if ((first & 0x80) !== 0) return this.#entry(this.#integer(7))
    const indexed = (first & 0x40) !== 0
    const index = this.#integer(indexed ? 6 : 4)
    const name = index === 0 ? this.#string() : this.#entry(index)[0]
    const value = this.#string()
    if (indexed) this.#table.add(name, value)
    return [name, value]
  }

  #entry(index: number): readonly [string, string] {
    const entry =
      index <= staticTable.length
        ? staticTable[index - 1]
        : this.#table.at(index - staticTable.length - 1)
    if (entry === undefined) throw broken(`index ${index} is in no table`)
    return entry
  }

  #resize(): void {
    const limitBytes = this.#integer(5)
    if (limitBytes > tableLimitBytes) throw broken('a table size above SETTINGS_HEADER_TABLE_SIZE')
    this.#table.resize(limitBytes)
  }

  /** Section 5.1. At most four continuation bytes: 2^28 is more than any length here can be. */
  #integer(prefixBits: number): number {
    const mask = (1 << prefixBits) - 1
    let value = this.#byte() & mask
    if (value < mask) return value
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte()
      value += (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw broken('an integer of more than 28 bits')
  }

  #byte(): number {
    if (this.#offset >= this.#end) throw broken('the block ends inside a field')
    return this.#source[this.#offset++] as number
  }

  #string(): string {
    if (this.#offset >= this.#end) throw broken('the block ends inside a field')
    const huffman = ((this.#source[this.#offset] as number) & 0x80) !== 0
    const length = this.#integer(7)
    const start = this.#offset
    const end = start + length
    if (end > this.#end) throw broken('a string is longer than its block')
    this.#offset = end
    if (!huffman) return this.#source.toString('latin1', start, end)
    const text = decodeHuffman(this.#source, start, end)
    if (text === undefined) throw broken('a string with a broken Huffman code')
    return text
  }
}

function asBuffer(source: Uint8Array): Buffer {
  if (Buffer.isBuffer(source)) return source
  return Buffer.from(source.buffer, source.byteOffset, source.byteLength)
}

function broken(what: string): ConnectionError {
  return new ConnectionError(ErrorCode.compressionError, `header block: ${what}`)
}
