// Writes fixtures/masking/: texts with and without personal data, all invented, from a fixed seed.
import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { makeCorpus } from './masking/corpus.ts'

const folder = fileURLToPath(new URL('../fixtures/masking/', import.meta.url))
await mkdir(folder, { recursive: true })
const lines = makeCorpus(20260302).map((sample) => JSON.stringify(sample))
await writeFile(`${folder}corpus.jsonl`, `${lines.join('\n')}\n`)
