import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { FakeClock, settle } from '../../test/support/fake-clock.ts'
import { DeliveryError } from '../errors/delivery-error.ts'
import { Batch } from '../signal/batch.ts'
import type { ConsumeContext, Consumer, ReceiveContext } from '../signal/consumer.ts'
import { PipelineLedger } from '../signal/ledger.ts'
import { PipelineEntry } from './entry.ts'
import { FanOut, IntakeFanOut } from './fanout.ts'

const outcomes = [
  'delivered',
  'queued',
  'dropped',
  'full',
  'limited',
  'permanent',
  'accounted',
  'throws',
  'bug',
] as const
type Outcome = (typeof outcomes)[number]

const items = 7
const batch = new Batch('logs', [Uint8Array.of(10, 0)], items)
const context: ReceiveContext = { until: 'accepted', onFull: 'refuse' }
// One instance for all calls: the fan-out must not mark an error that others may see.
const full = new DeliveryError('queue_full', 'full', { retryAfterMs: 100 })
const limited = new DeliveryError('throttled', 'slower', { retryAfterMs: 900 })

/** An exporter that does to the batch and to its account what the contract says for this outcome. */
function exporter(id: string, outcome: Outcome): Consumer {
  return {
    consume(given: Batch, { ledger }: ConsumeContext): Promise<void> {
      const own = ledger.exporter(id)
      switch (outcome) {
        case 'delivered':
          own.delivered += given.itemCount
          return Promise.resolve()
        case 'queued':
          own.queued += given.itemCount
          return Promise.resolve()
        case 'dropped':
          own.dropped('partial_success', given.itemCount)
          return Promise.resolve()
        case 'full':
          return Promise.reject(full)
        case 'limited':
          return Promise.reject(limited)
        case 'permanent':
          return Promise.reject(new DeliveryError('backend_rejected', 'no'))
        case 'accounted': {
          own.dropped('too_large', given.itemCount)
          const error = new DeliveryError('too_large', 'too large')
          error.accounted = true
          return Promise.reject(error)
        }
        case 'throws':
          throw new TypeError('broken')
        case 'bug':
          return Promise.reject(new TypeError('broken'))
      }
    },
  }
}

/** One branch that answers at once, and one that holds the batch until it is released. */
function heldRun(first: Outcome, slow: Outcome) {
  const ledger = new PipelineLedger('logs', 'logs')
  const gate = Promise.withResolvers<void>()
  const held: Consumer = {
    consume: async (given, at) => {
      at.ledger.exporter('slow').queued += given.itemCount
      await gate.promise
      at.ledger.exporter('slow').queued -= given.itemCount
      await exporter('slow', slow).consume(given, at)
    },
  }
  const fanOut = new FanOut(
    [
      { exporter: 'quick', consumer: exporter('quick', first) },
      { exporter: 'slow', consumer: held },
    ],
    { clock: new FakeClock(), onBug: () => {} },
  )
  const entry = new PipelineEntry(fanOut, {
    ledger,
    clock: new FakeClock(),
    latency: { record: () => {} },
    onBug: () => {},
  })
  const done = entry.consume(batch, context).catch(() => {})
  return { ledger, release: () => gate.resolve(), done }
}

const failing: readonly Outcome[] = ['full', 'limited', 'permanent', 'accounted', 'throws', 'bug']
const codeOf: Partial<Record<Outcome, string>> = {
  full: 'queue_full',
  limited: 'throttled',
  permanent: 'backend_rejected',
  accounted: 'too_large',
  throws: 'internal',
  bug: 'internal',
}

interface Run {
  readonly ledger: PipelineLedger
  readonly error: DeliveryError | undefined
  readonly bugs: unknown[]
}

