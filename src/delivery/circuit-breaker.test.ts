import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { fail, hang, type Input, ok, Rig, schema } from '../../test/support/delivery-rig.ts'
import { FakeClock, settle } from '../../test/support/fake-clock.ts'
import { DeliveryError } from '../errors/delivery-error.ts'
import { CircuitBreaker } from './circuit-breaker.ts'
import type { CircuitBreakerConfig } from './schema.ts'
import { fullSuccess, type SendOutcome } from './send.ts'

function configOf(breaker: NonNullable<Input['circuit_breaker']>): CircuitBreakerConfig {
  const { circuit_breaker: config } = v.parse(schema, { circuit_breaker: breaker })
  assert.ok(config)
  return config
}

/**
 * `.` an attempt that succeeds, `x` one that fails, `?` one that is refused by the breaker, `>` ten seconds pass (open
 * lasts ten), `(` an attempt begins, `)` it succeeds, `]` it fails.
 */
suite('the circuit breaker', () => {
  const rows: readonly {
    name: string
    config?: NonNullable<Input['circuit_breaker']>
    steps: string
    want: string
  }[] = [
    { name: 'stays closed', steps: '..x.xx.xx.', want: 'closed' },
    { name: 'opens after failures in a row', steps: '.xxx', want: 'open' },
    { name: 'lets nothing through while it is open', steps: 'xxx????', want: 'open' },
    { name: 'probes after open_duration', steps: 'xxx>', want: 'half_open' },
    { name: 'lets one probe through at a time', steps: 'xxx>(???', want: 'half_open' },
    { name: 'closes when the probe succeeds', steps: 'xxx>.', want: 'closed' },
    { name: 'opens again when the probe fails', steps: 'xxx>x?>x?>.', want: 'closed' },
    { name: 'counts anew after it has closed', steps: 'xxx>.xx', want: 'closed' },
    { name: 'does not listen to attempts of before', steps: '(xxx)?', want: 'open' },
    { name: 'takes no late success for that of the probe', steps: '(xxx>)', want: 'half_open' },
    { name: 'takes no late failure for that of the probe', steps: '(xxx>]', want: 'half_open' },
    {
      name: 'asks for as many probes as configured',
      config: { half_open_requests: 3 },
      steps: 'xxx>..',
      want: 'half_open',
    },
    {
      name: 'closes when all of them succeed',
      config: { half_open_requests: 3 },
      steps: 'xxx>...',
      want: 'closed',
    },
    {
      name: 'opens by the share of failures',
      config: { failure_threshold: 100, failure_ratio: 0.5, sample_size: 4 },
      steps: '.x.x',
      want: 'open',
    },
    {
      name: 'judges no share before the sample is whole',
      config: { failure_threshold: 100, failure_ratio: 0.5, sample_size: 4 },
      steps: 'xxx',
      want: 'closed',
    },
    {
      name: 'forgets what is older than the sample',
      config: { failure_threshold: 100, failure_ratio: 0.5, sample_size: 4 },
      steps: '...x...x...x',
      want: 'closed',
    },
  ]
  for (const { name, config, steps, want } of rows) {
    test(`${name}: ${steps}`, async () => {
      const clock = new FakeClock()
      const changes: string[] = []
      const settings = configOf({ failure_threshold: 3, open_duration: '10s', ...config })
      const breaker = new CircuitBreaker(settings, clock, (state) => changes.push(state))
      const open: number[] = []
      const enter = (): number => {
        const pass = breaker.enter()
        assert.ok(pass !== undefined, `refused after ${changes.join(' ')}`)
        return pass
      }
      for (const step of steps) {
        if (step === '.') breaker.succeeded(enter())
        else if (step === 'x') breaker.failed(enter())
        else if (step === '?') assert.equal(breaker.enter(), undefined)
        else if (step === '(') open.push(enter())
        else if (step === ')') breaker.succeeded(open.shift() as number)
        else if (step === ']') breaker.failed(open.shift() as number)
        else await clock.advance(10_000)
      }
      assert.equal(breaker.state, want)
      assert.equal(breaker.hasRoom, breaker.enter() !== undefined)
      breaker.close()
      assert.equal(clock.pending, 0)
    })
  }

  test('waits as long as the backend asks, but not for years', async () => {
    const clock = new FakeClock()
    const config = configOf({ failure_threshold: 1, open_duration: '10s' })
    const breaker = new CircuitBreaker(config, clock, () => {})
    const [late, first] = [breaker.enter() as number, breaker.enter() as number]
    breaker.failed(first, 30_000)
    await clock.advance(29_999)
    assert.equal(breaker.state, 'open')
    breaker.failed(late, 1e12)
    await clock.advance(3_599_999)
    assert.equal(breaker.state, 'open')
    await clock.advance(1)
    assert.equal(breaker.state, 'half_open')
  })
})

