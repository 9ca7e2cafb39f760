import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Status } from '../component/telemetry.ts'
import { DeliveryError } from '../errors/delivery-error.ts'
import { Health } from './health.ts'

const away = new DeliveryError('unavailable', 'HTTP 503')
const diskFull = new DeliveryError('write_failed', 'ENOSPC')
const noToken = new DeliveryError('unauthenticated', 'HTTP 401')

/** The codes that a status names, in order. */
function codesIn(status: Status | undefined): string[] {
  const reason = status !== undefined && 'reason' in status ? (status.reason ?? '') : ''
  return [...reason.matchAll(/\b([a-z]+(?:_[a-z]+)*): /g)].map((match) => match[1] as string)
}

function newHealth(): { health: Health; last: () => Status | undefined } {
  const statuses: Status[] = []
  return { health: new Health((status) => statuses.push(status)), last: () => statuses.at(-1) }
}

test('a disk that takes nothing is told before a backend that is away, whichever came first', () => {
  const { health, last } = newHealth()
  health.failed('logs', away)
  health.circuitOpened('logs')
  health.storageFailed('logs', diskFull)
  assert.deepEqual(codesIn(last()), ['write_failed', 'unavailable'])
  assert.match(JSON.stringify(last()), /recoverable_error.*circuit breaker is open/)
  health.storageSucceeded('logs')
  assert.deepEqual(codesIn(last()), ['unavailable'])
  health.succeeded('logs')
  assert.deepEqual(last(), { state: 'ok' })
})

test('what all signals suffer from is told once', () => {
  const { health, last } = newHealth()
  health.failed('logs', away)
  health.failed('traces', away)
  assert.deepEqual(codesIn(last()), ['unavailable'])
  health.succeeded('logs')
  assert.deepEqual(codesIn(last()), ['unavailable'])
})

test('wrong credentials come first: they do not heal by waiting', () => {
  const { health, last } = newHealth()
  health.failed('logs', away)
  health.storageFailed('logs', diskFull)
  health.failed('traces', noToken)
  assert.equal(last()?.state, 'permanent_error')
  assert.deepEqual(codesIn(last()), ['unauthenticated', 'write_failed', 'unavailable'])
})
