import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import * as v from 'valibot'
import { fail, type Input, ok, Rig, schema } from '../../test/support/delivery-rig.ts'
import { settle } from '../../test/support/fake-clock.ts'
import { numbersIn, numbersOf } from '../../test/support/numbered-logs.ts'
import { until } from '../../test/support/remora-process.ts'
import type { Letter } from '../buffer/dead-letters/letter.ts'
import { LetterBox, listLetters } from '../buffer/dead-letters/letter-box.ts'
import type { Batch } from '../signal/batch.ts'
import { deadLetterName } from './dead-letters.ts'
import type { SendOutcome } from './send.ts'

const root = await mkdtemp(join(tmpdir(), 'remora-dead-'))
// A stop that is out of time leaves a write under way, so the folder may fill once more.
after(() => rm(root, { recursive: true, maxRetries: 5 }))
let directories = 0

const newDirectory = (): string => join(root, String(directories++))

async function startRig(
  directory: string,
  backend: (batch: Batch) => Promise<SendOutcome>,
  input: Input = {},
): Promise<Rig> {
  const rig = new Rig({ dead_letter: { directory }, ...input }, backend)
  await rig.delivery.start()
  return rig
}

async function lettersIn(directory: string): Promise<Letter[]> {
  const box = new LetterBox(join(directory, 'dead_letters_otlp'), 0)
  const letters: Letter[] = []
  for (const { number } of await listLetters(box.directory)) {
    const letter = await box.read(number)
    assert.ok(typeof letter === 'object', String(letter))
    letters.push(letter)
  }
  return letters
}

test('exporters may share a directory: each has one of its own in it', () => {
  const ids = ['otlp', 'otlp/a', 'otlp/a/b', 'otlp/a%2Fb', 'otlp/a.b', 'otlp/..']
  const names = ids.map(deadLetterName)
  assert.equal(new Set(names).size, ids.length)
  for (const name of names) assert.match(name, /^dead_letters_[^/]+$/)
})

suite('dead letters keep', () => {
  const partial =
    (rejectedItems: number) =>
    (batch: Batch): Promise<SendOutcome> =>
      Promise.resolve({ rejectedItems: Math.min(rejectedItems, batch.itemCount), message: 'dup' })
  const rows: readonly {
    name: string
    input?: Input
    backend: (batch: Batch) => Promise<SendOutcome>
    dropped: Record<string, number>
    /** Code, items, and the numbers in the payload. */
    letters: readonly (readonly [string, number, readonly number[]])[]
  }[] = [
    { name: 'nothing of what is delivered', backend: ok, dropped: {}, letters: [] },
    {
      name: 'what is refused for good',
      backend: fail('backend_rejected'),
      dropped: { backend_rejected: 4 },
      letters: [['backend_rejected', 4, [0, 1, 2, 3]]],
    },
    {
      name: 'what is refused for want of credentials',
      backend: fail('unauthenticated'),
      dropped: { unauthenticated: 4 },
      letters: [['unauthenticated', 4, [0, 1, 2, 3]]],
    },
    {
      name: 'the one record that is too large',
      backend: (batch) => (numbersOf(batch).includes(2) ? fail('too_large')() : ok()),
      dropped: { too_large: 1 },
      letters: [['too_large', 1, [2]]],
    },
    {
      name: 'only the message when nobody knows which items were rejected',
      backend: partial(3),
      dropped: { partial_success: 3 },
      letters: [['partial_success', 3, []]],
    },
    {
      name: 'the items when all were rejected',
      backend: partial(9),
      dropped: { partial_success: 4 },
      letters: [['partial_success', 4, [0, 1, 2, 3]]],
    },
    {
      name: 'what ran out of retries and nobody has any more',
      input: { retry_on_failure: { initial_interval: '10ms', max_elapsed_time: '100ms' } },
      backend: fail('unavailable'),
      dropped: { retries_exhausted: 4 },
      letters: [['retries_exhausted', 4, [0, 1, 2, 3]]],
    },
  ]
  for (const { name, input, backend, dropped, letters } of rows) {
    test(name, async () => {
      const directory = newDirectory()
      const rig = await startRig(directory, backend, input)
      const answer = rig.give(4)
      await rig.advance(1000)
      await answer
      await until('the end of the items', () => rig.account.queued === 0)
      rig.balances()
      await rig.delivery.stop(new AbortController().signal)
      assert.deepEqual(rig.dropped, dropped)
      const found = await lettersIn(directory)
      assert.ok(
        rig.settings.logger.messages('error').every((line) => line.endsWith('the dead letters')),
        'nothing sounds as if it were lost',
      )
      assert.deepEqual(
        found.map(({ head, payload }) => [head.code, head.items, numbersIn(payload)]),
        letters,
      )
      const kept = letters.reduce((sum, [, , numbers]) => sum + numbers.length, 0)
      const { meter } = rig.settings
      assert.equal(meter.value('remora_dead_letters_items'), kept)
      assert.equal(meter.value('remora_dead_letters_written_items'), kept)
      for (const { head } of found) {
        assert.deepEqual([head.exporter, head.pipelines, head.signal], ['otlp', ['logs'], 'logs'])
        assert.notEqual(head.reason, '')
      }
    })
  }

  test('what callers would get back for nothing, and answer them', async () => {
    const directory = newDirectory()
    const input: Input = { sending_queue: { enabled: false } }
    const rig = await startRig(directory, fail('backend_rejected'), input)
    await rig.give(4)
    assert.deepEqual([rig.dropped, rig.rejected], [{ backend_rejected: 4 }, {}])
    assert.equal((await lettersIn(directory)).length, 1)
  })

  test('nothing that goes back to a caller who tries again', async () => {
    const directory = newDirectory()
    const input: Input = { retry_on_failure: { enabled: false } }
    const rig = await startRig(directory, fail('unavailable'), input)
    await assert.rejects(rig.give(4, { until: 'delivered' }), { code: 'unavailable' })
    assert.deepEqual(await lettersIn(directory), [])
  })
})

