import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryDirectory } from '../support/remora-process.ts'

const top = fileURLToPath(new URL('../..', import.meta.url))

/** Prints the address of each module that is loaded, below the repository. */
const listModules = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module'
  import { writeSync } from 'node:fs'
  registerHooks({ load(url, context, next) { writeSync(1, url + '\\n'); return next(url, context) } })
`)}`

async function modulesOf(directory: string, config: string): Promise<string[]> {
  const file = join(directory, 'remora.yaml')
  await writeFile(file, config)
  const args = ['--import', listModules, join(top, 'src/main.ts'), 'validate', '--config', file]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  return stdout.split('\n').filter((line) => line.startsWith('file:'))
}

test('a configuration loads the components it names, and the engines of no other', async (t) => {
  const directory = await temporaryDirectory(t)
  const graph = (receiver: string, options: string) => `
receivers: { ${receiver}: ${options} }
exporters: { otlp_http: { endpoint: "http://localhost:4318" } }
service: { pipelines: { logs: { receivers: [${receiver}], exporters: [otlp_http] } } }
`
  const engines = /\/(src\/(tail|operators|presets|masking|lines|regex)|node_modules\/re2js)\//
  const plain = await modulesOf(directory, graph('otlp', '{ protocols: { grpc: } }'))
  assert.ok(plain.some((url) => url.endsWith('/src/receivers/otlp/definition.ts')))
  assert.deepEqual(
    plain.filter((url) => engines.test(url)),
    [],
  )
  const tail = await modulesOf(directory, graph('file_log', '{ include: [/var/log/app.log] }'))
  assert.ok(tail.some((url) => engines.test(url)))
})
