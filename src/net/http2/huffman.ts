/**
 * The Huffman code of HPACK (RFC 7541, appendix B). It is canonical: codes of one length run upwards in the order of
 * their symbols, and the first code of a length follows the last of the length before. So the lengths say all.
 */

// Bits of the code of each byte 0–255, then of EOS.
const codeBits: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
  28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5,
  6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6,
  7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23,
  23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22,
  22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22,
  23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27,
  27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25,
  24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
]

const bitsMax = 30
const eos = 256

/** By code length: the first code, how many there are, and where their symbols start in `symbols`. */
const firstCode = new Uint32Array(bitsMax + 1)
const codeCount = new Uint32Array(bitsMax + 1)
const firstSymbol = new Uint32Array(bitsMax + 1)
const symbols = new Uint16Array(codeBits.length)

{
  let code = 0
  let placed = 0
  for (let bits = 1; bits <= bitsMax; bits++) {
    code <<= 1
    firstCode[bits] = code
    firstSymbol[bits] = placed
    for (let symbol = 0; symbol < codeBits.length; symbol++) {
      if (codeBits[symbol] !== bits) continue
      symbols[placed++] = symbol
      code++
    }
    codeCount[bits] = placed - (firstSymbol[bits] as number)
  }
}

/**
 * The decoded string, each byte as a latin1 character; undefined if the code is broken: EOS inside, or padding that is
 * 8 bits or longer or not all ones (section 5.2).
 */
export function decodeHuffman(source: Uint8Array, start: number, end: number): string | undefined {
  let text = ''
  let code = 0
  let bits = 0
  for (let offset = start; offset < end; offset++) {
    const byte = source[offset] as number
    for (let shift = 7; shift >= 0; shift--) {
      code = (code << 1) | ((byte >>> shift) & 1)
      bits++
      if (bits > bitsMax) return undefined
      const index = code - (firstCode[bits] as number)
      if (index < 0 || index >= (codeCount[bits] as number)) continue
      const symbol = symbols[(firstSymbol[bits] as number) + index] as number
      if (symbol === eos) return undefined
      text += String.fromCharCode(symbol)
      code = 0
      bits = 0
    }
  }
  const allOnes = code === (1 << bits) - 1
  return bits < 8 && allOnes ? text : undefined
}
