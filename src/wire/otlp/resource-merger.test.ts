import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { oracleDecode, oracleEncode } from '../../../test/support/wire/oracle.ts'
import { viewToDocument } from '../../../test/support/wire/plain.ts'
import { randomView } from '../../../test/support/wire/random-view.ts'
import { signals } from '../../signal/signal.ts'
import { WireError } from '../wire-error.ts'
import { ResourceMerger } from './resource-merger.ts'

interface Group {
  resource?: { attributes: readonly { key: string }[] } | null
  schemaUrl: string
}

const added = { a: 'new', 'k8s.pod.name': 'web-0', '': 1, é: ['x', 'y'] }
const schemaUrl = 'https://example.com/schema'
const groupsOf = { logs: 'resourceLogs', metrics: 'resourceMetrics', traces: 'resourceSpans' }
const resource = oracleDecode('logs', oracleEncode('logs', { resourceLogs: [{ resource: {} }] }))
const empty = ((resource['resourceLogs'] as Group[])[0] as Group).resource

/** Of one attribute each, as the oracle has them. */
const addedPairs = (
  oracleDecode(
    'logs',
    new ResourceMerger({ attributes: added, override: true, schemaUrl: '' }).merge(
      oracleEncode('logs', { resourceLogs: [{}] }),
    ),
  )['resourceLogs'] as Group[]
)[0]?.resource?.attributes as { key: string }[]

/** What the merger must make of a group, on decoded objects. */
function model(group: Group, override: boolean): Group {
  const own = group.resource?.attributes ?? []
  const isOwn = (key: string) => own.some((pair) => pair.key === key)
  const attributes = override
    ? [...own.filter(({ key }) => !Object.hasOwn(added, key)), ...addedPairs]
    : [...own, ...addedPairs.filter(({ key }) => !isOwn(key))]
  return {
    ...group,
    resource: { ...empty, ...group.resource, attributes },
    schemaUrl: group.schemaUrl === '' ? schemaUrl : group.schemaUrl,
  }
}

suite('ResourceMerger', () => {
  test('writes values of every type', () => {
    assert.deepEqual(
      addedPairs.map(({ key }) => key),
      Object.keys(added),
    )
    assert.match(JSON.stringify(addedPairs), /"stringValue":"web-0".*"intValue":"1".*"arrayValue"/)
  })

  for (const signal of signals) {
    for (const override of [true, false]) {
      test(`changes resources of ${signal} and nothing else, override: ${override}`, () => {
        const merger = new ResourceMerger({ attributes: added, override, schemaUrl })
        fc.assert(
          fc.property(randomView(signal), (view) => {
            const request = oracleEncode(signal, viewToDocument(signal, view))
            const before = Buffer.from(request)
            const want = oracleDecode(signal, request)
            const field = groupsOf[signal]
            want[field] = (want[field] as Group[]).map((group) => model(group, override))
            assert.deepEqual(oracleDecode(signal, merger.merge(request)), want)
            assert.ok(before.equals(request), 'the request itself was written into')
          }),
          { numRuns: 100 },
        )
      })
    }
  }

  test('takes a resource that is written in parts, or behind its records, for one', () => {
    const merger = new ResourceMerger({
      attributes: { a: '1', b: '2' },
      override: false,
      schemaUrl,
    })
    const part = (key: string) => `0a09 0a07 0a01${hex(key)} 1202 0a00`
    const group = `1202 1a00 ${part('a')} ${part('c')} 1a00`
    const merged = merger.merge(bytes(`0a1c ${group}`))
    const [decoded] = oracleDecode('logs', merged)['resourceLogs'] as Group[]
    assert.deepEqual(
      decoded?.resource?.attributes.map(({ key }) => key),
      ['a', 'c', 'b'],
    )
    assert.equal(decoded?.schemaUrl, schemaUrl)
  })

  test('keeps fields that it does not know', () => {
    const merger = new ResourceMerger({ attributes: { a: '1' }, override: true, schemaUrl: '' })
    const merged = Buffer.from(merger.merge(bytes('a20603 616263 0a0a 0a05 a20602 7879 f83201')))
    assert.equal(merged.toString('latin1').split('abc').length, 2)
    assert.equal(merged.toString('latin1').split('xy').length, 2)
    assert.ok(merged.includes(bytes('f83201')))
  })

  test('goes on after a request that is broken at any byte', () => {
    const merger = new ResourceMerger({ attributes: added, override: false, schemaUrl })
    const request = oracleEncode('logs', {
      resourceLogs: [{ resource: { attributes: [{ key: 'a', value: { stringValue: 'b' } }] } }],
    })
    const want = Buffer.from(merger.merge(request))
    for (let length = 1; length < request.length; length++) {
      assert.throws(() => merger.merge(request.subarray(0, length)), WireError)
      assert.ok(want.equals(merger.merge(request)))
    }
  })
})

function hex(text: string): string {
  return Buffer.from(text).toString('hex')
}

function bytes(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex')
}