async function run(branches: readonly Outcome[]): Promise<Run> {
  const ledger = new PipelineLedger('logs', 'logs')
  const bugs: unknown[] = []
  const ends = branches.map((outcome, index) => {
    return { exporter: String(index), consumer: exporter(String(index), outcome) }
  })
  const [only] = ends
  const next =
    ends.length === 1 && only !== undefined
      ? only.consumer
      : new FanOut(ends, { clock: new FakeClock(), onBug: (error) => bugs.push(error) })
  const entry = new PipelineEntry(next, {
    ledger,
    clock: new FakeClock(),
    latency: { record: () => {} },
    onBug: (error) => bugs.push(error),
  })
  try {
    await entry.consume(batch, context)
    return { ledger, error: undefined, bugs }
  } catch (error) {
    return { ledger, error: DeliveryError.from(error), bugs }
  }
}

function combinations(length: number): Outcome[][] {
  if (length === 0) return [[]]
  return combinations(length - 1).flatMap((rest) => outcomes.map((outcome) => [...rest, outcome]))
}

/** What the caller must get, found out from the table of the contract and not from the code. */
function wantedCode(branches: readonly Outcome[]): string | undefined {
  if (branches.includes('limited')) return 'throttled'
  if (branches.includes('full')) return 'queue_full'
  const first = branches.find((outcome) => failing.includes(outcome))
  return first === undefined ? undefined : codeOf[first]
}

suite('the ledger balances for each exporter', () => {
  for (const length of [1, 2, 3]) {
    test(`in every combination of ${length}`, async () => {
      for (const branches of combinations(length)) {
        const { ledger, error, bugs } = await run(branches)
        const title = branches.join(' + ')
        assert.equal(ledger.received, items, title)
        for (const index of branches.keys()) {
          assert.equal(ledger.imbalance(String(index)), 0, `${title}: exporter ${index}`)
        }
        assert.equal(error?.code, wantedCode(branches), title)
        const broken = branches.filter((one) => one === 'throws' || one === 'bug')
        assert.equal(bugs.length, broken.length, `${title}: bugs reported`)
      }
      assert.equal(full.accounted, false, 'a shared error was marked')
    })
  }
})

suite('FanOut', () => {
  test('counts a batch that nobody took once, in the account of the pipeline', async () => {
    const { ledger, error } = await run(['full', 'permanent'])
    assert.deepEqual([...ledger.rejectedByReason], [['queue_full', items]])
    assert.equal(ledger.exporter('0').rejectedByReason.size, 0)
    assert.equal(error?.accounted, false)
  })

  test('counts at each failing exporter, with its own reason, when another took the batch', async () => {
    const { ledger, error } = await run(['permanent', 'delivered', 'full'])
    assert.equal(ledger.rejectedByReason.size, 0)
    assert.deepEqual([...ledger.exporter('0').rejectedByReason], [['backend_rejected', items]])
    assert.deepEqual([...ledger.exporter('2').rejectedByReason], [['queue_full', items]])
    assert.equal(error?.accounted, true)
    assert.equal(error?.retry, 'backoff')
    assert.equal(error?.retryAfterMs, 100)
  })

  test('has a refusal in the ledger while another branch is still busy', async () => {
    const ends = [
      { first: 'delivered', slow: ['delivered', 'full'] },
      { first: 'full', slow: ['delivered', 'full', 'permanent'] },
      { first: 'permanent', slow: ['delivered', 'full', 'dropped'] },
      { first: 'accounted', slow: ['delivered', 'full'] },
      { first: 'throws', slow: ['delivered', 'throws'] },
    ] as const
    for (const { first, slow } of ends) {
      for (const end of slow) {
        const { ledger, release, done } = heldRun(first, end)
        for (let sample = 0; sample < 5; sample++) {
          await settle()
          for (const id of ['quick', 'slow']) {
            assert.equal(ledger.imbalance(id), 0, `${first} + ${end}, during: ${id}`)
          }
        }
        release()
        await done
        for (const [id, account] of ledger.exporters) {
          assert.equal(ledger.imbalance(id), 0, `${first} + ${end}, after: ${id}`)
          assert.equal(account.queued, 0, `${first} + ${end}, after: ${id} holds nothing`)
        }
      }
    }
  })

  test('gives the same batch to each, by reference', async () => {
    const seen: Batch[] = []
    const spy: Consumer = {
      consume: (given) => {
        seen.push(given)
        return Promise.resolve()
      },
    }
    const fanOut = new FanOut(
      [
        { exporter: 'a', consumer: spy },
        { exporter: 'b', consumer: spy },
      ],
      { clock: new FakeClock(), onBug: () => {} },
    )
    await fanOut.consume(batch, { ...context, ledger: new PipelineLedger('logs', 'logs') })
    assert.equal(seen.length, 2)
    assert.ok(seen.every((given) => given === batch))
  })
})

