/**
 * Bundles src/main.ts and everything it needs into dist/, so that the shipped process reads a few files instead of
 * hundreds: dist/main.js, dist/chunks/ for what is imported lazily, dist/compile-cache/ with V8's compiled form of both.
 *
 *     node scripts/build.ts [--if-stale] [--for-user <uid>]
 *
 * `--for-user` gives the compile cache to a user other than the one who builds.
 */
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { directBuiltins } from './build/builtin-modules.ts'
import { giveCompileCache, warmCompileCache } from './build/compile-cache.ts'

const top = fileURLToPath(new URL('..', import.meta.url))
const dist = join(top, 'dist')

const { values } = parseArgs({
  options: { 'if-stale': { type: 'boolean', default: false }, 'for-user': { type: 'string' } },
})

if (!values['if-stale'] || (await isStale())) {
  const startedAt = performance.now()
  const files = await bundle()
  const cache = await warmCompileCache(top)
  if (values['for-user'] !== undefined) await giveCompileCache(top, values['for-user'])
  const kilobytes = files.reduce((sum, file) => sum + file.sizeBytes, 0) / 1000
  const milliseconds = performance.now() - startedAt
  console.log(
    `built dist/: ${files.length} files, ${kilobytes.toFixed(0)} kB, compile cache ${cache}, in ${milliseconds.toFixed(0)} ms`,
  )
}

/** Bundles into a directory beside dist and swaps it in, so that a running build never shows half a bundle. */
async function bundle(): Promise<{ sizeBytes: number }[]> {
  const fresh = `${dist}.${process.pid}`
  const result = await build({
    absWorkingDir: top,
    entryPoints: ['src/main.ts'],
    outdir: fresh,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    plugins: [directBuiltins],
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    // Names stay readable in stacks and profiles; white space and long forms go.
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: 'external',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
    // Dependencies that are CommonJS call require for Node's own modules.
    banner: {
      js: "import{createRequire as createRequireOfBundle}from'node:module';const require=createRequireOfBundle(import.meta.url);",
    },
  })
  const old = `${dist}.old.${process.pid}`
  await rename(dist, old).catch(ignoreMissing)
  await rename(fresh, dist)
  await rm(old, { recursive: true, force: true })
  return Object.entries(result.metafile.outputs)
    .filter(([path]) => path.endsWith('.js'))
    .map(([, output]) => ({ sizeBytes: output.bytes }))
}

async function isStale(): Promise<boolean> {
  const built = await stat(join(dist, 'main.js')).catch(ignoreMissing)
  if (built === undefined) return true
  const inputs = [
    'package.json',
    'package-lock.json',
    'bin/remora',
    'scripts/build.ts',
    'scripts/build/builtin-modules.ts',
    'scripts/build/compile-cache.ts',
  ]
  for (const entry of await readdir(join(top, 'src'), { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && !entry.name.endsWith('.test.ts')) {
      inputs.push(join(entry.parentPath, entry.name).slice(top.length))
    }
  }
  const stats = await Promise.all(inputs.map((path) => stat(join(top, path))))
  return stats.some((input) => input.mtimeMs > built.mtimeMs)
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
