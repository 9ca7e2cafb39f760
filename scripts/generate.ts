/**
 * Writes docs/reference from the definitions of the components.
 *
 *     node scripts/generate.ts           writes what has changed, removes what is no longer made
 *     node scripts/generate.ts --check   changes nothing; names every file that differs and exits with 1
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { loadRegistry } from '../src/components.ts'
import { metrics } from '../src/telemetry/metrics.ts'
import { readNotes } from './reference/notes.ts'
import { referencePages } from './reference/pages.ts'

const registry = await loadRegistry()

const top = fileURLToPath(new URL('..', import.meta.url))
const target = join(top, 'docs/reference')

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })

const pages = referencePages({ registry, metrics, notes: await readNotes(top, registry) })
const present = await filesBelow(target)
const stale: string[] = []
for (const [path, text] of pages) {
  if (present.get(path) !== text) stale.push(path)
}
const leftOver = [...present.keys()].filter((path) => !pages.has(path))

if (values.check) {
  for (const path of stale) console.error(`docs/reference/${path} differs from the definitions`)
  for (const path of leftOver) console.error(`docs/reference/${path} belongs to no definition`)
  if (stale.length + leftOver.length > 0) {
    console.error('run: npm run generate')
    process.exitCode = 1
  }
} else {
  for (const path of stale) {
    await mkdir(dirname(join(target, path)), { recursive: true })
    await writeFile(join(target, path), pages.get(path) as string)
  }
  for (const path of leftOver) await rm(join(target, path))
  console.log(`docs/reference: ${stale.length} written, ${leftOver.length} removed`)
}

/** Text by path below `directory`; empty if there is no such directory. */
async function filesBelow(directory: string): Promise<Map<string, string>> {
  await mkdir(directory, { recursive: true })
  const texts = new Map<string, string>()
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    texts.set(path.slice(directory.length + 1), await readFile(path, 'utf8'))
  }
  return texts
}