/** A healthy branch, and one that answers with these, the last of them for ever. */
function persistentRun(answers: readonly Outcome[], over: Partial<ReceiveContext>) {
  const ledger = new PipelineLedger('logs', 'logs')
  const clock = new FakeClock()
  const calls = { good: 0, bad: 0 }
  const fanOut = new FanOut(
    [
      {
        exporter: 'good',
        consumer: {
          consume: (given, at) => {
            calls.good++
            return exporter('good', 'delivered').consume(given, at)
          },
        },
      },
      {
        exporter: 'bad',
        consumer: {
          consume: (given, at) => {
            const answer = answers[Math.min(calls.bad++, answers.length - 1)] as Outcome
            return exporter('bad', answer).consume(given, at)
          },
        },
      },
    ],
    { clock, onBug: () => {} },
  )
  const entry = new PipelineEntry(fanOut, {
    ledger,
    clock,
    latency: { record: () => {} },
    onBug: () => {},
  })
  let answer: string | undefined
  let error: DeliveryError | undefined
  const done = entry.consume(batch, { ...context, ...over }).then(
    () => {
      answer = 'ok'
    },
    (thrown: unknown) => {
      error = DeliveryError.from(thrown)
      answer = error.code
    },
  )
  const balances = (): void => {
    for (const id of ['good', 'bad']) assert.equal(ledger.imbalance(id), 0, id)
  }
  return { ledger, clock, calls, fanOut, done, balances, answer: () => answer, error: () => error }
}

suite('a branch that fails beside a healthy one', () => {
  const waiting: readonly Partial<ReceiveContext>[] = [{ onFull: 'wait' }, { until: 'delivered' }]
  for (const over of waiting) {
    test(`alone is offered the batch again, for a caller with ${JSON.stringify(over)}`, async () => {
      const rig = persistentRun(['full', 'full', 'full', 'delivered'], over)
      for (const want of [1, 2, 3]) {
        await settle()
        assert.deepEqual([rig.calls, rig.answer()], [{ good: 1, bad: want }, undefined])
        assert.equal(rig.ledger.exporter('bad').queued, items)
        rig.balances()
        await rig.clock.advance(rig.clock.nextMs ?? 0)
      }
      await rig.done
      assert.deepEqual([rig.calls, rig.answer()], [{ good: 1, bad: 4 }, 'ok'])
      assert.equal(rig.ledger.received, items)
      assert.equal(rig.ledger.exporter('bad').delivered, items)
      rig.balances()
    })
  }

  const endings: readonly Outcome[] = ['permanent', 'accounted', 'throws']
  for (const ending of endings) {
    test(`is given up when its refusal is for good (${ending})`, async () => {
      const rig = persistentRun(['full', ending], { onFull: 'wait' })
      await rig.clock.advance(1000)
      await rig.done
      assert.deepEqual([rig.calls, rig.answer()], [{ good: 1, bad: 2 }, codeOf[ending]])
      assert.deepEqual([rig.error()?.accounted, rig.error()?.retry], [true, 'never'])
      assert.equal(rig.clock.pending, 0)
      rig.balances()
    })
  }

  test('is not waited for by a sender that is told to come again', async () => {
    const rig = persistentRun(['full'], {})
    await rig.done
    assert.deepEqual([rig.calls, rig.answer()], [{ good: 1, bad: 1 }, 'queue_full'])
  })

  test('leaves the caller its data when the time to stop is over', async () => {
    const rig = persistentRun(['full'], { until: 'delivered' })
    await settle()
    const controller = new AbortController()
    const stopped = rig.fanOut.stop(controller.signal)
    await rig.clock.advance(3000)
    assert.equal(rig.answer(), undefined)
    assert.ok(rig.calls.bad >= 4, 'it is tried at least each second')
    controller.abort()
    await stopped
    await rig.done
    assert.deepEqual([rig.calls.good, rig.answer()], [1, 'stopping'])
    assert.deepEqual([rig.error()?.accounted, rig.error()?.retry], [true, 'backoff'])
    assert.deepEqual([...rig.ledger.exporter('bad').rejectedByReason], [['stopping', items]])
    assert.equal(rig.clock.pending, 0)
    rig.balances()
  })

  test('that is stopped already is not tried again', async () => {
    const rig = persistentRun(['full'], { onFull: 'wait' })
    const stopped = rig.fanOut.stop(AbortSignal.abort())
    await stopped
    await rig.done
    assert.deepEqual([rig.calls, rig.answer()], [{ good: 1, bad: 1 }, 'stopping'])
    assert.equal(rig.clock.pending, 0)
    rig.balances()
  })
})

