import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { toyBatch, toyOtlp } from '../../test/support/toy-registry.ts'
import { type ComponentName, type ListedComponent, registryLoader } from './registry.ts'

suite('of the list, loaded are', () => {
  const rows: readonly {
    name: string
    named: readonly ComponentName[] | undefined
    want: readonly string[]
  }[] = [
    { name: 'those named', named: [{ kind: 'processor', name: 'batch' }], want: ['batch'] },
    {
      name: 'one that is named twice, and by an alias, once',
      named: [
        { kind: 'exporter', name: 'otlp_http' },
        { kind: 'exporter', name: 'otlphttp' },
      ],
      want: ['otlp_http'],
    },
    { name: 'none for a configuration that names none', named: [], want: [] },
    {
      name: 'all where one is unknown',
      named: [
        { kind: 'processor', name: 'batch' },
        { kind: 'receiver', name: 'batch' },
      ],
      want: ['batch', 'otlp_http'],
    },
    { name: 'all where nothing is said', named: undefined, want: ['batch', 'otlp_http'] },
  ]
  for (const { name, named, want } of rows) {
    test(name, async () => {
      const loaded: string[] = []
      const listed = [toyBatch, toyOtlp].map((definition): ListedComponent => {
        const { kind, type, aliases = [] } = definition
        const load = async () => {
          loaded.push(type)
          return definition
        }
        return { kind, names: [type, ...aliases], load }
      })
      const registry = await registryLoader(listed)(named)
      assert.deepEqual(loaded, want)
      assert.deepEqual(registry.exporter.has('otlphttp'), want.includes('otlp_http'))
    })
  }
})
