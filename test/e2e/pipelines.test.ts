import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { appendFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { signals } from '../../src/signal/signal.ts'
import { freePort } from '../support/free-port.ts'
import { GrpcSender, sendHttp } from '../support/otlp-sender.ts'
import { OtlpSink } from '../support/otlp-sink.ts'
import { startRemora, temporaryDirectory, until } from '../support/remora-process.ts'
import { oracleDecode } from '../support/wire/oracle.ts'
import { wireFixture } from '../support/wire/wire-fixtures.ts'

const top = fileURLToPath(new URL('../..', import.meta.url))
const pipeline = (name: string): string => readFileSync(join(top, 'pipelines', name), 'utf8')

/** Ports that are free instead of the well-known ones. */
async function freeListeners(): Promise<{ grpcPort: number; httpPort: number; args: string[] }> {
  const [grpcPort, httpPort] = [await freePort(), await freePort()]
  const args = [
    ['receivers.otlp.protocols.grpc.endpoint', grpcPort],
    ['receivers.otlp.protocols.http.endpoint', httpPort],
    ['extensions.health_check.endpoint', await freePort()],
  ].flatMap(([key, port]) => ['--set', `${key}=127.0.0.1:${port}`])
  return { grpcPort, httpPort, args }
}

interface Value {
  readonly stringValue?: string
  readonly intValue?: string | number
}

interface Attribute {
  readonly key: string
  readonly value: Value
}

interface LogRecord {
  readonly timeUnixNano: string
  readonly severityNumber: number
  readonly severityText: string
  readonly body: Value
  readonly attributes?: readonly Attribute[]
}

interface Request {
  readonly resourceLogs?: readonly {
    readonly resource?: { readonly attributes?: readonly Attribute[] }
    readonly scopeLogs?: readonly { readonly logRecords?: readonly LogRecord[] }[]
  }[]
}

/** The records of a file of OTLP JSON, by the service that they are of. */
function readRecords(text: string): Map<string, LogRecord[]> {
  const records = new Map<string, LogRecord[]>()
  for (const line of text.split('\n').filter((one) => one.trim() !== '')) {
    for (const { resource, scopeLogs } of (JSON.parse(line) as Request).resourceLogs ?? []) {
      const service = attributeOf(resource ?? {}, 'service.name') ?? ''
      const found = (scopeLogs ?? []).flatMap(({ logRecords }) => logRecords ?? [])
      records.set(service, [...(records.get(service) ?? []), ...found])
    }
  }
  return records
}

function attributeOf(
  { attributes = [] }: { readonly attributes?: readonly Attribute[] },
  key: string,
): string | undefined {
  return attributes.find((attribute) => attribute.key === key)?.value.stringValue
}

function unixNano(time: string): string {
  return `${Date.parse(time)}000000`
}

test('every file of pipelines/ is run by a test below', () => {
  assert.deepEqual(readdirSync(join(top, 'pipelines')).sort(), [
    'exec.yaml',
    'node-logs.yaml',
    'otlp-gateway.yaml',
    // test/e2e/pii-safe-logs.test.ts
    'pii-safe-logs.yaml',
    'pod-logs.yaml',
    'quickstart.yaml',
  ])
})

suite('quickstart.yaml', () => {
  test('turns three kinds of logs and OTLP into the same kind of record', async (t) => {
    const directory = await temporaryDirectory(t)
    const file = join(directory, 'quickstart.json')
    const { grpcPort, args } = await freeListeners()
    const remora = await startRemora(t, pipeline('quickstart.yaml'), {
      args: [...args, '--set', `exporters.file.path=${file}`],
    })
    const sender = new GrpcSender(grpcPort)
    t.after(() => sender.close())
    for (const signal of signals) await sender.send(signal, wireFixture(signal).bytes)

    const read = (): Map<string, LogRecord[]> => readRecords(readFileSync(file, 'utf8'))
    const javaRecords = readFileSync(join(top, 'fixtures/demo/java.log'), 'utf8').match(
      /^\d{4}-\d\d-\d\d /gm,
    )
    await until('all records', () => {
      const found = read()
      return (
        found.get('shop-frontend')?.length === 120 &&
        found.get('shop-gateway')?.length === 150 &&
        found.get('shop-orders')?.length === javaRecords?.length
      )
    })
    const found = read()
    for (const service of ['shop-frontend', 'shop-gateway', 'shop-orders']) {
      for (const record of found.get(service) ?? []) {
        assert.ok(record.severityNumber > 0, JSON.stringify(record))
        assert.match(record.timeUnixNano, /^1772\d{15}$/)
      }
    }

    const [app] = found.get('shop-frontend') ?? []
    assert.equal(app?.timeUnixNano, unixNano('2026-03-02T08:00:00.566Z'))
    assert.equal(app?.severityNumber, 5)
    assert.equal(app?.body.stringValue, 'loaded feature flags')
    const [access] = found.get('shop-gateway') ?? []
    assert.ok(access !== undefined)
    assert.equal(access.timeUnixNano, unixNano('2026-03-02T08:00:01Z'))
    assert.equal(access.severityNumber, 13)
    assert.equal(attributeOf(access, 'http_request_method'), 'DELETE')
    assert.equal(attributeOf(access, 'http_response_status_code'), '401')
    const java = (found.get('shop-orders') ?? []).find(
      ({ severityNumber }) => severityNumber === 17,
    )
    assert.equal(java?.timeUnixNano, unixNano('2026-03-02T08:00:15.188Z'))
    assert.match(java?.body.stringValue ?? '', /IllegalStateException.*\n\tat com\.example/)

    for (const account of await remora.stop()) assert.equal(account.delivered, account.received)
    assert.match(
      remora.stdout,
      /^2026-03-02T08:00:00\.566Z DEBUG \[shop-frontend\] loaded feature flags .*=/m,
    )
    assert.match(remora.stdout, /^… and \d+ more$/m)
  })
})

suite('otlp-gateway.yaml', () => {
  test('sends each signal to its backend', async (t) => {
    const sink = await OtlpSink.start()
    t.after(() => sink.kill())
    const { grpcPort, httpPort, args } = await freeListeners()
    const remora = await startRemora(t, pipeline('otlp-gateway.yaml'), {
      args,
      env: {
        BACKEND_GRPC: `127.0.0.1:${sink.grpcPort}`,
        BACKEND_HTTP: `http://127.0.0.1:${sink.httpPort}`,
      },
    })
    const sender = new GrpcSender(grpcPort)
    t.after(() => sender.close())
    for (const signal of signals) {
      await sender.send(signal, wireFixture(signal).bytes)
      await sendHttp(httpPort, signal, wireFixture(signal).bytes)
    }
    const accounts = await remora.stop()
    for (const signal of signals) {
      const want = 2 * wireFixture(signal).itemCount
      assert.equal(sink.count(signal), want)
      assert.equal(accounts.find((one) => one.pipeline === signal)?.delivered, want)
      const [first] = sink.of(signal)
      assert.equal(first?.contentType.startsWith('application/grpc'), signal !== 'logs')
      // Both requests in one, one after the other.
      const decoded = oracleDecode(signal, first?.bytes ?? new Uint8Array())
      const [list] = Object.values(decoded) as [unknown[]]
      const [once] = Object.values(oracleDecode(signal, wireFixture(signal).bytes)) as [unknown[]]
      assert.deepEqual(list, [...once, ...once])
    }
  })
})

suite('pod-logs.yaml', () => {
  test('goes on after a restart where it was', async (t) => {
    const sink = await OtlpSink.start()
    t.after(() => sink.kill())
    const directory = await temporaryDirectory(t)
    const [logs, state] = [join(directory, 'logs'), join(directory, 'state')]
    await mkdir(logs)
    const lineOf = (number: number): string =>
      `${JSON.stringify({ time: '2026-03-02T08:00:00.000Z', level: 'error', message: `n=${number};` })}\n`
    const options = {
      env: {
        LOGS: join(logs, '*.log'),
        STATE: state,
        SERVICE: 'orders',
        BACKEND: `http://127.0.0.1:${sink.httpPort}`,
        K8S_POD_NAME: 'orders-0',
        MY_POD_NAMESPACE: 'shop',
      },
      args: ['--set', 'processors.batch.timeout=50ms'],
    }
    await writeFile(join(logs, 'a.log'), lineOf(0) + lineOf(1))
    const first = await startRemora(t, pipeline('pod-logs.yaml'), options)
    await until('the first lines', () => sink.arrivals().size === 2)
    const [account] = await first.stop()
    assert.equal(account?.delivered, 2)

    await appendFile(join(logs, 'a.log'), lineOf(2))
    const second = await startRemora(t, pipeline('pod-logs.yaml'), options)
    await until('the line after the restart', () => sink.arrivals().size === 3)
    await second.stop()
    assert.equal(sink.count('logs'), 3, 'a line came twice')
    const [request] = sink.of('logs')
    const text = JSON.stringify(oracleDecode('logs', request?.bytes ?? new Uint8Array()))
    assert.ok(text.includes('orders') && text.includes('"severityNumber":17'), text)
    assert.match(text, /"k8s.pod.name","value":{"stringValue":"orders-0"/)
    assert.match(text, /"k8s.namespace.name","value":{"stringValue":"shop"/)
  })
})

suite('node-logs.yaml', () => {
  test('reads the containers of a node, but not itself', async (t) => {
    const sink = await OtlpSink.start()
    t.after(() => sink.kill())
    const directory = await temporaryDirectory(t)
    const logs = join(directory, 'pods')
    const pod = join(logs, 'shop_cart-7d9c_11111111-2222-3333-4444-555555555555')
    for (const [container, lines] of [
      [
        'cart',
        '2026-03-02T08:00:00.5Z stdout P one \n2026-03-02T08:00:00.6Z stdout F line\n2026-03-02T08:00:01Z stderr F {"level":"error","user":"ann"}\n2026-03-02T08:00:02Z stdout F {"user":"bob"}\n',
      ],
      ['remora', '2026-03-02T08:00:00Z stderr F own\n'],
    ] as const) {
      await mkdir(join(pod, container), { recursive: true })
      await writeFile(join(pod, container, '0.log'), lines)
    }
    const remora = await startRemora(t, pipeline('node-logs.yaml'), {
      env: {
        LOGS: logs,
        STATE: join(directory, 'state'),
        NODE_NAME: 'node-1',
        BACKEND: `http://127.0.0.1:${sink.httpPort}`,
      },
      args: ['--set', 'processors.batch.timeout=50ms'],
    })
    await until('all records', () => sink.count('logs') === 3)
    await remora.stop()
    const text = sink
      .of('logs')
      .map(({ bytes }) => JSON.stringify(oracleDecode('logs', bytes)))
      .join('\n')
    for (const part of [
      '"k8s.pod.name","value":{"stringValue":"cart-7d9c"',
      '"k8s.container.name","value":{"stringValue":"cart"',
      '"k8s.node.name","value":{"stringValue":"node-1"',
      '"body":{"stringValue":"one line"}',
      '"severityNumber":17',
      '"user","value":{"stringValue":"ann"',
    ]) {
      assert.ok(text.includes(part), `${part} is not in ${text}`)
    }
    assert.ok(!text.includes('log.parse.error'), text)
    assert.ok(!text.includes('own'), text)
  })
})

suite('exec.yaml', () => {
  test('sends what the application writes, and passes its output and exit code on', async (t) => {
    const sink = await OtlpSink.start()
    t.after(() => sink.kill())
    const script = `echo 'plain text'; echo '{"user":"ann","n":7}'; echo oops >&2; exit 4`
    const config = join(top, 'pipelines/exec.yaml')
    const args = ['exec', '--config', config, '--', '/bin/sh', '-c', script]
    const env = {
      ...process.env,
      BACKEND: `127.0.0.1:${sink.grpcPort}`,
      STATE: join(await temporaryDirectory(t), 'state'),
      SERVICE: 'orders',
    }
    const metrics = ['--set', `service.telemetry.metrics.address=127.0.0.1:${await freePort()}`]
    const { status, stdout } = await run(
      join(top, 'bin/remora'),
      [...args.slice(0, 3), ...metrics, ...args.slice(3)],
      env,
    )
    assert.equal(status, 4)
    assert.equal(stdout, 'plain text\n{"user":"ann","n":7}\n')
    const records = sink.of('logs').map(({ bytes }) => JSON.stringify(oracleDecode('logs', bytes)))
    const text = records.join('')
    assert.equal(sink.count('logs'), 3, text)
    for (const part of [
      'plain text',
      'oops',
      '"stringValue":"ann"',
      '"stringValue":"orders"',
      '"stringValue":"stderr"',
    ]) {
      assert.ok(text.includes(part), `${part} in ${text}`)
    }
  })
})

/** The sink runs in this process, so it must not wait for the other. */
async function run(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ status: number | null; stdout: string }> {
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'ignore'] })
  let stdout = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, stdout }
}
