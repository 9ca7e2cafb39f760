import type { SourceFile, Violation } from './violation.ts'

/** Every component is in the one list, or nobody can configure it. */
export function findUnlistedDefinitions(files: readonly SourceFile[]): Violation[] {
  const list = textOf(files, 'src/components.ts')
  return files
    .filter((file) =>
      /^src\/(receivers|processors|exporters|extensions)\/\w+\/definition\.ts$/.test(file.path),
    )
    .filter((file) => !list.includes(file.path.replace(/^src\//, './')))
    .map((file) => ({ file: file.path, line: 0, message: 'missing from src/components.ts' }))
}

/** Every error code has its paragraph in the reference. */
export function findUndocumentedCodes(files: readonly SourceFile[]): Violation[] {
  const table = files.find((file) => file.path === 'src/errors/codes.ts')
  if (table === undefined) return []
  const docs = textOf(files, 'docs/reference/errors.md')
  const codes = [...table.text.matchAll(/^ {2}(\w+): \{$/gm)].map((match) => match[1] as string)
  return codes
    .filter((code) => !docs.includes(`\`${code}\``))
    .map((code) => ({
      file: table.path,
      line: 0,
      message: `code "${code}" is not in docs/reference/errors.md: run npm run generate`,
    }))
}

/** Every fixture says where it comes from: by its path, or by a folder of its path that ends with a slash. */
export function findUnsourcedFixtures(files: readonly SourceFile[]): Violation[] {
  const sources = textOf(files, 'fixtures/SOURCES.md')
  return files
    .filter((file) => file.path.startsWith('fixtures/') && !file.path.endsWith('SOURCES.md'))
    .filter((file) => !prefixes(file.path).some((prefix) => sources.includes(`\`${prefix}\``)))
    .map((file) => ({ file: file.path, line: 0, message: 'no line in fixtures/SOURCES.md' }))
}

/** `fixtures/a/b.log` → `a/b.log`, `a/`. */
function prefixes(path: string): string[] {
  const parts = path.split('/').slice(1)
  const folders = parts.slice(0, -1).map((_, index) => `${parts.slice(0, index + 1).join('/')}/`)
  return [parts.join('/'), ...folders]
}

function textOf(files: readonly SourceFile[], path: string): string {
  return files.find((file) => file.path === path)?.text ?? ''
}
