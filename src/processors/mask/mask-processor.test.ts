import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { RecordingIntake, testContext } from '../../../test/support/recording-intake.ts'
import { testSettings } from '../../../test/support/settings.ts'
import { oracleEncode } from '../../../test/support/wire/oracle.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'
import { Batch } from '../../signal/batch.ts'
import { PipelineLedger } from '../../signal/ledger.ts'
import { mask } from './definition.ts'
import { MaskProcessor } from './mask-processor.ts'

function logs(...bodies: string[]): Batch<'logs'> {
  const logRecords = bodies.map((stringValue) => ({ body: { stringValue } }))
  const bytes = oracleEncode('logs', { resourceLogs: [{ scopeLogs: [{ logRecords }] }] })
  return new Batch('logs', [bytes], bodies.length)
}

function processorWith(config: object, next = new RecordingIntake()) {
  const settings = testSettings(v.parse(mask.config, config))
  return { processor: new MaskProcessor(settings, next), settings, next }
}

function ledgerContext() {
  const ledger = new PipelineLedger('logs', 'logs')
  return { ledger, context: { ...testContext(), ledger } }
}

/** Of all levels: those of a union stand below it. */
function messagesOf(issues: readonly v.BaseIssue<unknown>[]): string[] {
  return issues.flatMap(({ message, issues: below = [] }) => [message, ...messagesOf(below)])
}

