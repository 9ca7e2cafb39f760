// Prints the table of src/processors/redaction/gibberish.ts: how seldom one letter follows another in the words of this
// repository's own pages and sources. Run it again only to improve the table; its figures decide what counts as a word.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const letters = 'abcdefghijklmnopqrstuvwxyz '
const prior = 4
const counts = Array.from({ length: letters.length }, () =>
  new Array<number>(letters.length).fill(prior),
)
const files = execFileSync('git', ['ls-files', '*.md', 'src/**/*.ts'], { encoding: 'utf8' })
for (const file of files.trim().split('\n')) {
  const words = readFileSync(file, 'utf8')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .match(/[a-z]+/g)
  // A word counts once a file, or the names of the code would outweigh the language.
  for (const word of new Set(words)) {
    const text = ` ${word} `
    for (let at = 1; at < text.length; at++) {
      const row = counts[letters.indexOf(text[at - 1] as string)] as number[]
      const column = letters.indexOf(text[at] as string)
      row[column] = (row[column] as number) + 1
    }
  }
}
for (const row of counts) {
  const sum = row.reduce((total, count) => total + count, 0)
  const steps = row.map((count) => Math.min(35, Math.round(-Math.log(count / sum) * 4)))
  process.stdout.write(`  '${steps.map((step) => step.toString(36)).join('')}',\n`)
}
