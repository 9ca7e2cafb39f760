import { createHash, createHmac } from 'node:crypto'
import { compilePattern, type Pattern } from '../../regex/pattern.ts'
import type { RedactionConfig } from './schema.ts'

/** Puts something in the place of what a pattern matched. */
export type Replace = (match: string) => string

export function createReplace({ hash_function, hmac_key }: RedactionConfig): Replace {
  switch (hash_function) {
    case 'md5':
    case 'sha1':
      return (match) => createHash(hash_function).update(match).digest('hex')
    case 'sha3':
      return (match) => createHash('sha3-256').update(match).digest('hex')
    case 'hmac-sha256':
    case 'hmac-sha512': {
      const key = hmac_key?.reveal() ?? ''
      const digest = hash_function.slice('hmac-'.length)
      return (match) => createHmac(digest, key).update(match).digest('hex')
    }
    case '':
      return () => '****'
  }
}

/** The same pattern twice is one. */
export function compilePatterns(sources: readonly string[]): Pattern[] {
  return [...new Set(sources)].map(compilePattern)
}

export function matchesAny(patterns: readonly Pattern[], text: string): boolean {
  for (const pattern of patterns) if (pattern.test(text)) return true
  return false
}

/**
 * Every match replaced, as Go does it: an empty match counts, unless it touches the end of the match before it. The same
 * text where there is none.
 */
export function replaceAll(text: string, pattern: Pattern, replace: Replace): string {
  let out = ''
  let copied = 0
  for (let from = 0; from <= text.length; ) {
    if (!pattern.search(text, from, bounds)) break
    const [start, end] = bounds
    if (end > copied || start === 0) {
      out += text.slice(copied, start) + replace(text.slice(start, end))
      copied = end
    }
    const width = (text.codePointAt(from) ?? 0) > 0xffff ? 2 : 1
    from = Math.max(end, from + width)
  }
  return copied === 0 && out === '' ? text : out + text.slice(copied)
}

const bounds: [number, number] = [0, 0]

/** All of a text, line by line: how the collector masks what stands under a blocked key. */
export function maskWhole(text: string, replace: Replace): string {
  return replaceAll(text, wholeLine, replace)
}

const wholeLine = compilePattern('.*')
