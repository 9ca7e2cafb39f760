import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { compileMasking } from './compile.ts'
import { detectors } from './detectors/catalog.ts'
import { maskSchema } from './schema.ts'

/** What becomes of the findings of each detector that the configuration switches on. */
function actionsOf(config: object): ReadonlyMap<string, string> {
  const { rules } = compileMasking(v.parse(maskSchema, config)).examiner
  const actions = new Map(rules.map(({ detector, action }) => [detector.name, action]))
  assert.equal(actions.size, rules.length, 'each detector works once')
  return actions
}

suite('groups in the list of detectors', () => {
  const count = detectors.length
  const secrets = detectors.filter(({ group }) => group === 'secrets').length

  test('stand for all that they hold, and leave room for others', () => {
    assert.equal(actionsOf({ detectors: ['all'] }).size, count)
    const own = { name: 'customer', pattern: 'CUST-[0-9]+' }
    assert.equal(actionsOf({ detectors: ['secrets', own, 'email'] }).size, secrets + 2)
  })

  test('give way to what is named, and all to the smaller ones, in any order', () => {
    const list = [
      { name: 'all', action: 'tag' },
      { name: 'secrets', action: 'drop' },
      { name: 'jwt', action: 'hash' },
    ]
    for (const ordered of [list, list.toReversed()]) {
      const actions = actionsOf({ detectors: ordered })
      assert.equal(actions.size, count)
      assert.equal(actions.get('email'), 'tag')
      assert.equal(actions.get('aws_key'), 'drop')
      assert.equal(actions.get('jwt'), 'hash')
    }
  })

  test('do without a detector that is switched off', () => {
    const actions = actionsOf({ detectors: ['all', { name: 'ip_address', enabled: false }] })
    assert.equal(actions.size, count - 1)
    assert.ok(!actions.has('ip_address'))
  })

  test('know phone by its regions', () => {
    const german = { name: 'phone', regions: ['DE'] }
    const { examiner } = compileMasking(v.parse(maskSchema, { detectors: ['pii', german] }))
    const seen: string[] = []
    examiner.onSighting = ({ rule }) => seen.push(rule.detector.name)
    examiner.examine('tel 030 901820', '', -1, false, '')
    assert.deepEqual(seen, ['phone'])
  })
})
