import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { SourceFile } from './violation.ts'

const ignored = new Set(['node_modules', '.git', 'dist', 'out', 'coverage', '__pycache__'])
const textual =
  /(\.(ts|js|cjs|mjs|json|md|ya?ml|sh|py|toml|txt|log)|(^|\/)(Dockerfile|LICENSE|run|remora|\.\w+))$/

/** Every file that is or will be committed. Those that are not text come with an empty text. */
export async function readRepository(top: string): Promise<SourceFile[]> {
  const files: SourceFile[] = []
  const walk = async (folder: string): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true })
    for (const entry of entries.sort((a, b) => a.name.localeCompare(b.name))) {
      const full = join(folder, entry.name)
      if (ignored.has(entry.name)) continue // `.git` is a file in a linked work tree
      if (entry.isDirectory()) {
        await walk(full)
      } else if (entry.isFile()) {
        const path = relative(top, full).replaceAll('\\', '/')
        files.push({ path, text: textual.test(path) ? await readFile(full, 'utf8') : '' })
      }
    }
  }
  await walk(top)
  return files
}
