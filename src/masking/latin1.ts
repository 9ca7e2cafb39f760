/** Texts of masking are latin1 views of UTF-8: a character is a byte. Here words of people become such texts. */

export function utf8AsLatin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** As keys are handed to detectors: ASCII in lower case, the bytes of other letters as they are. */
export function lowerAscii(text: string): string {
  return isAscii.test(text)
    ? text.toLowerCase()
    : text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

const isAscii = /^[\0-\x7f]*$/

/** What RE2 takes for the same letter in another case, beside upper and lower: Kelvin sign and long s. */
const alike: Readonly<Record<string, string>> = { k: '\u212a', s: '\u017f' }

/** A word in any case, as a pattern over its bytes that JavaScript and the prefilter read alike. */
export function anyCase(word: string): string {
  return [...word].map(anyCaseOf).join('')
}

function anyCaseOf(character: string): string {
  const lower = character.toLowerCase()
  const forms = new Set([character, lower, character.toUpperCase(), alike[lower] ?? character])
  const written = [...forms].map((form) => quote(utf8AsLatin1(form)))
  return written.length === 1 ? (written[0] as string) : `(?:${written.join('|')})`
}

/** A pattern of JavaScript whose letters stand for both cases: its flag would fold bytes of other letters too, and capitals that are meant. */
export function eitherCase(pattern: string): string {
  return pattern.replace(noLetter, (part, letter: string | undefined) =>
    letter === undefined ? part : `[${letter}${letter.toUpperCase()}]`,
  )
}

const noLetter = /\\x[0-9a-f]{2}|\\.|\[[^\]]*\]|([a-z])/g

function quote(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

/** What `\s` of JavaScript means in such a text, for the inside of a class. */
export const blanks = '\\t-\\r \\xa0'
