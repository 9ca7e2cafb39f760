/*
 * What stands around the lines of a program, so that no preset can see them: the file is one of a container runtime, or
 * its characters take two bytes. It looks like a file of which nothing fits, or, as docker writes JSON, like the wrong one.
 */

/** What to configure for the first lines `[start, end)` of a file; undefined where they are lines of bytes as they are. */
export function wrappingHint(source: Buffer, start: number, end: number): string | undefined {
  const encoding = utf16Of(source, start, end)
  if (encoding !== undefined) {
    return `the text is UTF-16: set encoding: ${encoding}, and parse it with operators`
  }
  const lines = source
    .toString('latin1', start, Math.min(end, start + looksAtBytes))
    .split('\n', linesMax)
  for (const [runtime, pattern] of runtimes) {
    if (lines.every((line) => line === '' || pattern.test(line)) && lines[0] !== '') {
      return `the lines are those of ${runtime}: put an operator "container" first, and the preset sees what is in them`
    }
  }
  return undefined
}

const looksAtBytes = 64 * 1024
const linesMax = 3
const runtimes: readonly (readonly [string, RegExp])[] = [
  ['docker', /^\{"log":".*"(?:stream|time)":"/],
  ['a container runtime (CRI)', /^\d{4}-\d\d-\d\dT\S{1,40} (?:stdout|stderr) [FP](?:[ :]|\r?$)/],
]

/** By its mark, or by the zeros that plain text has in every other byte. */
function utf16Of(source: Buffer, start: number, end: number): 'utf-16le' | 'utf-16be' | undefined {
  const [first, second] = [source[start], source[start + 1]]
  if (end - start < 2) return undefined
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  const zeros = [0, 0]
  const looked = Math.min(end, start + 256)
  for (let at = start; at < looked; at++) {
    if (source[at] === 0) zeros[(at - start) % 2] = (zeros[(at - start) % 2] as number) + 1
  }
  const [even = 0, odd = 0] = zeros
  const many = (looked - start) / 4
  if (odd > many && even === 0) return 'utf-16le'
  return even > many && odd === 0 ? 'utf-16be' : undefined
}