suite('the configuration', () => {
  const rows: readonly (readonly [name: string, config: object, want: string])[] = [
    [
      'an unknown detector',
      { detectors: ['emial'] },
      'there is no detector "emial"; did you mean "email"?',
    ],
    ['a pattern that is none', { detectors: [{ name: 'x', pattern: '(' }] }, 'missing closing'],
    [
      'a name that is taken',
      { detectors: [{ name: 'email', pattern: 'x' }] },
      'is the name of a built-in detector',
    ],
    [
      'an unknown region',
      { detectors: [{ name: 'phone', regions: ['XX'] }] },
      'must be one of US, CA, GB',
    ],
    [
      'a region by its other name',
      { detectors: [{ name: 'phone', regions: ['UK'] }] },
      'is written GB',
    ],
    ['no detector at all', { detectors: [] }, 'must name at least one detector'],
    [
      'one detector without a list',
      { detectors: 'email' },
      'must be one of all, pii, secrets, or a list of detectors: \\[email\\]',
    ],
    [
      'a kind of detectors in a list, misspelt',
      { detectors: ['secret', 'email'] },
      'there is no detector "secret"; did you mean "secrets"',
    ],
    [
      'a name that stands for many',
      { detectors: [{ name: 'all', pattern: 'x' }] },
      'is the name of a built-in detector',
    ],
    [
      'what only detectors of its own have',
      { detectors: [{ name: 'email', context: ['mail'] }] },
      'is for detectors of your own, which have a pattern',
    ],
    [
      'what only detectors that are built in have',
      { detectors: [{ name: 'x', pattern: 'x', regions: ['US'] }] },
      'is for detectors that are built in, not for one with a pattern',
    ],
    [
      'detectors that are all switched off',
      { detectors: ['x', 'y'].map(() => ({ name: 'email', enabled: false })) },
      'must leave at least one detector enabled',
    ],
    [
      'a detector of its own without a pattern',
      { detectors: [{ name: 'customer' }] },
      'there is no detector "customer"; one of your own needs a pattern',
    ],
    [
      'a group that the pattern has not',
      { detectors: [{ name: 'x', pattern: '(a)b', group: 2 }] },
      'the pattern has one group, so nothing would be found',
    ],
    [
      'regions of another detector',
      { detectors: [{ name: 'email', regions: ['US'] }] },
      'are for phone only',
    ],
    [
      'a validator that is none, and nothing else',
      { detectors: [{ name: 'x', pattern: 'a', validator: 'luhm' }] },
      '^.*received Array[^A-Za-z]*must be one of luhn, mod97, mod11_10, verhoeff[^A-Za-z]*$',
    ],
    [
      'a place that OTLP does not have',
      { include: ['bodi'] },
      'is no place of logs, metrics or traces; did you mean "body"',
    ],
    ['an item of a list', { include: ['body[0]'] }, 'is no place of logs'],
    ['a misspelt place to leave out', { exclude: ['resource.attribute.x'] }, 'is no place of logs'],
    [
      'to leave out all that is included',
      { include: ['body'], exclude: ['bo*'] },
      'takes out all that include names',
    ],
    [
      'to drop labels',
      { on_label_collision: 'drop_label' },
      'without the label two series become one, and their points cannot be added up here; use hash',
    ],
    [
      'a detector that is listed twice',
      { detectors: ['email', 'iban', { name: 'email', action: 'hash' }] },
      'detector "email" is listed twice; put its options into one entry',
    ],
    [
      'two detectors of its own with one name',
      {
        detectors: [
          { name: 'x', pattern: 'a' },
          { name: 'x', pattern: 'b' },
        ],
      },
      'detector "x" is listed twice',
    ],
    [
      'a template where a pseudonym is written',
      { detectors: [{ name: 'email', template: 'X', action: 'hash' }] },
      'has no effect with "action: hash"; it is for mask',
    ],
    [
      'what stays of a finding that is dropped by the action of all',
      { detectors: [{ name: 'email', keep_last: 2 }], action: 'drop' },
      'has no effect with "action: drop"; it is for mask',
    ],
    [
      'a template beside what stays of the finding',
      { detectors: [{ name: 'email', template: 'X', keep_last: 2 }] },
      'has no effect beside keep_last',
    ],
    ['another way with labels', { on_label_collision: 'x' }, 'must be one of hash, drop_series'],
  ]
  for (const [name, config, want] of rows) {
    test(`refuses ${name}`, () => {
      const { issues = [] } = v.safeParse(mask.config, config)
      assert.match(JSON.stringify(messagesOf(issues)), new RegExp(want.replace(/[?"]/g, '.?.?')))
    })
  }
})

suite('the configuration', () => {
  const places = ['body', 'body.user.name', 'attributes.http.*', '*.password', 'res*', 'links']
  for (const place of [...places, 'metric.name', 'exemplars.filtered_attributes.x']) {
    test(`takes the place ${place}`, () => {
      assert.equal(v.safeParse(mask.config, { include: [place] }).issues, undefined)
    })
  }
})

suite('MaskProcessor', () => {
  test('masks and counts by detector', async () => {
    const { processor, settings, next } = processorWith({
      detectors: ['email', { name: 'ip_address', action: 'tag' }],
    })
    await processor.consume(logs('to a@b.io and c@d.io', 'from 203.0.113.9', 'none'), testContext())
    const text = Buffer.from(next.calls[0]?.batch.bytes() ?? []).toString('latin1')
    assert.match(text, /to <email> and <email>/)
    assert.match(text, /from 203\.0\.113\.9/)
    const value = (detector: string, action: string) =>
      settings.meter.value('remora_mask_findings', { detector, action, signal: 'logs' })
    assert.equal(value('email', 'mask'), 2)
    assert.equal(value('ip_address', 'tag'), 1)
  })

  test('hands on the very batch where there is nothing to mask', async () => {
    const { processor, next } = processorWith({ detectors: ['email'] })
    const batch = logs('none')
    await processor.consume(batch, testContext())
    assert.equal(next.calls[0]?.batch, batch)
  })

  test('counts dropped records once the rest is safe', async () => {
    const { processor, next } = processorWith({ detectors: ['email'], action: 'drop_record' })
    const { ledger, context } = ledgerContext()
    next.script(new DeliveryError('unavailable', 'down'), 'accept')
    const batch = logs('a@b.io', 'none', 'c@d.io')
    await assert.rejects(processor.consume(batch, context), { code: 'unavailable' })
    assert.equal(ledger.droppedByReason.get('filtered'), undefined)
    await processor.consume(batch, context)
    assert.equal(ledger.droppedByReason.get('filtered'), 2)
    assert.equal(next.calls[1]?.batch.itemCount, 1)
  })

  test('hands on nothing where nothing is left', async () => {
    const { processor, next } = processorWith({ detectors: ['email'], action: 'drop_record' })
    const { ledger, context } = ledgerContext()
    await processor.consume(logs('a@b.io'), context)
    assert.equal(next.calls.length, 0)
    assert.equal(ledger.droppedByReason.get('filtered'), 1)
  })

  test('refuses what it cannot walk, instead of passing it on', async () => {
    const { processor, next } = processorWith({ detectors: ['email'] })
    const broken = new Batch('logs', [Buffer.from('\x0a\xffa@b.io', 'latin1')], 1)
    await assert.rejects(processor.consume(broken, testContext()), { code: 'invalid_data' })
    assert.equal(next.calls.length, 0)
  })

  test('gives a value one pseudonym in all pipelines, without a key too', async () => {
    const config = v.parse(mask.config, { action: 'hash', detectors: ['email'] })
    const masked = async (own: typeof config): Promise<string> => {
      const next = new RecordingIntake()
      await new MaskProcessor(testSettings(own), next).consume(logs('a@b.io'), testContext())
      return Buffer.from(next.calls[0]?.batch.bytes() ?? []).toString('latin1')
    }
    assert.equal(await masked(config), await masked(config))
    assert.notEqual(await masked(config), await masked({ ...config }), 'of other processors')
  })

  const key = '0123456789abcdef'
  const warned: readonly (readonly [config: object, count: number])[] = [
    [{ action: 'hash' }, 1],
    [{ detectors: ['iban', { name: 'email', action: 'hash' }] }, 1],
    [{ detectors: ['iban', { name: 'email', action: 'hash' }], hash_key: key }, 0],
    [{ detectors: [{ name: 'email', action: 'drop' }], action: 'hash' }, 0],
    [{}, 0],
  ]
  for (const [config, count] of warned) {
    test(`warns that pseudonyms do not last without a key: ${JSON.stringify(config)}`, () => {
      const messages = (mask.warnings?.(v.parse(mask.config, config)) ?? []).map(
        ({ message }) => message,
      )
      assert.equal(messages.length, count)
      if (count > 0) assert.match(messages[0] ?? '', /change with each start and differ between/)
    })
  }
})
