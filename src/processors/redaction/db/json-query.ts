/** Keys, brackets and order stay; every value becomes `"?"`, and blanks go. What is no JSON stays as it is. */
export function cleanJson(text: string): string {
  if (!isJson(text)) return text
  let out = ''
  token.lastIndex = 0
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [written] = match
    if (structural.has(written)) out += written
    // A string in front of a colon is a key.
    else out += written[0] === '"' && isKey(text, token.lastIndex) ? written : '"?"'
  }
  return out
}

const structural: ReadonlySet<string> = new Set(['{', '}', '[', ']', ',', ':'])
const token = /[{}[\],:]|"(?:[^"\\]|\\.)*"|[^\s{}[\],:"]+/g
const colon = /\s*:/y

function isKey(text: string, end: number): boolean {
  colon.lastIndex = end
  return colon.test(text)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}
