import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cp, glob, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Instruction, parseDockerfile, type Stage } from './support/dockerfile.ts'

// No container engine is needed: each stage is a directory, COPY copies, RUN runs in a shell, in the order of the file.
// What this cannot see: the base images themselves, and file ownership.

const top = fileURLToPath(new URL('..', import.meta.url))
const stages = parseDockerfile(await readFile(join(top, 'Dockerfile'), 'utf8'))
const ignored = await readFile(join(top, '.dockerignore'), 'utf8')
const realInstall = process.env['REMORA_REQUIRE_PEERS'] === '1'

suite('the steps of the Dockerfile, in a clean directory', () => {
  let scratch: string
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'remora-docker-'))
  })
  after(() => rm(scratch, { recursive: true, force: true }))

  test('build, and leave an image that starts and writes nothing', async (t) => {
    if (!realInstall)
      t.diagnostic('npm ci is replaced by a link to node_modules; .ci/run does the real one')
    const final = new Map<string, string>()
    for (const [index, stage] of stages.entries()) {
      const root = join(scratch, stage.name ?? String(index))
      await mkdir(root, { recursive: true })
      await execute(stage, root, final)
    }
    const root = join(scratch, String(stages.length - 1))
    const caches = await filesOf(join(root, 'opt/remora/dist/compile-cache'))
    assert.ok(
      caches.some((path) => /^v[^/]+-10001\//.test(path)),
      'no compile cache for the user of the image',
    )

    // Node also keeps what it compiled for the user of this test, who may write here; the image's user may not.
    const shipped = async () => (await filesOf(root)).filter((path) => !path.includes('cache/'))
    const filesBefore = await shipped()
    const [entry] = JSON.parse(final.get('ENTRYPOINT') as string) as string[]
    const run = spawnSync(join(root, entry as string), ['--version'], {
      encoding: 'utf8',
      env: environment(final),
    })
    assert.equal(run.stderr, '')
    assert.equal(run.status, 0)
    assert.match(run.stdout, /\d+\.\d+\.\d+/)
    assert.deepEqual(await shipped(), filesBefore)
  })
})

suite('the image', () => {
  const last = stages.at(-1) as Stage

  test('is slim, on Node 24, and built on the same Node', () => {
    assert.match(last.base, /^node:24-.*slim$/)
    assert.equal(stages[0]?.base, last.base)
  })

  test('runs as a user by number, so that runAsNonRoot can check it', () => {
    assert.match(textOf(last, 'USER') ?? '', /^[1-9]\d*:[1-9]\d*$/)
  })

  test('starts the launcher itself, which becomes the process', () => {
    assert.deepEqual(JSON.parse(textOf(last, 'ENTRYPOINT') ?? ''), ['/opt/remora/bin/remora'])
    assert.deepEqual(JSON.parse(textOf(last, 'CMD') ?? ''), ['--config', '/etc/remora/config.yaml'])
  })

  test('copies only what .dockerignore lets through', () => {
    const copies = (stages[0] as Stage).instructions.filter(({ name }) => name === 'COPY')
    for (const source of copies.flatMap(({ text }) => text.split(/\s+/).slice(0, -1))) {
      assert.ok(ignored.split('\n').includes(`!${source}`), `.dockerignore hides ${source}`)
    }
  })
})

async function execute(stage: Stage, root: string, state: Map<string, string>): Promise<void> {
  state.clear()
  let folder = root
  for (const instruction of stage.instructions) {
    const { name, text } = instruction
    if (name === 'WORKDIR') {
      folder = join(root, text)
      await mkdir(folder, { recursive: true })
    } else if (name === 'COPY') {
      await copy(instruction, root, folder)
    } else if (name === 'RUN') {
      await run(text, folder)
    } else {
      state.set(name, text)
    }
  }
}

async function copy({ flags, text }: Instruction, root: string, folder: string): Promise<void> {
  const parts = text.split(/\s+/)
  const target = parts.pop() as string
  const sourceRoot = flags['from'] === undefined ? top : join(dirname(root), flags['from'])
  for (const source of parts) {
    const to = target.endsWith('/') ? join(folder, target, source) : join(folder, target)
    await cp(join(sourceRoot, source), to, {
      recursive: true,
      filter: (path) => !path.endsWith('.test.ts'),
    })
  }
}

async function run(command: string, folder: string): Promise<void> {
  if (command === 'npm ci' && !realInstall) {
    await symlink(join(top, 'node_modules'), join(folder, 'node_modules'))
    return
  }
  const path = `${dirname(process.execPath)}:${process.env['PATH']}`
  const offline = command === 'npm ci' ? { npm_config_prefer_offline: 'true' } : {}
  const { status, stdout, stderr } = spawnSync('sh', ['-ec', command], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 150_000,
    env: { ...process.env, ...offline, PATH: path },
  })
  assert.equal(status, 0, `RUN ${command}\n${stdout}\n${stderr}`)
}

/** What ENV sets, with the image's Node replaced by the one that runs this test. */
function environment(state: ReadonlyMap<string, string>): NodeJS.ProcessEnv {
  const pairs = (state.get('ENV') ?? '')
    .split(/\s+/)
    .map((pair) => pair.split('=') as [string, string])
  return { PATH: '/usr/bin:/bin', ...Object.fromEntries(pairs), REMORA_NODE: process.execPath }
}

function textOf(stage: Stage, name: string): string | undefined {
  return stage.instructions.find((instruction) => instruction.name === name)?.text
}

async function filesOf(folder: string): Promise<string[]> {
  const found: string[] = []
  for await (const path of glob('**/*', { cwd: folder })) found.push(path)
  return found.sort()
}