suite('dead letters are never in the way', () => {
  test('of the next request, while they are written', async () => {
    let refused = false
    const rig = await startRig(
      newDirectory(),
      (batch) => {
        if (!numbersOf(batch).includes(0)) return ok()
        refused = true
        return fail('backend_rejected')()
      },
      { sending_queue: { num_consumers: 1 } },
    )
    void rig.give(1)
    void rig.give(1)
    await settle()
    // The file is not yet written, but the consumer is free.
    assert.deepEqual([refused, rig.account.delivered, rig.account.queued], [true, 1, 1])
    await until('the letter', () => rig.account.queued === 0)
    assert.deepEqual(rig.dropped, { backend_rejected: 1 })
  })

  test('when the directory cannot be made: counted and said', async () => {
    const directory = newDirectory()
    await writeFile(directory, 'a file')
    const rig = await startRig(directory, fail('backend_rejected'))
    const { meter, logger } = rig.settings
    assert.deepEqual(logger.messages('error'), ['cannot keep dead letters'])
    void rig.give(3)
    await until('the end', () => rig.account.queued === 0)
    assert.deepEqual(rig.dropped, { backend_rejected: 3 })
    assert.equal(meter.value('remora_dead_letters_lost_items', { reason: 'write_failed' }), 3)
    // It heals by itself.
    await rm(directory)
    void rig.give(2)
    await until('the end', () => rig.account.queued === 0)
    assert.equal((await lettersIn(directory)).length, 1)
    assert.equal(meter.value('remora_dead_letters_items'), 2)
    rig.balances()
  })

  test('when they come faster than they can be written', async () => {
    const rig = await startRig(newDirectory(), fail('backend_rejected'), {
      sending_queue: { queue_size: 1000, num_consumers: 1000 },
    })
    for (let i = 0; i < 20; i++) void rig.give(1, {}, undefined, 1_000_000)
    await until('the end', () => rig.account.queued === 0)
    const { meter } = rig.settings
    const lost = meter.value('remora_dead_letters_lost_items', { reason: 'write_failed' })
    assert.ok(lost >= 10 && lost < 20, `${lost} lost`)
    assert.equal(lost + meter.value('remora_dead_letters_written_items'), 20)
    assert.deepEqual(rig.dropped, { backend_rejected: 20 })
  })

  test('of a letter that is larger than all of them may be', async () => {
    const directory = newDirectory()
    const rig = await startRig(directory, fail('backend_rejected'), {
      dead_letter: { directory, max_size: '64KiB' },
    })
    void rig.give(1, {}, undefined, 100_000)
    void rig.give(1)
    await until('the end', () => rig.account.queued === 0)
    assert.deepEqual(
      (await lettersIn(directory)).map(({ payload }) => numbersIn(payload)),
      [[1]],
    )
  })

  test('of a stop that is out of time', async () => {
    const rig = await startRig(newDirectory(), fail('backend_rejected'))
    for (let i = 0; i < 5; i++) void rig.give(2)
    await settle()
    await rig.delivery.stop(AbortSignal.abort())
    assert.equal(rig.account.queued, 0)
    assert.deepEqual(rig.dropped, { backend_rejected: 10 })
    rig.balances()
  })

  test('of a stop that has time: it waits for them', async () => {
    const directory = newDirectory()
    const rig = await startRig(directory, fail('backend_rejected'))
    for (let i = 0; i < 5; i++) void rig.give(2)
    await rig.delivery.stop(new AbortController().signal)
    assert.equal((await lettersIn(directory)).length, 5)
    rig.balances()
  })
})

