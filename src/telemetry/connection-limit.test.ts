import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { suite, test } from 'node:test'
import { limitConnections } from './connection-limit.ts'

const max = 8
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A server that answers at once, but `/slow` only by `finish`. */
class Limited {
  readonly waiting: ServerResponse[] = []
  readonly #server = createServer((request, response) => {
    if (request.url === '/slow') this.waiting.push(response)
    else response.end('hello')
  })
  readonly #clients: Socket[] = []

  static async start(): Promise<Limited> {
    const limited = new Limited()
    limitConnections(limited.#server, max)
    limited.#server.listen(0, '127.0.0.1')
    await once(limited.#server, 'listening')
    return limited
  }

  async connect(text = ''): Promise<Socket> {
    const socket = connect((this.#server.address() as AddressInfo).port, '127.0.0.1')
    this.#clients.push(socket)
    socket.on('error', () => undefined)
    socket.setEncoding('latin1')
    await once(socket, 'connect')
    if (text !== '') socket.write(text)
    return socket
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients) client.destroy()
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

async function answerTo(socket: Socket, text: string): Promise<unknown> {
  socket.write(text)
  const [answer] = await once(socket, 'data')
  return answer
}

suite('a server with all its connections taken', () => {
  for (const [name, text] of [
    ['silent', ''],
    ['in the middle of a head', 'GET / HTTP/1.1\r\nHost: a\r\n'],
  ] as const) {
    test(`by clients that are ${name} answers one more all the same`, async () => {
      using limited = await Limited.start()
      const silent: Socket[] = []
      for (let count = 0; count < 3 * max; count++) silent.push(await limited.connect(text))
      const probe = await limited.connect()
      assert.match(String(await answerTo(probe, get('/'))), /200 OK/)
      // The oldest made room, and the youngest are there.
      while (silent.filter(({ closed }) => closed).length < 2 * max + 1) await turn()
      assert.deepEqual(
        silent.map(({ closed }) => closed),
        silent.map((_, index) => index <= 2 * max),
      )
    })
  }

  test('keeps one that was answered a moment ago longer than one that never asked', async () => {
    using limited = await Limited.start()
    const scraper = await limited.connect()
    const silent = await limited.connect()
    assert.match(String(await answerTo(scraper, get('/'))), /200 OK/)
    for (let count = 2; count < max; count++) await limited.connect()
    const closed = once(silent, 'close')
    await limited.connect()
    await closed
    assert.match(String(await answerTo(scraper, get('/'))), /200 OK/)
  })

  test('by requests under way closes the new one, and answers them', async () => {
    using limited = await Limited.start()
    const asking: Socket[] = []
    for (let count = 0; count < max; count++) asking.push(await limited.connect(get('/slow')))
    while (limited.waiting.length < max) await turn()
    await once(await limited.connect(), 'close')
    const answers = asking.map((socket) => once(socket, 'data'))
    for (const response of limited.waiting) response.end('late')
    for (const [answer] of await Promise.all(answers)) assert.match(String(answer), /200 OK/)
    assert.match(String(await answerTo(await limited.connect(), get('/'))), /200 OK/)
  })
})
