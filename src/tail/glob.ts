/*
 * Path patterns with the meaning of doublestar, as the collector has it:
 *
 *   *       any characters but `/`          ?       one character but `/`
 *   **      any number of whole directories  [a-z]  one of a class; [^a] or [!a] one not in it
 *   {a,b}   one of the alternatives          \x     the character itself
 *
 * A name is matched with a cursor for the last star, never by backtracking further: names come from peers.
 */
type Token =
  | { readonly kind: 'char'; readonly char: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'star' }
  | {
      readonly kind: 'class'
      readonly negated: boolean
      readonly ranges: readonly (readonly [string, string])[]
    }

/** One part between slashes. `literal` is set where it can only be one name. */
export interface Segment {
  readonly doubleStar: boolean
  readonly literal: string | undefined
  readonly tokens: readonly Token[]
}

export interface Glob {
  readonly absolute: boolean
  readonly segments: readonly Segment[]
}

/** The pattern without alternatives; several if it has `{a,b}`. Throws an Error with the reason. */
export function compileGlob(pattern: string): readonly Glob[] {
  if (/^~(?:\/|$)/.test(pattern)) throw new Error('"~" is not expanded; write the directory out')
  return expandBraces(pattern).map((text) => ({
    absolute: text.startsWith('/'),
    segments: splitSegments(text).map(compileSegment),
  }))
}

export function matchGlob(glob: Glob, path: string): boolean {
  if (path.startsWith('/') !== glob.absolute) return false
  return matchSegments(
    glob.segments,
    0,
    path.split('/').filter((part) => part !== '' && part !== '.'),
    0,
  )
}

/** Whether one name fits one segment; a leading dot needs no dot in the pattern, as in doublestar. */
export function matchName(segment: Segment, name: string): boolean {
  if (segment.doubleStar) return true
  if (segment.literal !== undefined) return segment.literal === name
  const { tokens } = segment
  let token = 0
  let at = 0
  let starToken = -1
  let starAt = 0
  while (at < name.length) {
    const current = tokens[token]
    if (current?.kind === 'star') {
      starToken = token++
      starAt = at
    } else if (current !== undefined && matchChar(current, name.charAt(at))) {
      token++
      at++
    } else if (starToken >= 0) {
      token = starToken + 1
      at = ++starAt
    } else {
      return false
    }
  }
  while (tokens[token]?.kind === 'star') token++
  return token === tokens.length
}

function matchSegments(
  segments: readonly Segment[],
  from: number,
  parts: readonly string[],
  at: number,
): boolean {
  let index = from
  let part = at
  while (index < segments.length) {
    const segment = segments[index] as Segment
    if (segment.doubleStar) {
      for (let skip = part; skip <= parts.length; skip++) {
        if (matchSegments(segments, index + 1, parts, skip)) return true
      }
      return false
    }
    const name = parts[part]
    if (name === undefined || !matchName(segment, name)) return false
    index++
    part++
  }
  return part === parts.length
}

function matchChar(token: Token, char: string): boolean {
  if (token.kind === 'char') return token.char === char
  if (token.kind === 'any') return true
  if (token.kind === 'star') return false
  return token.ranges.some(([low, high]) => char >= low && char <= high) !== token.negated
}

function splitSegments(text: string): string[] {
  return text.split('/').filter((part) => part !== '' && part !== '.')
}

function compileSegment(text: string): Segment {
  if (/^\*{2,}$/.test(text)) return { doubleStar: true, literal: undefined, tokens: [] }
  const tokens: Token[] = []
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at)
    if (char === '*') {
      if (tokens.at(-1)?.kind !== 'star') tokens.push({ kind: 'star' })
    } else if (char === '?') tokens.push({ kind: 'any' })
    else if (char === '[') {
      const end = classEnd(text, at)
      tokens.push(compileClass(text.slice(at + 1, end)))
      at = end
    } else if (char === '\\') {
      at++
      if (at === text.length) throw new Error('ends in a single backslash')
      tokens.push({ kind: 'char', char: text.charAt(at) })
    } else tokens.push({ kind: 'char', char })
  }
  const literal = tokens.every((t) => t.kind === 'char')
    ? tokens.map((t) => t.char).join('')
    : undefined
  return { doubleStar: false, literal, tokens }
}

function classEnd(text: string, start: number): number {
  let at = start + 1
  if (text[at] === '^' || text[at] === '!') at++
  if (text[at] === ']') at++
  while (at < text.length && text[at] !== ']') at += text[at] === '\\' ? 2 : 1
  if (at >= text.length) throw new Error('has a "[" without its "]"')
  return at
}

function compileClass(inner: string): Token {
  const negated = inner.startsWith('^') || inner.startsWith('!')
  const chars = [...(negated ? inner.slice(1) : inner).matchAll(/\\(.)|([\s\S])/g)]
  const ranges: (readonly [string, string])[] = []
  for (let at = 0; at < chars.length; at++) {
    const low = charOf(chars[at])
    const high = chars[at + 1]?.[2] === '-' && at + 2 < chars.length ? charOf(chars[at + 2]) : low
    if (high !== low || chars[at + 1]?.[2] === '-') at += at + 2 < chars.length ? 2 : 0
    ranges.push([low, high])
  }
  return { kind: 'class', negated, ranges }
}

function charOf(match: RegExpMatchArray | undefined): string {
  return match?.[1] ?? match?.[2] ?? ''
}

// A pattern such as {a,b}{a,b}{a,b}… doubles with each pair.
const alternativesMax = 1000

function expandBraces(pattern: string): string[] {
  const open = indexOfUnescaped(pattern, '{')
  if (open < 0) return [pattern]
  let depth = 0
  let from = open + 1
  const options: string[] = []
  for (let at = open; at < pattern.length; at++) {
    const char = pattern[at]
    if (char === '\\') at++
    else if (char === '{') depth++
    else if (char === ',' && depth === 1) {
      options.push(pattern.slice(from, at))
      from = at + 1
    } else if (char === '}' && --depth === 0) {
      options.push(pattern.slice(from, at))
      const head = pattern.slice(0, open)
      const tail = pattern.slice(at + 1)
      const expanded = options.flatMap((option) => expandBraces(head + option + tail))
      if (expanded.length > alternativesMax)
        throw new Error(`has over ${alternativesMax} alternatives`)
      return expanded
    }
  }
  throw new Error('has a "{" without its "}"')
}

function indexOfUnescaped(text: string, char: string): number {
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === char) return at
  }
  return -1
}
