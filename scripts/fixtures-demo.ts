/**
 * Writes the logs that the quick start tails: fixtures/demo/*.log. Seeded, so a second run changes nothing.
 *
 *     node scripts/fixtures-demo.ts
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { access } from './demo/access.ts'
import { appJson } from './demo/app-json.ts'
import { java } from './demo/java.ts'
import { Random } from './random.ts'

const folder = fileURLToPath(new URL('../fixtures/demo/', import.meta.url))
const startMs = Date.UTC(2026, 2, 2, 8, 0, 0)

await mkdir(folder, { recursive: true })
await writeFile(join(folder, 'app-json.log'), appJson(new Random(1), startMs, 120))
await writeFile(join(folder, 'access.log'), access(new Random(2), startMs, 150))
await writeFile(join(folder, 'java.log'), java(new Random(3), startMs, 60))