suite('IntakeFanOut', () => {
  test('lets each pipeline keep its own account and asks for a retry if one can be', async () => {
    const a = new PipelineLedger('logs/a', 'logs')
    const b = new PipelineLedger('logs/b', 'logs')
    const entryOf = (ledger: PipelineLedger, outcome: Outcome): PipelineEntry =>
      new PipelineEntry(exporter('x', outcome), {
        ledger,
        clock: new FakeClock(),
        latency: { record: () => {} },
        onBug: () => {},
      })
    const both = new IntakeFanOut([entryOf(a, 'delivered'), entryOf(b, 'full')])
    both.dropped('parse_failed', 2)
    for (const ledger of [a, b]) {
      assert.deepEqual([ledger.received, ...ledger.droppedByReason], [2, ['parse_failed', 2]])
    }
    await assert.rejects(both.consume(batch, context), { code: 'queue_full', retry: 'backoff' })
    assert.equal(a.imbalance('x'), 0)
    assert.equal(a.exporter('x').delivered, items)
    assert.equal(b.imbalance('x'), 0)
    assert.deepEqual([...b.rejectedByReason], [['queue_full', items]])
  })
})

suite('PipelineEntry', () => {
  test('passes the promise of the next consumer through', () => {
    const promise = Promise.resolve()
    const entry = new PipelineEntry(
      { consume: () => promise },
      {
        ledger: new PipelineLedger('logs', 'logs'),
        clock: new FakeClock(),
        latency: { record: () => {} },
        onBug: () => {},
      },
    )
    assert.equal(entry.consume(batch, context), promise)
  })

  test('counts a refusal before the caller learns of it', async () => {
    const ledger = new PipelineLedger('logs', 'logs')
    const entry = new PipelineEntry(exporter('x', 'full'), {
      ledger,
      clock: new FakeClock(),
      latency: { record: () => {} },
      onBug: () => {},
    })
    let seen: number | undefined
    await entry.consume(batch, context).catch(() => {
      seen = ledger.imbalance('x')
    })
    assert.equal(seen, 0)
  })

  test('records the time until the batch is safe', async () => {
    const clock = new FakeClock()
    const recorded: number[] = []
    let accept = (): void => {}
    const entry = new PipelineEntry(
      {
        consume: () =>
          new Promise((resolve) => {
            accept = resolve
          }),
      },
      {
        ledger: new PipelineLedger('logs', 'logs'),
        clock,
        latency: { record: (value) => recorded.push(value) },
        onBug: () => {},
      },
    )
    const done = entry.consume(batch, context)
    await clock.advance(250)
    accept()
    await done
    assert.deepEqual(recorded, [0.25])
  })

  test('reports what is no DeliveryError as a bug, and gives the caller one all the same', async () => {
    const { error, bugs } = await run(['throws'])
    assert.equal(error?.code, 'internal')
    assert.equal(bugs.length, 1)
  })
})
