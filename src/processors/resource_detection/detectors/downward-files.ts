import { open } from 'node:fs/promises'
import { unquoteGo } from '../../../operators/go-quotes.ts'

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
      const [, key = '', quoted = ''] = /^([^=]+)=(".*")$/.exec(line) ?? []
      const value = unquoteGo(quoted)
      if (value === undefined) throw new Error('a line of the downward volume is not key="value"')
      return [key, value]
    })
}
