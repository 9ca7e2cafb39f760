import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { suite, test } from 'node:test'
import { FakeClock } from '../../../test/support/fake-clock.ts'
import { Random } from '../../../test/support/random.ts'
import { RecordingLogger } from '../../../test/support/settings.ts'
import { DeliveryError } from '../../errors/delivery-error.ts'
import { ByteBudget } from '../byte-budget.ts'
import type { Exchange } from './exchange.ts'
import { HttpServer, type HttpServerSettings } from './server.ts'

interface Options extends Partial<HttpServerSettings> {
  /** Instead of the echo. */
  readonly handle?: (exchange: Exchange) => Promise<void>
  readonly budgetBytes?: number
}

/** Answers with `METHOD path: body`, and with the status of what `readBody` rejects with. */
async function echo(exchange: Exchange): Promise<void> {
  try {
    const { method, path } = exchange.head
    const body = Buffer.from(await exchange.readBody(undefined)).toString('latin1')
    const text = `${method} ${path}: ${body}`
    exchange.respond(200, ['content-length', String(text.length)], text)
  } catch (error) {
    assert.ok(error instanceof DeliveryError)
    exchange.respond(400, ['x-code', error.code, 'content-length', '0'], '')
  }
}

async function start(options: Options = {}) {
  const clock = new FakeClock()
  const budget = new ByteBudget(options.budgetBytes ?? 16 * 1024 * 1024)
  const rejected: string[] = []
  const server = new HttpServer({
    onRequest: options.handle ?? echo,
    onTimeout: (exchange) => exchange.respond(503, ['content-length', '0'], ''),
    onRejected: (code) => rejected.push(code),
    onTlsFailure: () => undefined,
    maxBodyBytes: 1024 * 1024,
    maxHeadBytes: 16 * 1024,
    timeouts: { headMs: 5000, requestMs: 20_000, answerMs: 30_000, idleMs: 60_000 },
    keepAlive: true,
    budget,
    tls: undefined,
    clock,
    logger: new RecordingLogger(),
    ...options,
  })
  await server.listen(
    { host: '127.0.0.1', port: 0 },
    { what: 'test', endpoint: '127.0.0.1:0', maxConnections: 100 },
  )
  return {
    server,
    clock,
    budget,
    rejected,
    connect: () => Client.connect(server.port as number),
    async [Symbol.asyncDispose]() {
      await server.close(AbortSignal.abort())
    },
  }
}

/** A client that says exactly what it is told to. */
class Client {
  readonly socket: net.Socket
  received = ''
  ended = false
  #wake: () => void = () => undefined

  static async connect(port: number): Promise<Client> {
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    const client = new Client(socket)
    await once(socket, 'connect')
    return client
  }

