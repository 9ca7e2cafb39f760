import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { sum } from '../support/ledger-page.ts'
import { numberedLogs } from '../support/numbered-logs.ts'
import { sendHttp } from '../support/otlp-sender.ts'
import { OtlpSink } from '../support/otlp-sink.ts'
import { startRemora, temporaryDirectory, until } from '../support/remora-process.ts'

function configOf(httpPort: number, sink: OtlpSink, storage: string, exporter = ''): string {
  return `
receivers:
  otlp: { protocols: { http: { endpoint: "127.0.0.1:${httpPort}" } } }
extensions:
  file_storage: { directory: "${storage}", max_size: 8MiB }
exporters:
  otlp_grpc:
    endpoint: "127.0.0.1:${sink.grpcPort}"
    tls: { insecure: true }
    timeout: 1s
    retry_on_failure: { initial_interval: 50ms, max_interval: 200ms, max_elapsed_time: 1s }
    sending_queue: { storage: file_storage, batch: { flush_timeout: 20ms } }
    ${exporter}
service:
  extensions: [file_storage]
  pipelines:
    logs: { receivers: [otlp], exporters: [otlp_grpc] }
`
}

async function setup(t: TestContext, directory?: string) {
  const sink = await OtlpSink.start()
  t.after(() => sink.kill())
  const httpPort = await freePort()
  const storage = directory ?? (await temporaryDirectory(t))
  const start = (exporter = '') => startRemora(t, configOf(httpPort, sink, storage, exporter))
  let sent = 0
  const send = async (requests: number): Promise<void> => {
    for (let i = 0; i < requests; i++) {
      const { status } = await sendHttp(httpPort, 'logs', numberedLogs(sent, 10).bytes())
      assert.equal(status, 200)
      sent += 10
    }
  }
  return { sink, start, send, sent: () => sent, httpPort }
}

/** A file system of a MiB; undefined, and the test skipped, where none can be mounted. */
async function mountSmall(t: TestContext): Promise<string | undefined> {
  const small = await mkdtemp(join(tmpdir(), 'remora-full-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small])
  t.after(async () => {
    spawnSync('umount', ['-l', small])
    await rm(small, { recursive: true, force: true })
  })
  if (mounted.status === 0) return small
  t.skip(`a small file system cannot be mounted here: ${String(mounted.stderr)}`)
  return undefined
}

suite('a disk queue of the real process', () => {
  test('loses nothing that was answered to kill -9 with the backend away', async (t) => {
    const { sink, start, send, sent } = await setup(t)
    for (let round = 0; round < 3; round++) {
      await sink.kill()
      const remora = await start()
      await send(20)
      const [account] = await remora.accounts()
      assert.equal(account?.queued, sent())
      remora.child.kill('SIGKILL')
      await remora.exited
      await sink.listen()
    }
    const remora = await start()
    await until('everything', () => sink.arrivals().size === sent())
    const [account] = await remora.stop()
    assert.deepEqual([account?.received, account?.delivered], [sent(), sent()])
    assert.deepEqual(new Set(sink.arrivals().values()), new Set([1]))
  })

  test('D8: keeps everything over a SIGTERM with the backend away, and exits at once', async (t) => {
    const { sink, start, send, sent } = await setup(t)
    sink.mode = 'unavailable'
    const first = await start()
    await send(10)
    const startedMs = performance.now()
    const [left] = await first.stop({ queued: sent() })
    assert.ok(performance.now() - startedMs < 3000, 'the stop waited for the backend')
    assert.deepEqual([left?.dropped, left?.delivered], [{}, 0])
    sink.mode = 'accept'
    const second = await start()
    await until('everything', () => sink.arrivals().size === sent())
    const [account] = await second.stop()
    assert.equal(account?.delivered, sent())
  })

  test('waits longer than max_elapsed_time for what is on the disk', async (t) => {
    const { sink, start, send, sent } = await setup(t)
    sink.mode = 'unavailable'
    const remora = await start('circuit_breaker: { failure_threshold: 3, open_duration: 300ms }')
    await send(10)
    await new Promise((resolve) => setTimeout(resolve, 1500))
    sink.mode = 'accept'
    await until('everything', () => sink.arrivals().size === sent())
    const [account] = await remora.stop()
    assert.equal(sum(account?.dropped ?? {}), 0)
  })

  test('D11: lives through a full disk, and goes on when there is space again', async (t) => {
    const small = await mountSmall(t)
    if (small === undefined) return
    const { sink, start, send, sent, httpPort } = await setup(t, small)
    sink.mode = 'unavailable'
    const remora = await start()
    let refused = 0
    for (let number = 1e6; refused < 5; number++) {
      const { status } = await sendHttp(httpPort, 'logs', numberedLogs(number, 1, 50_000).bytes())
      assert.ok(status === 200 || status === 429 || status === 503, `status ${status}`)
      if (status !== 200) refused++
    }
    const taken = (await remora.accounts())[0]?.queued ?? 0
    assert.ok(taken > 5)
    const page = await fetch(`http://127.0.0.1:${remora.metricsPort}/metrics`)
    const states = /exporter:otlp_grpc",state="recoverable_error"\} 1/
    assert.match(await page.text(), states)
    assert.match(remora.stderr, /cannot write to the disk queue/)
    sink.mode = 'accept'
    await until('what was taken', () => sink.arrivals().size === taken)
    await until('room', async () => {
      const { status } = await sendHttp(httpPort, 'logs', numberedLogs(5e6, 1).bytes())
      return status === 200
    })
    await send(5)
    await until('the rest', () => sink.arrivals().size === taken + 1 + sent())
    const [account] = await remora.stop()
    assert.deepEqual(account?.dropped, {})
    assert.equal(account?.delivered, taken + 1 + sent())
  })

  test('D11: starts on a full disk, and delivers what is there', async (t) => {
    const small = await mountSmall(t)
    if (small === undefined) return
    const { sink, start, send, sent } = await setup(t, small)
    sink.mode = 'unavailable'
    const first = await start()
    await send(10)
    first.child.kill('SIGKILL')
    await first.exited
    await assert.rejects(writeFile(join(small, 'fill'), Buffer.alloc(2 * 1024 * 1024)), {
      code: 'ENOSPC',
    })
    const second = await start()
    sink.mode = 'accept'
    await until('everything', () => sink.arrivals().size === sent())
    const [account] = await second.stop()
    assert.deepEqual([account?.delivered, account?.dropped], [sent(), {}])
  })

  test('D17: a second process on the directory refuses to start', async (t) => {
    const { start } = await setup(t)
    await start()
    await assert.rejects(start(), /cannot start extension.*file_storage.*uses it/s)
  })
})
