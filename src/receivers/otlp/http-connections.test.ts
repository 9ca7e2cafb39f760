import assert from 'node:assert/strict'
import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { after, before, beforeEach, suite, test } from 'node:test'
import { startReceiver } from '../../../test/support/receiver.ts'
import { RecordingIntake } from '../../../test/support/recording-intake.ts'
import { type Code, codes } from '../../errors/codes.ts'

const logs = readFileSync(new URL('../../../fixtures/wire/logs.binpb', import.meta.url))
const turn = () => new Promise((resolve) => setImmediate(resolve))

function head(path: string, ...fields: string[]): string {
  const all = ['host: a', 'content-type: application/x-protobuf', ...fields]
  return `POST ${path} HTTP/1.1\r\n${all.join('\r\n')}\r\n\r\n`
}

const whole = Buffer.concat([Buffer.from(head('/v1/logs', `content-length: ${logs.length}`)), logs])

/** A client that writes what it is told, and remembers what comes back. */
class RawClient {
  readonly socket: net.Socket
  text = ''

  private constructor(socket: net.Socket) {
    this.socket = socket
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      this.text += chunk.toString('latin1')
    })
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = net.connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  get statuses(): number[] {
    return [...this.text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))
  }

  async answers(count: number): Promise<number[]> {
    while (this.statuses.length < count) await turn()
    return this.statuses
  }

  async closed(): Promise<void> {
    while (!this.socket.closed) await turn()
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

type Started = Awaited<ReturnType<typeof startReceiver>>

/** Requests rejected at the door, of every reason. */
function rejections({ rejected }: Started): Partial<Record<Code, number>> {
  const reasons = Object.keys(codes) as Code[]
  const counted = reasons.map((code) => [code, rejected('http', code)] as const)
  return Object.fromEntries(counted.filter(([, count]) => count > 0))
}

suite('a request that breaks off in its body is counted once', () => {
  const half = `${head('/v1/logs', 'content-length: 100')}x`
  const rows: readonly {
    readonly name: string
    readonly send: string
    /** How the client leaves; by default it waits for the other side. */
    readonly leave?: (socket: net.Socket) => void
    readonly statuses: readonly number[]
    readonly want: Partial<Record<Code, number>>
  }[] = [
    {
      name: 'by the end of its connection',
      send: half,
      leave: (socket) => socket.end(),
      statuses: [400],
      want: { invalid_data: 1 },
    },
    {
      name: 'by a reset',
      send: half,
      leave: (socket) => socket.resetAndDestroy(),
      statuses: [],
      want: { invalid_data: 1 },
    },
    {
      name: 'by a chunk that is none',
      send: `${head('/v1/logs', 'transfer-encoding: chunked')}1\r\nx\r\nzz\r\n`,
      statuses: [400],
      want: { invalid_data: 1 },
    },
    {
      name: 'by the end of a chunked body',
      send: `${head('/v1/logs', 'transfer-encoding: chunked')}5\r\nx`,
      leave: (socket) => socket.end(),
      statuses: [400],
      want: { invalid_data: 1 },
    },
    { name: 'by waiting too long', send: half, statuses: [408], want: { slow_sender: 1 } },
    {
      name: 'after it was refused',
      send: `${head('/nope', 'content-length: 100')}x`,
      leave: (socket) => socket.end(),
      statuses: [404],
      want: { unsupported: 1 },
    },
    {
      name: 'or waits too long after it was refused',
      send: `${head('/nope', 'content-length: 100')}x`,
      statuses: [404],
      want: { unsupported: 1 },
    },
  ]
  for (const { name, send, leave, statuses, want } of rows) {
    test(name, async () => {
      await using started = await startReceiver({ grpc: null, http: { read_timeout: '200ms' } })
      using client = await RawClient.connect(started.httpPort)
      client.socket.write(send)
      if (statuses[0] === 404) await client.answers(1)
      else while (started.bytesInFlight() === 0 && client.statuses.length === 0) await turn()
      leave?.(client.socket)
      await client.closed()
      while (started.bytesInFlight() > 0) await turn()
      assert.deepEqual(rejections(started), want)
      assert.deepEqual(client.statuses, statuses)
      assert.equal(started.intake.calls.length, 0)
    })
  }
})

suite('requests behind one another in one connection', () => {
  test('are all answered, in order', async () => {
    await using started = await startReceiver({ grpc: null })
    using client = await RawClient.connect(started.httpPort)
    client.socket.write(Buffer.concat([whole, Buffer.from(head('/nope')), whole]))
    assert.deepEqual(await client.answers(3), [200, 404, 200])
  })

  test('of which the second is none: the first is answered all the same', async () => {
    const intake = new RecordingIntake('hang')
    await using started = await startReceiver({ grpc: null, intake })
    using client = await RawClient.connect(started.httpPort)
    client.socket.write(Buffer.concat([whole, Buffer.from('\0\0\0\0\r\n\r\n')]))
    while (intake.hanging.length === 0) await turn()
    client.socket.write('and more of it')
    intake.hanging[0]?.accept()
    await client.closed()
    assert.deepEqual(client.statuses, [200, 400])
    assert.deepEqual(rejections(started), { invalid_data: 1 })
  })

  test('with chunk extensions, as far as they are short', async () => {
    await using started = await startReceiver({ grpc: null })
    using client = await RawClient.connect(started.httpPort)
    const size = logs.length.toString(16)
    const chunked = (extension: string) =>
      Buffer.concat([
        Buffer.from(`${head('/v1/logs', 'transfer-encoding: chunked')}${size}${extension}\r\n`),
        logs,
        Buffer.from('\r\n0\r\n\r\n'),
      ])
    client.socket.write(chunked(';a=b;c="d"'))
    assert.deepEqual(await client.answers(1), [200])
    client.socket.write(chunked(`;${'a'.repeat(100_000)}`))
    await client.closed()
    assert.deepEqual(client.statuses, [200, 400])
    assert.deepEqual(rejections(started), { invalid_data: 1 })
  })

  test('may hold their share and no more, and a second client goes on', async () => {
    const intake = new RecordingIntake('hang', 'accept')
    const http = { max_request_body_size: '1MiB' }
    await using started = await startReceiver({
      ...{ grpc: null, http, intake },
      maxBytesInFlight: '8MiB',
    })
    using greedy = await RawClient.connect(started.httpPort)
    // An unknown field makes it 0.9 MiB.
    const fill = Buffer.from([0x7a, 0x80, 0x80, 0x38])
    const body = Buffer.concat([logs, fill, Buffer.alloc(917_504)])
    const length = `content-length: ${body.length}`
    const large = Buffer.concat([Buffer.from(head('/v1/logs', length)), body])
    for (let count = 0; count < 20; count++) greedy.socket.write(large)
    while (intake.hanging.length === 0) await turn()
    using other = await RawClient.connect(started.httpPort)
    other.socket.write(large)
    assert.deepEqual(await other.answers(1), [200])
    assert.ok(started.bytesInFlight() <= 2 * 1024 * 1024, 'more than a quarter is held')
    intake.hanging[0]?.accept()
    assert.deepEqual(new Set(await greedy.answers(20)), new Set([200]))
  })
})

suite('a large JSON body', () => {
  /** Some 4 MB: dozens of slices. */
  const record = { timeUnixNano: '1', body: { stringValue: 'x'.repeat(1000) } }
  const logRecords = Array.from({ length: 4000 }, () => record)
  const json = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] })
  const fields = ['host: a', 'content-type: application/json', `content-length: ${json.length}`]
  const large = `POST /v1/logs HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n${json}`
  // The server holds memory for a whole body as soon as it knows its length; how much has come only its sockets know.
  const accepted: net.Socket[] = []
  const onAccepted = (message: unknown) => accepted.push((message as { socket: net.Socket }).socket)
  const connections = channel('net.server.socket')
  before(() => connections.subscribe(onAccepted))
  after(() => {
    connections.unsubscribe(onAccepted)
  })
  beforeEach(() => accepted.splice(0))
  const bytesRead = () => accepted.reduce((sum, socket) => sum + socket.bytesRead, 0)
  const countsOf = ({ intake }: Started) => intake.calls.map(({ batch }) => batch.itemCount)

  test('lets the small request of another pass while it is converted', async () => {
    await using started = await startReceiver({ grpc: null })
    using big = await RawClient.connect(started.httpPort)
    using small = await RawClient.connect(started.httpPort)
    big.socket.write(large.slice(0, -1))
    while (bytesRead() < large.length - 1) await turn()
    big.socket.write(large.slice(-1))
    await turn()
    small.socket.write(whole)
    assert.deepEqual(await small.answers(1), [200])
    assert.deepEqual(big.statuses, [])
    assert.deepEqual(await big.answers(1), [200])
    assert.equal(countsOf(started).at(-1), 4000)
  })

  test('is not converted when its client has left', async () => {
    await using started = await startReceiver({ grpc: null })
    using stays = await RawClient.connect(started.httpPort)
    const leaves = await RawClient.connect(started.httpPort)
    stays.socket.write(large.slice(0, -1))
    leaves.socket.write(large.slice(0, -1))
    while (bytesRead() < 2 * (large.length - 1)) await turn()
    stays.socket.write(large.slice(-1))
    await turn()
    leaves.socket.write(large.slice(-1))
    // What comes later is answered: so the last byte was read, and is not lost with the connection.
    using later = await RawClient.connect(started.httpPort)
    later.socket.write(whole)
    assert.deepEqual(await later.answers(1), [200])
    assert.deepEqual(stays.statuses, [])
    leaves.socket.resetAndDestroy()
    assert.deepEqual(await stays.answers(1), [200])
    while (started.bytesInFlight() > 0) await turn()
    assert.deepEqual(countsOf(started), [5, 4000])
    assert.deepEqual(rejections(started), { abandoned: 1 })
  })
})
