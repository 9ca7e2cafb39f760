import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'

/** What the launcher becomes, in these tests: says how it was started. */
const main = `console.log(JSON.stringify({
  pid: process.pid,
  options: process.execArgv,
  arguments: process.argv.slice(2),
  arenas: process.env.MALLOC_ARENA_MAX,
  own: process.env.REMORA_OWN_ENV,
  cache: process.env.NODE_COMPILE_CACHE,
}))`

interface Said {
  readonly pid: number
  readonly options: readonly string[]
  readonly arguments: readonly string[]
  readonly arenas: string
  readonly own: string
  readonly cache?: string
}

/** As in a shell of its own: `npm test` sets variables that change what another npm below it does. */
const outside = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')),
)

test('npm start says that npm ci comes first', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'remora-start-'))
  t.after(() => rm(folder, { recursive: true }))
  await cp(fileURLToPath(new URL('../package.json', import.meta.url)), join(folder, 'package.json'))
  for (const script of ['start', 'test']) {
    const { status, stderr } = spawnSync('npm', [script], {
      cwd: folder,
      env: outside,
      encoding: 'utf8',
    })
    assert.equal(status, 1)
    assert.match(stderr, /^remora: run npm ci first$/m)
  }
})

suite('bin/remora', () => {
  let root: string
  let launcher: string
  const system = '/usr/bin:/bin'

  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'remora launcher '))
    launcher = join(root, 'bin/remora')
    await cp(fileURLToPath(new URL('../bin/remora', import.meta.url)), launcher)
    await mkdir(join(root, 'dist'))
    await writeFile(join(root, 'package.json'), '{"type":"module"}')
    await writeFile(join(root, 'dist/main.js'), main)
    const node = join(root, 'node_modules/node-linux-test/bin')
    await mkdir(node, { recursive: true })
    await symlink(process.execPath, join(node, 'node'))
  })
  after(() => rm(root, { recursive: true, force: true }))

  function start(command: string, args: string[] = [], env: NodeJS.ProcessEnv = {}): Said {
    const run = spawnSync(command, args, { encoding: 'utf8', env: { PATH: system, ...env } })
    assert.equal(run.stderr, '')
    assert.equal(run.status, 0)
    return JSON.parse(run.stdout) as Said
  }

  test('becomes node: the process id stays', async () => {
    const child = spawn(launcher, [], {
      env: { PATH: system },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    await once(child, 'close')
    const said = JSON.parse(Buffer.concat(chunks).toString()) as Said
    assert.equal(said.pid, child.pid)
  })

  test('passes arguments on as they are', () => {
    const args = ['--set', 'a::b=c d', '', '*', '"quoted"']
    assert.deepEqual(start(launcher, args).arguments, args)
  })

  test('is found through links, absolute and relative', async () => {
    await symlink(launcher, join(root, 'absolute'))
    await symlink('absolute', join(root, 'relative'))
    assert.deepEqual(start(join(root, 'relative'), ['x']).arguments, ['x'])
  })

  test('chooses memory settings', () => {
    const said = start(launcher)
    assert.ok(said.options.some((option) => /^--max-semi-space-size=\d+$/.test(option)))
    assert.match(said.arenas, /^[12]$/)
    assert.equal(said.own.trim(), 'MALLOC_ARENA_MAX MALLOC_MMAP_THRESHOLD_ MALLOC_TRIM_THRESHOLD_')
    assert.equal(said.cache, undefined)
  })

  test('lets the user choose them', () => {
    const said = start(launcher, [], {
      REMORA_NODE_OPTIONS: '--max-old-space-size=99',
      MALLOC_ARENA_MAX: '7',
    })
    assert.deepEqual(said.options, ['--max-old-space-size=99'])
    assert.equal(said.arenas, '7')
    assert.ok(!said.own.includes('ARENA'))
    assert.deepEqual(start(launcher, [], { REMORA_NODE_OPTIONS: '' }).options, [])
  })

  test('uses the compile cache of the build where there is one', async () => {
    await mkdir(join(root, 'dist/compile-cache'))
    assert.match(start(launcher).cache ?? '', /dist\/compile-cache$/)
    await rm(join(root, 'dist/compile-cache'), { recursive: true })
  })

  test('says what is missing where there is no Node 24', async () => {
    const old = join(root, 'old')
    await mkdir(old)
    await writeFile(join(old, 'node'), '#!/bin/sh\necho v20.20.2\n')
    await chmod(join(old, 'node'), 0o755)
    await rm(join(root, 'node_modules'), { recursive: true })
    const refused = spawnSync(launcher, { encoding: 'utf8', env: { PATH: `${old}:${system}` } })
    assert.match(
      refused.stderr,
      /^remora: needs Node 24 or newer, and .*\/old\/node is v20\.20\.2\./,
    )
    assert.equal(refused.status, 1)
    // REMORA_NODE is taken at its word: the image sets it, and saves asking for the version.
    assert.deepEqual(start(launcher, ['y'], { REMORA_NODE: process.execPath }).arguments, ['y'])
  })

  test('says so where there is no bundle', async () => {
    await rm(join(root, 'dist'), { recursive: true })
    const refused = spawnSync(launcher, {
      encoding: 'utf8',
      env: { PATH: system, REMORA_NODE: process.execPath },
    })
    assert.match(
      refused.stderr,
      /^remora: there is no bundle at .*dist\/main\.js: run npm run build\n$/,
    )
    assert.equal(refused.status, 1)
  })
})
