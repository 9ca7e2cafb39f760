import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { DeliveryError } from '../../src/errors/delivery-error.ts'
import { PipelineEntry } from '../../src/pipeline/entry.ts'
import type { Consumer, ReceiveContext } from '../../src/signal/consumer.ts'
import { PipelineLedger } from '../../src/signal/ledger.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { numberedLogs } from '../support/numbered-logs.ts'
import { checksum } from '../support/recording-intake.ts'
import { assertMetricsDeclared, casesOf, createInstance } from './cases.ts'

const contexts: readonly ReceiveContext[] = [
  { until: 'accepted', onFull: 'refuse' },
  { until: 'delivered', onFull: 'wait' },
]

/** Those that send have a closed port as their backend; those that write have a directory. */
suite('every exporter keeps the account, with a backend that is not there', () => {
  for (const one of casesOf('exporter')) {
    for (const context of contexts) {
      test(`${one.name}, until ${context.until}`, { timeout: 20_000 }, async () => {
        const instance = createInstance(one)
        const exporter = instance.component as typeof instance.component & Consumer
        const ledger = new PipelineLedger('logs', 'logs')
        ledger.exporter(instance.settings.id)
        const entry = new PipelineEntry(exporter, {
          ledger,
          clock: new FakeClock(),
          latency: { record: () => {} },
          onBug: (error) => assert.fail(error as Error),
        })
        await exporter.start()
        const batches = Array.from({ length: 20 }, (_, index) => numberedLogs(index * 10, 10))
        const before = batches.map((batch) => checksum(batch))
        const outcomes = batches.map((batch) => entry.consume(batch, context))
        const settled = Promise.allSettled(outcomes)
        assert.equal(ledger.imbalance(instance.settings.id), 0, 'while it is running')
        await Promise.race([settled, delay(100)])
        assert.equal(ledger.imbalance(instance.settings.id), 0, 'after the first tries')
        // The time for the stop is short: what is left has to be accounted for.
        await exporter.stop(AbortSignal.timeout(200))
        for (const outcome of await settled) {
          if (outcome.status === 'fulfilled') continue
          assert.ok(outcome.reason instanceof DeliveryError, String(outcome.reason))
        }
        assert.deepEqual(
          batches.map((batch) => checksum(batch)),
          before,
          'the bytes were written into',
        )
        assert.equal(ledger.imbalance(instance.settings.id), 0, 'after the stop')
        assert.equal(ledger.exporter(instance.settings.id).queued, 0, 'something is still held')
        assertMetricsDeclared(instance, one)
        instance.clean()
      })
    }
  }
})
