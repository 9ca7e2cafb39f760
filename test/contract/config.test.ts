import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { loadRegistry } from '../../src/components.ts'
import { signals } from '../../src/signal/signal.ts'
import { cases, definitions } from './cases.ts'

const registry = await loadRegistry()

interface Parts {
  readonly type: string
  readonly pipe?: readonly Parts[]
}

/** Where an object is followed by a check that waits until all of it is right. */
function lateChecks(schema: unknown, path: string, seen = new Set<unknown>()): string[] {
  if (typeof schema !== 'object' || schema === null || seen.has(schema)) return []
  seen.add(schema)
  const { type, pipe } = schema as Parts
  const isLate = /object/.test(type) && pipe?.some((part) => /^(?:partial_)?check$/.test(part.type))
  const below = Object.entries(schema).flatMap(([key, value]) =>
    lateChecks(value, `${path}.${key}`, seen),
  )
  return isLate ? [path, ...below] : below
}

suite('every definition', () => {
  for (const definition of definitions) {
    const { kind, type } = definition
    test(`${kind} ${type} has a name, a sentence and an example`, () => {
      assert.match(type, /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/)
      assert.match(definition.summary, /^[A-Z].*[^.]\.$/s)
      assert.ok(definition.examples.length > 0)
    })

    test(`${kind} ${type} is found, alone, by its type and its aliases`, async () => {
      for (const name of [type, ...(definition.aliases ?? [])]) {
        assert.equal(registry[kind].get(name), definition, name)
        const loaded = Object.values(await loadRegistry([{ kind, name }]))
        assert.deepEqual(new Set(loaded.flatMap((one) => [...one.values()])), new Set([definition]))
      }
    })

    test(`${kind} ${type} declares its metrics with whole sentences and proper names`, () => {
      for (const [name, help] of Object.entries(definition.metrics)) {
        assert.match(name, /^(?:remora|otelcol)_[a-z0-9_]+$/)
        assert.doesNotMatch(name, /_total$/, 'the names of the collector have no _total')
        assert.match(help, /\.$/)
      }
    })

    test(`${kind} ${type} compares options by a rule, so that all mistakes come at once`, () => {
      assert.deepEqual(lateChecks(definition.config, type), [], 'use rule() of component/rule.ts')
    })

    if (definition.kind === 'extension') continue
    test(`${kind} ${type} handles signals that exist`, () => {
      const handled = Object.keys(definition.stability)
      assert.ok(handled.length > 0)
      for (const signal of handled) assert.ok(signals.some((one) => one === signal))
    })
  }
})

suite('the configuration of every example', () => {
  for (const { name, definition, example } of cases) {
    test(`${name}: is valid, and parses to the same each time`, () => {
      const before = JSON.stringify(example)
      const first = v.parse(definition.config, example)
      assert.deepEqual(v.parse(definition.config, example), first)
      assert.equal(JSON.stringify(example), before, 'the input was changed')
    })

    test(`${name}: refuses an option that does not exist`, () => {
      const { issues = [] } = v.safeParse(definition.config, { ...example, no_such_option: 1 })
      const paths = issues.map((issue) => v.getDotPath(issue))
      assert.ok(paths.includes('no_such_option'), JSON.stringify(paths))
    })
  }
})