suite('notes of partial success', () => {
  /** Rejects one item of each request, with the words of its turn. */
  async function startRejecting(messages: (request: number) => string) {
    const directory = newDirectory()
    let request = 0
    const rig = await startRig(directory, () =>
      Promise.resolve({ rejectedItems: 1, message: messages(request++) }),
    )
    const letters = async (count: number) => {
      await until(`${count} letters`, async () => (await lettersIn(directory)).length === count)
      return (await lettersIn(directory)).map(({ head }) => [head.items, head.reason])
    }
    return { rig, letters }
  }

  test('come at once, and then once a minute', async () => {
    const { rig, letters } = await startRejecting(() => 'duplicate')
    for (let i = 0; i < 50; i++) await rig.give(2, { until: 'delivered' })
    assert.deepEqual(await letters(1), [[1, 'duplicate']])
    await rig.advance(59_000, 1000)
    await rig.give(2, { until: 'delivered' })
    await rig.advance(1000)
    assert.deepEqual(await letters(2), [
      [1, 'duplicate'],
      [50, 'duplicate'],
    ])
    assert.deepEqual(rig.dropped, { partial_success: 51 })
    const { meter } = rig.settings
    assert.equal(meter.value('remora_dead_letters_written_items'), 0, 'no item is kept')
    await rig.advance(60_000, 1000)
    assert.equal(rig.clock.pending, 0, 'a quiet minute ends it')
  })

  test('keep the words of a backend apart, as far as it has few', async () => {
    const { rig, letters } = await startRejecting((request) => `record ${request} is too old`)
    for (let i = 0; i < 20; i++) await rig.give(2, { until: 'delivered' })
    await rig.delivery.stop(new AbortController().signal)
    const found = await letters(10)
    assert.deepEqual(found[0], [1, 'record 0 is too old'])
    assert.deepEqual(found[8], [1, 'record 8 is too old'])
    assert.deepEqual(found[9], [11, '(more messages than are kept apart in a minute)'])
    assert.equal(rig.clock.pending, 0)
  })

  test('say so when the backend gives no reason, as the log does', async () => {
    const { rig, letters } = await startRejecting(() => '')
    await rig.give(2, { until: 'delivered' })
    assert.deepEqual(await letters(1), [[1, 'the backend does not say why']])
    assert.deepEqual(rig.settings.logger.texts('warn'), [
      'the backend rejected some items of a request {"signal":"logs","rejected":1,"items":2,"message":"the backend does not say why"}',
    ])
  })
})

test('make room for new ones, and say what was lost', async () => {
  const directory = newDirectory()
  const rig = await startRig(directory, () => fail('backend_rejected')(), {
    dead_letter: { directory, max_size: '64KiB' },
    sending_queue: { num_consumers: 1 },
  })
  for (let i = 0; i < 8; i++) {
    void rig.give(1, {}, undefined, 20_000)
    await until('the end', () => rig.account.queued === 0)
  }
  const { meter } = rig.settings
  assert.deepEqual(
    (await lettersIn(directory)).map(({ payload }) => numbersIn(payload)),
    [[5], [6], [7]],
  )
  assert.equal(meter.value('remora_dead_letters_lost_items', { reason: 'oldest_removed' }), 5)
  assert.ok(meter.value('remora_dead_letters_bytes') <= 64 * 1024)
})

suite('the configuration', () => {
  const rows = [
    { dead_letter: {} },
    { dead_letter: { directory: '/x', storage: 'file_storage' } },
    { dead_letter: { directory: '/x', max_size: '1kB' } },
    { dead_letter: { directory: '' } },
  ]
  for (const row of rows) {
    test(`${JSON.stringify(row)} is refused`, () => {
      assert.equal(v.safeParse(schema, row).success, false)
    })
  }
})
