import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, suite, test } from 'node:test'
import { listen, listenClaims, parseAddress } from './listen.ts'

const options = { what: 'otlp grpc', endpoint: 'the endpoint', maxConnections: 2 }

suite('parseAddress', () => {
  const rows: readonly (readonly [endpoint: string, transport: string, want: unknown])[] = [
    ['localhost:4317', 'tcp', { host: 'localhost', port: 4317 }],
    ['localhost:4317', 'tcp4', { host: '127.0.0.1', port: 4317 }],
    ['localhost:4317', 'tcp6', { host: '::1', port: 4317 }],
    ['[::1]:0', 'tcp', { host: '::1', port: 0 }],
    [':4317', 'tcp', { host: '', port: 4317 }],
    [':4317', 'tcp4', { host: '0.0.0.0', port: 4317 }],
    ['unix:///run/x.sock', 'tcp', { path: '/run/x.sock' }],
    ['unix:/run/x.sock', 'tcp', { path: '/run/x.sock' }],
    ['/run/x.sock', 'unix', { path: '/run/x.sock' }],
    ['localhost', 'tcp', undefined],
    ['localhost:70000', 'tcp', undefined],
    ['http://localhost:4317', 'tcp', undefined],
  ]
  for (const [endpoint, transport, want] of rows) {
    test(`${endpoint} (${transport})`, () => {
      assert.deepEqual(parseAddress(endpoint, transport), want)
    })
  }
})

suite('listen', () => {
  const folder = mkdtempSync(join(tmpdir(), 'remora-listen-'))
  after(() => rmSync(folder, { recursive: true }))

  const greet = () =>
    net.createServer((socket) => {
      socket.on('error', () => undefined)
      socket.end('hello')
    })
  const ask = (where: net.NetConnectOpts): Promise<string> =>
    new Promise((resolve) => {
      let text = ''
      const socket = net.connect(where)
      socket.on('data', (chunk) => {
        text += chunk.toString()
      })
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'))
      socket.on('end', () => resolve(text))
    })

  test('localhost is 127.0.0.1 and ::1, on one port', async () => {
    const listening = await listen(greet(), { host: 'localhost', port: 0 }, options)
    const port = listening.port ?? 0
    assert.equal(await ask({ host: '127.0.0.1', port }), 'hello')
    const six = await ask({ host: '::1', port })
    assert.ok(six === 'hello' || six === 'EADDRNOTAVAIL', six)
    await listening.close()
    assert.equal(await ask({ host: '127.0.0.1', port }), 'ECONNREFUSED')
  })

  test('a client that has ended its side is answered on either address', async () => {
    const server = net.createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined)
      socket.resume()
      socket.on('end', () => setImmediate(() => socket.end('hello')))
    })
    const listening = await listen(server, { host: 'localhost', port: 0 }, options)
    for (const host of ['127.0.0.1', '::1']) {
      const socket = net.connect({ host, port: listening.port ?? 0, allowHalfOpen: true })
      socket.end('is anybody there?')
      const answer = await text(socket).catch((error: NodeJS.ErrnoException) => error.code)
      assert.ok(answer === 'hello' || answer === 'EADDRNOTAVAIL', `${host}: ${answer}`)
    }
    await listening.close()
  })

  test('says which endpoint is taken', async () => {
    const first = await listen(greet(), { host: '127.0.0.1', port: 0 }, options)
    const port = first.port ?? 0
    await assert.rejects(listen(greet(), { host: 'localhost', port }, options), {
      message: 'cannot listen on "the endpoint" (otlp grpc): the address is already in use',
    })
    await first.close()
    // Nothing of the failed one is left.
    assert.equal(await ask({ host: '::1', port }), 'ECONNREFUSED')
  })

  test('takes over the socket file of a process that was killed, not that of one that lives', async () => {
    const path = join(folder, 'a.sock')
    const first = await listen(greet(), { path }, options)
    assert.equal(await ask({ path }), 'hello')
    await assert.rejects(listen(greet(), { path }, options), /already in use/)
    assert.equal(await ask({ path }), 'hello')
    await first.close()

    const stale = join(folder, 'stale.sock')
    await leaveStale(stale)
    assert.ok(existsSync(stale))
    const second = await listen(greet(), { path: stale }, options)
    assert.equal(await ask({ path: stale }), 'hello')
    await second.close()
  })

  test('leaves a file alone that is no socket', async () => {
    const path = join(folder, 'precious.txt')
    writeFileSync(path, 'data')
    await assert.rejects(listen(greet(), { path }, options), /the path exists and is not a socket/)
    assert.ok(existsSync(path))
  })

  test('closes connections above the limit', async () => {
    const server = net.createServer((socket) => socket.on('error', () => undefined))
    const listening = await listen(server, { host: '127.0.0.1', port: 0 }, options)
    const port = listening.port ?? 0
    const sockets = [1, 2, 3].map(() => net.connect({ host: '127.0.0.1', port }))
    let open = sockets.length
    await new Promise<void>((resolve) => {
      for (const socket of sockets) {
        socket.on('error', () => undefined)
        socket.on('close', () => {
          open--
          resolve()
        })
      }
    })
    assert.equal(open, 2)
    for (const socket of sockets) socket.destroy()
    await listening.close()
  })
})

/** Another process binds the path and is killed, so that nobody unlinks it. */
async function leaveStale(path: string): Promise<void> {
  const { spawn } = await import('node:child_process')
  const code = `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('exit', resolve))
}

suite('what a listener takes from others', () => {
  const option = ['endpoint']
  const rows: readonly { endpoint: string; transport?: string; want: object | undefined }[] = [
    { endpoint: 'localhost:4317', want: { kind: 'address', host: 'localhost', port: 4317 } },
    { endpoint: ':4317', want: { kind: 'address', host: '', port: 4317 } },
    { endpoint: 'localhost:0', want: undefined },
    { endpoint: 'unix:///run/x', want: { kind: 'socket', path: '/run/x' } },
    { endpoint: '/run/x', transport: 'unix', want: { kind: 'socket', path: '/run/x' } },
    { endpoint: 'nonsense', want: undefined },
  ]
  for (const { endpoint, transport = 'tcp', want } of rows) {
    test(`${endpoint} over ${transport}`, () => {
      const claims = listenClaims(endpoint, transport, option)
      assert.deepEqual(claims, want === undefined ? [] : [{ ...want, option }])
    })
  }
})
