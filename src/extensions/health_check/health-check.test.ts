import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { suite, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { FakeClock } from '../../../test/support/fake-clock.ts'
import { testSettings } from '../../../test/support/settings.ts'
import type { Status, TimedStatus } from '../../component/telemetry.ts'
import { healthCheck } from './definition.ts'
import { HealthCheck } from './health-check.ts'
import { judgeReadiness } from './readiness.ts'

const recoveryMs = 60_000
const ok: Status = { state: 'ok' }
const trouble: Status = { state: 'recoverable_error', reason: 'refused' }
const broken: Status = { state: 'permanent_error', reason: '401' }

suite('ready, for one component among others that are ok', () => {
  const rows: readonly { status: Status; forMs: number; ready: boolean }[] = [
    { status: { state: 'starting' }, forMs: 0, ready: false },
    { status: ok, forMs: 0, ready: true },
    { status: ok, forMs: 1e9, ready: true },
    { status: trouble, forMs: 0, ready: true },
    { status: trouble, forMs: recoveryMs, ready: true },
    { status: trouble, forMs: recoveryMs + 1, ready: false },
    { status: broken, forMs: 0, ready: false },
    { status: { state: 'stopping' }, forMs: 0, ready: false },
    { status: { state: 'stopped' }, forMs: 0, ready: false },
  ]
  for (const { status, forMs, ready } of rows) {
    test(`${status.state} for ${forMs} ms: ${ready}`, () => {
      const nowMs = 2e9
      const statuses = new Map<string, TimedStatus>([
        ['receiver:a', { ...ok, sinceMs: 0 }],
        ['exporter:b', { ...status, sinceMs: nowMs - forMs }],
      ])
      const judged = judgeReadiness(statuses, nowMs, recoveryMs)
      assert.equal(judged.ready, ready)
      assert.equal(judged.components['exporter:b']?.blocks, !ready)
      assert.equal(judged.components['receiver:a']?.blocks, false)
    })
  }
})

async function started(t: TestContext, config: object, status: Status = ok) {
  const parsed = v.parse(healthCheck.config, { endpoint: '127.0.0.1:0', ...config })
  const statuses = new Map<string, TimedStatus>([['exporter:b', { ...status, sinceMs: 0 }]])
  const clock = new FakeClock()
  const settings = testSettings(parsed, { clock })
  const check = new HealthCheck(settings, { statuses: () => statuses })
  await check.start()
  t.after(() => check.stop())
  const get = async (path: string): Promise<{ status: number; body: string }> => {
    const response = await fetch(`http://${check.address}${path}`)
    return { status: response.status, body: await response.text() }
  }
  return { get, statuses, clock }
}

suite('health_check', () => {
  test('is live and ready when everything is ok', async (t) => {
    const { get } = await started(t, {})
    assert.deepEqual(await get('/health/live'), { status: 200, body: '{"status":"live"}\n' })
    const ready = await get('/health/ready')
    assert.equal(ready.status, 200)
    assert.deepEqual(JSON.parse(ready.body), {
      status: 'ready',
      up_since: '2026-01-01T00:00:00.000Z',
      components: { 'exporter:b': { state: 'ok', since_seconds: 0, blocks: false } },
    })
    assert.deepEqual(await get('/'), ready)
  })

  test('is live and not ready when a component needs help, and says which and why', async (t) => {
    const { get } = await started(t, {}, broken)
    assert.equal((await get('/health/live')).status, 200)
    const { status, body } = await get('/health/ready')
    assert.equal(status, 503)
    const { components } = JSON.parse(body) as { components: Record<string, unknown> }
    assert.deepEqual(components['exporter:b'], {
      state: 'permanent_error',
      reason: '401',
      since_seconds: 0,
      blocks: true,
    })
  })

  test('stops being ready when trouble lasts', async (t) => {
    const { get, clock } = await started(t, { recovery_duration: '2m' }, trouble)
    assert.equal((await get('/health/ready')).status, 200)
    await clock.advance(120_001)
    assert.equal((await get('/health/ready')).status, 503)
  })

  test('answers the path and the bodies of a collector file', async (t) => {
    const { get, statuses } = await started(t, {
      path: '/healthz',
      response_body: { healthy: 'good', unhealthy: 'bad' },
    })
    assert.deepEqual(await get('/healthz'), { status: 200, body: 'good' })
    statuses.set('exporter:b', { ...broken, sinceMs: 0 })
    assert.deepEqual(await get('/healthz'), { status: 503, body: 'bad' })
    const { status, body } = await get('/')
    assert.equal(status, 404)
    assert.match(String(body), /\/health\/live, \/health\/ready, \/healthz/)
  })

  test('serves HTTPS', async (t) => {
    const tls = (name: string): string =>
      fileURLToPath(new URL(`../../../fixtures/tls/${name}`, import.meta.url))
    const config = v.parse(healthCheck.config, {
      endpoint: '127.0.0.1:0',
      tls: { cert_file: tls('server.crt'), key_file: tls('server.key') },
    })
    const settings = testSettings(config)
    const check = new HealthCheck(settings, { statuses: () => new Map() })
    await check.start()
    t.after(() => check.stop())
    const options = { ca: readFileSync(tls('ca.crt')), servername: 'localhost' }
    const status = await new Promise((resolve, reject) => {
      get(`https://${check.address}/health/live`, options, (response) => {
        response.resume()
        resolve(response.statusCode)
      }).on('error', reject)
    })
    assert.equal(status, 200)
    await assert.rejects(fetch(`http://${check.address}/health/live`))
  })

  test('names the port that is taken', async (t) => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    t.after(() => other.close())
    const endpoint = `127.0.0.1:${(other.address() as AddressInfo).port}`
    const settings = testSettings(v.parse(healthCheck.config, { endpoint }))
    const check = new HealthCheck(settings, { statuses: () => new Map() })
    await assert.rejects(check.start(), {
      message: `cannot listen on "${endpoint}": the address is already in use`,
    })
  })
})