  constructor(socket: net.Socket) {
    this.socket = socket
    socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1')
      this.#wake()
    })
    const end = (): void => {
      this.ended = true
      this.#wake()
    }
    socket.on('end', end)
    socket.on('close', end)
    socket.on('error', () => undefined)
  }

  send(text: string): void {
    this.socket.write(Buffer.from(text, 'latin1'))
  }

  /** Waits for this many answers, or the end; their status lines and bodies. */
  async answers(count: number): Promise<string[]> {
    for (;;) {
      const answers = parseAnswers(this.received)
      if (answers.length >= count || this.ended) return answers
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async end(): Promise<void> {
    while (!this.ended) await new Promise<void>((resolve) => (this.#wake = resolve))
    this.socket.destroy()
  }
}

/** `200 GET /: body` for each answer in `text`. */
function parseAnswers(text: string): string[] {
  const answers: string[] = []
  for (let rest = text; ; ) {
    const head = /^HTTP\/1\.1 (\d+) [^\r]+\r\n((?:[^\r]+\r\n)*)\r\n/.exec(rest)
    if (head === null) return answers
    const length = Number(/^content-length: (\d+)$/m.exec(head[2] ?? '')?.[1] ?? 0)
    const start = head[0].length
    if (rest.length < start + length) return answers
    answers.push(`${head[1]} ${rest.slice(start, start + length)}`.trim())
    rest = rest.slice(start + length)
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`
const post = (body: string): string =>
  `POST /p HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n${body}`
const chunked = 'POST /c HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n'

suite('requests on one connection', () => {
  const text = `${get('/1')}${post('two')}${chunked}3\r\nthr\r\n2\r\nee\r\n0\r\n\r\n\r\n${get('/4')}`
  const want = ['200 GET /1:', '200 POST /p: two', '200 POST /c: three', '200 GET /4:']

  test('in one write are answered in their order', async () => {
    await using started = await start()
    const client = await started.connect()
    client.send(text)
    assert.deepEqual(await client.answers(4), want)
    assert.equal(started.budget.usedBytes, 0)
    client.socket.destroy()
  })

  test('are answered in their order when the handler takes its time', async () => {
    let inside = 0
    const handle = async (exchange: Exchange): Promise<void> => {
      assert.equal(++inside, 1, 'a second request before the answer to the first')
      await new Promise((resolve) => setImmediate(resolve))
      const body = await exchange.readBody(undefined)
      await new Promise((resolve) => setImmediate(resolve))
      inside--
      const { method, path } = exchange.head
      const answer = `${method} ${path}: ${Buffer.from(body).toString()}`
      exchange.respond(200, ['content-length', String(answer.length)], answer)
    }
    await using started = await start({ handle })
    const client = await started.connect()
    client.send(text)
    assert.deepEqual(await client.answers(4), want)
    client.socket.destroy()
  })

  test('may come cut at any byte', async () => {
    await using started = await start()
    for (let at = 1; at < text.length; at++) {
      const client = await started.connect()
      client.send(text.slice(0, at))
      await new Promise((resolve) => setImmediate(resolve))
      client.send(text.slice(at))
      assert.deepEqual(await client.answers(4), want, `cut at ${at}`)
      client.socket.destroy()
    }
    while (started.budget.usedBytes > 0) await new Promise((resolve) => setImmediate(resolve))
  })

  test('a thousand of them in one write', async () => {
    await using started = await start()
    const client = await started.connect()
    client.send(Array.from({ length: 1000 }, (_, index) => post(`n${index}`)).join(''))
    const answers = await client.answers(1000)
    assert.deepEqual(
      answers,
      Array.from({ length: 1000 }, (_, index) => `200 POST /p: n${index}`),
    )
    client.socket.destroy()
  })
})

suite('the connection', () => {
  const rows: readonly (readonly [name: string, text: string, open: boolean])[] = [
    ['stays open', get('/'), true],
    [
      'is closed when the client says so',
      'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n',
      false,
    ],
    ['is closed after HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', false],
    ['stays open for HTTP/1.0 that asks', 'GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n', true],
  ]
  for (const [name, text, open] of rows) {
    test(name, async () => {
      await using started = await start()
      const client = await started.connect()
      client.send(text)
      assert.deepEqual(await client.answers(1), ['200 GET /:'])
      assert.equal(/^connection: close$/m.test(client.received), !open)
      if (open) {
        client.send(get('/again'))
        assert.deepEqual((await client.answers(2))[1], '200 GET /again:')
        client.socket.destroy()
      } else await client.end()
    })
  }

  test('answers a client that has ended its side', async () => {
    const gate = Promise.withResolvers<void>()
    const handle = async (exchange: Exchange): Promise<void> => {
      await gate.promise
      await echo(exchange)
    }
    await using started = await start({ handle })
    const client = await started.connect()
    client.socket.end(post('last'))
    await new Promise((resolve) => setTimeout(resolve, 20))
    gate.resolve()
    assert.deepEqual(await client.answers(1), ['200 POST /p: last'])
    await client.end()
  })

  test('tells a client that ends in the middle of a body, once', async () => {
    await using started = await start()
    const client = await started.connect()
    client.socket.end('POST /p HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc')
    assert.deepEqual(await client.answers(1), ['400'])
    assert.match(client.received, /x-code: invalid_data/)
    assert.deepEqual(started.rejected, [])
    await client.end()
    assert.equal(started.budget.usedBytes, 0)
  })

  test('does not wait for the end of a head whose lines end in a bare LF', async () => {
    await using started = await start()
    for (const parts of [
      ['GET / HTTP/1.1\nhost: a\n\n'],
      ['GET / HTTP/1.1\r', '\nhost: a', '\n'],
    ]) {
      const client = await started.connect()
      for (const part of parts) {
        client.send(part)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      assert.deepEqual(await client.answers(1), ['400'])
      await client.end()
    }
    assert.equal(started.budget.usedBytes, 0)
  })

  test('counts a client that ends in the middle of a head', async () => {
    await using started = await start()
    const client = await started.connect()
    client.socket.end('POST /p HTTP/1.1\r\nhost: a\r\nx: ')
    assert.deepEqual(await client.answers(1), ['400'])
    assert.deepEqual(started.rejected, ['invalid_data'])
    await client.end()
    assert.equal(started.budget.usedBytes, 0)
  })

  test('gives the bytes back when it breaks in the middle of a body', async () => {
    await using started = await start()
    const client = await started.connect()
    client.send(
      `POST /p HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\n${'x'.repeat(50_000)}`,
    )
    while (started.budget.usedBytes < 50_000) await new Promise((resolve) => setImmediate(resolve))
    client.socket.resetAndDestroy()
    while (started.budget.usedBytes > 0) await new Promise((resolve) => setImmediate(resolve))
  })
})

suite('an answer before the end of the request', () => {
  const handle = (exchange: Exchange): Promise<void> => {
    if (exchange.head.path === '/ok') return echo(exchange)
    exchange.respond(404, ['content-length', '2'], 'no')
    return Promise.resolve()
  }

  test('keeps the connection if little of it is left', async () => {
    await using started = await start({ handle })
    const client = await started.connect()
    client.send('POST /p HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc')
    assert.deepEqual(await client.answers(1), ['404 no'])
    client.send(`defghij${chunked}3\r\nabc\r\n`)
    assert.deepEqual((await client.answers(2))[1], '404 no')
    client.send(`0\r\n\r\n${get('/ok')}`)
    assert.deepEqual((await client.answers(3))[2], '200 GET /ok:')
    client.socket.destroy()
  })

  test('ends it if much is left, and arrives all the same', async () => {
    await using started = await start({ handle })
    for (const head of ['content-length: 10000000', 'transfer-encoding: chunked']) {
      const client = await started.connect()
      client.send(`POST /p HTTP/1.1\r\nhost: a\r\n${head}\r\n\r\n`)
      if (head.startsWith('t')) client.send('f4240\r\n')
      client.send('x'.repeat(1_000_000))
      assert.deepEqual(await client.answers(1), ['404 no'])
      await client.end()
    }
  })

  test('ends it if the client waits for 100 Continue', async () => {
    await using started = await start({ handle })
    const client = await started.connect()
    client.send('POST /p HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 10\r\n\r\n')
    assert.deepEqual(await client.answers(1), ['404 no'])
    await client.end()
  })
})

suite('a client that ends its side while it waits for its answer', () => {
  /** A request that waits for `answer`, with its client at the end of what it says. */
  async function waiting(leave: (socket: net.Socket) => void) {
    const arrived = Promise.withResolvers<Exchange>()
    const answer = Promise.withResolvers<void>()
    const started = await start({
      handle: async (exchange) => {
        await exchange.readBody(undefined)
        arrived.resolve(exchange)
        await answer.promise
        exchange.respond(200, ['content-length', '0'], '')
      },
    })
    const client = await started.connect()
    client.send(post('abc'))
    const exchange = await arrived.promise
    leave(client.socket)
    return { started, client, exchange, answer: answer.resolve }
  }

  test('is answered', async () => {
    const { started, client, answer } = await waiting((socket) => socket.end())
    while (!client.received.startsWith('HTTP/1.1 100 ')) await turn()
    await started.clock.advance(1000)
    answer()
    await client.end()
    assert.match(client.received, /^(?:HTTP\/1\.1 100 Continue\r\n\r\n)+HTTP\/1\.1 200 OK\r\n/)
    await started[Symbol.asyncDispose]()
  })

  for (const [name, leave] of [
    ['and is gone', (socket: net.Socket) => socket.destroy()],
    ['with a reset', (socket: net.Socket) => socket.resetAndDestroy()],
  ] as const) {
    test(`${name}: its request is abandoned`, async () => {
      const { started, exchange, answer } = await waiting(leave)
      const code = (): string | undefined => {
        try {
          exchange.throwIfAbandoned()
          return undefined
        } catch (error) {
          return (error as DeliveryError).code
        }
      }
      while (code() === undefined) {
        await started.clock.advance(1000)
        await turn()
        assert.ok(started.clock.monotonicMs() < 30_000, 'only the timeout ends it')
      }
      assert.equal(code(), 'abandoned')
      answer()
      await started[Symbol.asyncDispose]()
    })
  }
})

test('100 Continue comes when the body is wanted', async () => {
  await using started = await start()
  const client = await started.connect()
  client.send('POST /p HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n')
  await client.answers(1)
  assert.equal(client.received, 'HTTP/1.1 100 Continue\r\n\r\n')
  client.send('abc')
  while (!client.received.includes('POST')) await new Promise((resolve) => setImmediate(resolve))
  client.socket.destroy()
})

test('HEAD is answered without a body', async () => {
  await using started = await start()
  const client = await started.connect()
  client.send('HEAD /h HTTP/1.1\r\nhost: a\r\n\r\n')
  while (!client.received.endsWith('\r\n\r\n'))
    await new Promise((resolve) => setImmediate(resolve))
  assert.match(client.received, /content-length: 9\r\n/)
  client.socket.destroy()
})

test('each answer has a date', async () => {
  await using started = await start()
  const client = await started.connect()
  client.send(get('/'))
  await client.answers(1)
  assert.match(client.received, /\r\ndate: Thu, 01 Jan 2026 00:00:00 GMT\r\n/)
  await started.clock.advance(5000)
  client.send(get('/'))
  await client.answers(2)
  assert.match(client.received, /\r\ndate: Thu, 01 Jan 2026 00:00:05 GMT\r\n/)
  client.socket.destroy()
})

suite('time', () => {
  const rows: readonly (readonly [name: string, text: string, afterMs: number, status: string])[] =
    [
      ['a head that does not end', 'POST / HTTP/1.1\r\n', 7000, '408'],
      ['a body that does not end', `${post('abc').slice(0, -1)}`, 22_000, '400'],
    ]
  for (const [name, text, afterMs, status] of rows) {
    test(`${name} is refused`, async () => {
      await using started = await start()
      const client = await started.connect()
      client.send(text)
      while (started.budget.usedBytes === 0) await new Promise((resolve) => setImmediate(resolve))
      await started.clock.advance(afterMs)
      assert.deepEqual(await client.answers(1), [status])
      await client.end()
      assert.equal(started.budget.usedBytes, 0)
    })
  }

  test('a connection without requests is closed, one without any too', async () => {
    await using started = await start()
    const used = await started.connect()
    used.send(get('/'))
    await used.answers(1)
    const unused = await started.connect()
    await started.clock.advance(62_000)
    await Promise.all([used.end(), unused.end()])
    assert.equal(unused.received, '')
    assert.deepEqual(started.rejected, [])
  })

  test('a peer that does not close after its last answer is cut off', async () => {
    await using started = await start()
    const client = await started.connect()
    client.send('GET / HTTP/1.0\r\n\r\n')
    await client.answers(1)
    await started.clock.advance(3000)
    await new Promise((resolve) => {
      client.socket.once('close', resolve)
      const drip = setInterval(() => client.socket.write('x'), 5)
      client.socket.once('close', () => clearInterval(drip))
    })
  })

  test('a peer that does not read its answers is not read from, then cut off', async () => {
    const answer = 'x'.repeat(512 * 1024)
    const handle = (exchange: Exchange): Promise<void> => {
      exchange.respond(200, ['content-length', String(answer.length)], answer)
      return Promise.resolve()
    }
    await using started = await start({ handle })
    const client = await started.connect()
    client.socket.pause()
    client.send(get('/').repeat(1000))
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.ok(started.budget.usedBytes < 70_000, `${started.budget.usedBytes} bytes are held`)
    await started.clock.advance(35_000)
    client.socket.resume()
    await client.end()
    assert.ok(client.received.length < 100 * answer.length)
    while (started.budget.usedBytes > 0) await new Promise((resolve) => setImmediate(resolve))
  })
})

suite('bytes', () => {
  test('one connection cannot take the whole budget', async () => {
    const gate = Promise.withResolvers<void>()
    const handle = async (exchange: Exchange): Promise<void> => {
      await exchange.readBody(undefined)
      if (exchange.head.path === '/p') await gate.promise
      exchange.respond(200, ['content-length', '0'], '')
    }
    await using started = await start({ handle, budgetBytes: 4 * 1024 * 1024 })
    const greedy = await started.connect()
    greedy.send(post('x'.repeat(1_000_000)).repeat(20))
    while (started.budget.usedBytes < 1_000_000)
      await new Promise((resolve) => setImmediate(resolve))
    const other = await started.connect()
    other.send(get('/other'))
    assert.deepEqual(await other.answers(1), ['200'])
    assert.ok(started.budget.usedBytes < 2_100_000)
    gate.resolve()
    for (const client of [greedy, other]) client.socket.destroy()
  })

  test('the start of a request that came with the one before is counted too', async () => {
    const gate = Promise.withResolvers<void>()
    const handle = async (exchange: Exchange): Promise<void> => {
      await gate.promise
      await echo(exchange)
    }
    await using started = await start({ handle })
    const client = await started.connect()
    const half = `GET /${'x'.repeat(5000)}`
    client.send(get('/') + half)
    while (started.budget.usedBytes === 0) await new Promise((resolve) => setImmediate(resolve))
    gate.resolve()
    await client.answers(1)
    assert.equal(started.budget.usedBytes, half.length)
    client.socket.destroy()
    while (started.budget.usedBytes > 0) await new Promise((resolve) => setImmediate(resolve))
  })

  test('a request that finds no room is told to come again', async () => {
    await using started = await start()
    assert.ok(started.budget.tryTake(started.budget.limitBytes))
    const client = await started.connect()
    client.send(get('/'))
    assert.deepEqual(await client.answers(1), ['429'])
    assert.match(client.received, /retry-after: 1/)
    assert.deepEqual(started.rejected, ['receiver_busy'])
    started.budget.giveBack(started.budget.limitBytes)
    await client.end()
  })
})

suite('stop', () => {
  test('waits for the answer, and closes what is idle', async () => {
    const gate = Promise.withResolvers<void>()
    const handle = async (exchange: Exchange): Promise<void> => {
      if (exchange.head.path === '/slow') await gate.promise
      await echo(exchange)
    }
    const started = await start({ handle })
    const [idle, slow, half] = await Promise.all([1, 2, 3].map(() => started.connect()))
    assert.ok(idle !== undefined && slow !== undefined && half !== undefined)
    idle.send(get('/'))
    await idle.answers(1)
    half.send('GET / HTT')
    slow.send(get('/slow'))
    while (started.budget.usedBytes === 0) await new Promise((resolve) => setImmediate(resolve))
    const stopped = started.server.close(AbortSignal.timeout(10_000))
    await Promise.all([idle.end(), half.end()])
    gate.resolve()
    assert.deepEqual(await slow.answers(1), ['200 GET /slow:'])
    await slow.end()
    await stopped
  })

  test('does not wait for the rest of a body that nobody wants', async () => {
    const handle = (exchange: Exchange): Promise<void> => {
      exchange.respond(404, ['content-length', '0'], '')
      return Promise.resolve()
    }
    const started = await start({ handle })
    const client = await started.connect()
    client.send('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc')
    assert.deepEqual(await client.answers(1), ['404'])
    const stopped = started.server.close(AbortSignal.timeout(10_000))
    await client.end()
    client.send(`defghij${get('/late')}`)
    await stopped
    assert.deepEqual(await client.answers(1), ['404'])
  })
})

test('noise never throws, never hangs, never leaves bytes behind', async () => {
  const seed = Number(process.env['REMORA_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  const random = new Random(seed)
  const parts = [
    get('/'),
    post('hello'),
    `${chunked}5\r\nhello\r\n0\r\n\r\n`,
    'HEAD / HTTP/1.0\r\n\r\n',
    'expect: 100-continue\r\n',
    '\r\n',
    'content-length: 99\r\n',
    ';',
    '0\r\n\r\n',
  ]
  await using started = await start()
  const untilMs = performance.now() + 900
  let runs = 0
  while (performance.now() < untilMs) {
    const text = Array.from({ length: 1 + random.below(6) }, () => {
      const part = Buffer.from(random.pick(parts), 'latin1')
      if (random.below(3) === 0) part[random.below(part.byteLength)] = random.below(256)
      return random.below(4) === 0 ? part.subarray(0, random.below(part.byteLength)) : part
    })
    const client = await started.connect()
    for (const part of text) client.socket.write(part)
    client.socket.end()
    const context = `REMORA_FUZZ_SEED=${seed}, run ${runs}: ${JSON.stringify(Buffer.concat(text).toString('latin1'))}`
    const hangs = setTimeout(() => {
      throw new Error(`hangs: ${context}`)
    }, 5000)
    await client.end()
    clearTimeout(hangs)
    assert.match(client.received, /^(?:HTTP\/1\.1 \d{3} |$)/, context)
    runs++
  }
  while (started.budget.usedBytes > 0) await new Promise((resolve) => setImmediate(resolve))
  assert.ok(runs > 20, `${runs} runs`)
})
