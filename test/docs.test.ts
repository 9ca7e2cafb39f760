import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import yaml from 'yaml'
import { checkConfig } from '../src/cli/check-config.ts'
import { loadRegistry } from '../src/components.ts'

const top = fileURLToPath(new URL('..', import.meta.url))

interface Found {
  readonly where: string
  readonly text: string
}

/** What stands in the texts as YAML: configurations that can run as they are, also those in a ConfigMap. */
function configurations(): Found[] {
  const pages = readdirSync(join(top, 'docs')).filter((name) => name.endsWith('.md'))
  return ['README.md', ...pages.map((name) => `docs/${name}`)].flatMap((page) => {
    const markdown = readFileSync(join(top, page), 'utf8')
    return [...markdown.matchAll(/^```yaml\n(.*?)^```$/gms)].flatMap(([, text = ''], index) => {
      const where = `${page}, block ${index + 1}`
      return yaml.parseAllDocuments(text).flatMap((document) => {
        assert.deepEqual(document.errors, [], where)
        const content = document.toJS() as Record<string, Record<string, string>>
        if ((content['kind'] as unknown) === 'ConfigMap') {
          return Object.values(content['data'] ?? {}).map((data) => ({ where, text: data }))
        }
        return content['service']?.['pipelines'] === undefined ? [] : [{ where, text }]
      })
    })
  })
}

suite('a configuration in the documentation is valid:', () => {
  const found = configurations()
  assert.ok(found.length >= 2, 'the blocks are not found any more')
  for (const { where, text } of found) {
    test(where, async () => {
      const { problemText, warningText } = await checkConfig(
        { config: ['config.yaml'], set: [] },
        { env: {}, readFile: () => text, loadRegistry },
      )
      assert.equal(problemText + warningText, '')
    })
  }
})
