/** Strings of JSON with escapes; those by number (`\u00e4`) are not handled here. */

/** The closing quote, or -1 where there is none or a control character. */
export function escapedEnd(source: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    const byte = source[at] as number
    if (byte === 0x22) return at
    if (byte < 0x20) return -1
    if (byte === 0x5c) at++
  }
  return -1
}

/** How long `[start, end)` is without its escapes; -1 where there is one that is not handled. */
export function unescapedLength(source: Uint8Array, start: number, end: number): number {
  let length = end - start
  for (let at = start; at < end; at++) {
    if (source[at] !== 0x5c) continue
    at++
    if (at >= end || replacement(source[at] as number) === 0) return -1
    length--
  }
  return length
}

/** Puts `[start, end)` at `to` without its escapes and returns where it ends. */
export function putUnescaped(
  target: Uint8Array,
  to: number,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  let out = to
  for (let at = start; at < end; at++) {
    let byte = source[at] as number
    if (byte === 0x5c) byte = replacement(source[++at] as number)
    target[out++] = byte
  }
  return out
}

/** What a character behind a backslash means; 0 for those that are not handled. */
function replacement(byte: number): number {
  switch (byte) {
    case 0x22:
    case 0x2f:
    case 0x5c:
      return byte
    case 0x62:
      return 8
    case 0x66:
      return 12
    case 0x6e:
      return 10
    case 0x72:
      return 13
    case 0x74:
      return 9
    default:
      return 0
  }
}