suite('delivery behind a circuit breaker', () => {
  const config: Input = {
    circuit_breaker: { failure_threshold: 3, open_duration: '10s' },
    retry_on_failure: { initial_interval: '100ms', max_interval: '200ms', max_elapsed_time: '0s' },
    sending_queue: { num_consumers: 4 },
  }
  const stateOf = (rig: Rig): number =>
    rig.settings.meter.value('remora_exporter_circuit_state', { data_type: 'logs' })

  test('sends one probe at a time to a dead backend, and everything once it is back', async () => {
    let down = true
    const rig = new Rig(config, () => (down ? fail('unavailable')() : ok()))
    for (let i = 0; i < 20; i++) void rig.give(10)
    await rig.advance(1000)
    const before = rig.requests.length
    assert.ok(before <= 4, `${before} requests`)
    assert.equal(stateOf(rig), 2)
    assert.equal(rig.clock.pending, 1, 'all wait with one timer')
    const status = rig.settings.statuses.at(-1)
    assert.match(JSON.stringify(status), /recoverable_error.*unavailable.*circuit breaker is open/)
    await rig.advance(60_000, 1000)
    assert.equal(rig.requests.length - before, 6, 'a probe each ten seconds')
    assert.equal(rig.account.queued, 200)
    down = false
    await rig.advance(10_000, 1000)
    assert.deepEqual([rig.account.delivered, stateOf(rig)], [200, 0])
    assert.equal(rig.settings.statuses.at(-1)?.state, 'ok')
    await rig.stop(0)
  })

  test('tells of no open circuit once a probe was answered, be it with a refusal', async () => {
    let down = true
    const rig = new Rig(config, () => fail(down ? 'unavailable' : 'backend_rejected')())
    for (let i = 0; i < 5; i++) void rig.give(10)
    await rig.advance(1000)
    down = false
    await rig.advance(20_000, 1000)
    assert.equal(stateOf(rig), 0)
    const status = JSON.stringify(rig.settings.statuses.at(-1))
    assert.match(status, /backend_rejected/)
    assert.doesNotMatch(status, /circuit/)
    await rig.stop(0)
  })

  test('keeps the order with one consumer', async () => {
    let left = 5
    const rig = new Rig({ ...config, sending_queue: { num_consumers: 1 } }, () =>
      left-- > 0 ? fail('unavailable')() : ok(),
    )
    for (let i = 0; i < 5; i++) void rig.give(3)
    await rig.advance(40_000, 500)
    assert.deepEqual(
      rig.taken,
      Array.from({ length: 15 }, (_, n) => n),
    )
  })

  const answers: readonly { name: string; backend: () => Promise<SendOutcome>; want: number }[] = [
    { name: 'a refusal of the data', backend: fail('backend_rejected'), want: 0 },
    { name: 'a request that is too large', backend: fail('too_large'), want: 0 },
    { name: 'no answer', backend: hang, want: 2 },
    { name: 'a call to slow down', backend: fail('throttled'), want: 2 },
  ]
  for (const { name, backend, want } of answers) {
    test(`${name} is ${want === 2 ? 'a failure' : 'an answer'}`, async () => {
      const rig = new Rig({ ...config, timeout: '100ms' }, backend)
      for (let i = 0; i < 20; i++) void rig.give(1)
      await rig.advance(1000)
      assert.equal(stateOf(rig), want)
    })
  }

  test('a stop finds a backend that comes back, and leaves no timer', async () => {
    let down = true
    const rig = new Rig(config, () => (down ? fail('unavailable')() : ok()))
    for (let i = 0; i < 20; i++) void rig.give(10)
    await rig.advance(1000)
    rig.clock.after(3000, () => {
      down = false
    })
    await rig.stop(10_000)
    assert.equal(rig.account.delivered, 200)
  })

  test('a stop that is out of time accounts for what was parked', async () => {
    const rig = new Rig(config, fail('unavailable'))
    for (let i = 0; i < 20; i++) void rig.give(10)
    await rig.advance(1000)
    await rig.stop(500)
    assert.deepEqual(rig.dropped, { shutdown: 200 })
  })

  test('the wait that a backend asks for holds for all', async () => {
    let asked = false
    const rig = new Rig(config, () => {
      if (asked) return ok()
      return Promise.reject(new DeliveryError('throttled', 'slow', { retryAfterMs: 40_000 }))
    })
    for (let i = 0; i < 20; i++) void rig.give(10)
    await settle()
    asked = true
    await rig.advance(39_500, 500)
    assert.equal(rig.account.delivered, 0)
    await rig.advance(1000)
    assert.equal(rig.account.delivered, 200)
  })

  test('those that wait for a probe have not paid the rate limit for it', async () => {
    const went: number[] = []
    const rig = new Rig(
      {
        ...config,
        circuit_breaker: { failure_threshold: 1, open_duration: '500ms' },
        rate_limit: { items_per_second: 10, burst: 10 },
      },
      () => {
        if (went.push(rig.clock.monotonicMs()) === 1) return fail('unavailable')()
        return new Promise((resolve) => rig.clock.after(3000, () => resolve(fullSuccess)))
      },
    )
    for (let i = 0; i < 4; i++) void rig.give(10)
    await rig.advance(750)
    assert.equal(rig.settings.meter.value('remora_exporter_rate_limit_waiting'), 1, 'the probe')
    await rig.advance(9000)
    // The first one again as the probe; once that is answered, one each second.
    assert.deepEqual(went, [0, 1000, 4000, 5000, 6000])
    await rig.stop(0)
  })

  test('a probe that waits for the rate limit goes out also while remora stops', async () => {
    let down = true
    const rig = new Rig(
      {
        ...config,
        circuit_breaker: { failure_threshold: 1, open_duration: '500ms' },
        rate_limit: { items_per_second: 10, burst: 10 },
      },
      () => (down ? fail('unavailable')() : ok()),
    )
    for (let i = 0; i < 4; i++) void rig.give(10)
    await rig.advance(750)
    down = false
    await rig.stop(10_000)
    assert.equal(rig.account.delivered, 40)
  })
})
