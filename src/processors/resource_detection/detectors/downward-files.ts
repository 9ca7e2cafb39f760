import { open } from 'node:fs/promises'

/** 512 KiB: Kubernetes allows 256 KiB of annotations, and quoting may double them. */
const fileBytesMax = 512 * 1024

/** A file of a volume, bounded. */
export async function readSmallFile(path: string): Promise<string> {
  const file = await open(path)
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(fileBytesMax + 1), 0)
    if (bytesRead > fileBytesMax) throw new Error(`"${path}" is larger than 512 KiB`)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}

/**
 * The pairs of `metadata.labels` or `metadata.annotations` in a downward volume: one a line, `key="value"`, with the value
 * quoted as Go does (kubernetes, pkg/fieldpath, FormatMap uses %q).
 */
export function parseDownwardPairs(text: string): [key: string, value: string][] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, key = '', quoted] = /^([^=]+)="(.*)"$/.exec(line) ?? []
      if (quoted === undefined) throw new Error('a line of the downward volume is not key="value"')
      return [key, unquote(quoted)]
    })
}

const short: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

/** Go's strconv.Quote, backwards. Bytes that were no UTF-8 are written as \xNN and come out as U+FFFD. */
function unquote(quoted: string): string {
  return quoted.replaceAll(
    /\\(?:x[0-9a-f]{2}|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))/g,
    (written: string, four?: string, eight?: string, one?: string) => {
      const hex = four ?? eight
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16))
      if (one !== undefined) return short[one] ?? one
      const code = Number.parseInt(written.slice(2), 16)
      return code < 0x80 ? String.fromCharCode(code) : '\uFFFD'
    },
  )
}
