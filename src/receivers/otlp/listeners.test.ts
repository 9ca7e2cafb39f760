import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import tls from 'node:tls'
import * as grpc from '@grpc/grpc-js'
import * as v from 'valibot'
import { FakeClock } from '../../../test/support/fake-clock.ts'
import {
  ForeignClient,
  readTlsFixture,
  startReceiver,
  tlsFixture,
} from '../../../test/support/receiver.ts'
import { tlsServer } from '../../net/schema.ts'
import { Credentials } from '../../net/tls.ts'

const folder = mkdtempSync(join(tmpdir(), 'remora-otlp-'))
after(() => rmSync(folder, { recursive: true }))

const server = { cert_file: tlsFixture('server.crt'), key_file: tlsFixture('server.key') }
const mutual = { ...server, client_ca_file: tlsFixture('ca.crt') }
const ca = readTlsFixture('ca.crt')
/** A request with one empty log record. */
const logs = Uint8Array.of(0x0a, 4, 0x12, 2, 0x12, 0)

function grpcStatusOver(port: number, credentials: grpc.ChannelCredentials): Promise<number> {
  const client = new ForeignClient(`localhost:${port}`, credentials)
  return client
    .export(logs, { timeoutMs: 2000 })
    .then(({ code }) => code)
    .finally(() => client[Symbol.dispose]())
}

function post(options: https.RequestOptions, secure = true): Promise<number | string> {
  const headers = { 'content-type': 'application/x-protobuf' }
  return new Promise((resolve) => {
    const request = (secure ? https : http).request({
      ...options,
      headers,
      method: 'POST',
      path: '/v1/logs',
      agent: false,
    })
    request.on('response', (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    request.on('error', () => resolve('refused'))
    request.end(logs)
  })
}

suite('otlp with TLS', () => {
  test('serves gRPC and HTTP to who trusts its authority', async () => {
    await using started = await startReceiver({ grpc: { tls: server }, http: { tls: server } })
    assert.equal(await grpcStatusOver(started.grpcPort, grpc.credentials.createSsl(ca)), 0)
    const host = { host: 'localhost', port: started.httpPort }
    assert.equal(await post({ ...host, ca }), 200)
    assert.equal(await post(host), 'refused')
    assert.equal(started.intake.calls.length, 2)
  })

  test('takes PEM from the configuration', async () => {
    const pem = {
      cert_pem: readTlsFixture('server.crt').toString(),
      key_pem: readTlsFixture('server.key').toString(),
    }
    await using started = await startReceiver({ grpc: { tls: pem }, http: null })
    assert.equal(await grpcStatusOver(started.grpcPort, grpc.credentials.createSsl(ca)), 0)
  })

  const clients = [
    { name: 'a client of its authority', cert: 'client', want: [0, 200] },
    { name: 'a client of another authority', cert: 'stranger', want: [14, 'refused'] },
    { name: 'a client without a certificate', cert: undefined, want: [14, 'refused'] },
  ]
  for (const { name, cert, want } of clients) {
    test(`with client_ca_file: ${name}`, async () => {
      await using started = await startReceiver({ grpc: { tls: mutual }, http: { tls: mutual } })
      const own = cert && {
        key: readTlsFixture(`${cert}.key`),
        cert: readTlsFixture(`${cert}.crt`),
      }
      const credentials = own
        ? grpc.credentials.createSsl(ca, own.key, own.cert)
        : grpc.credentials.createSsl(ca)
      const host = { host: 'localhost', port: started.httpPort, ca, ...own }
      const got = [await grpcStatusOver(started.grpcPort, credentials), await post(host)]
      assert.deepEqual(got, want)
      assert.equal(started.intake.calls.length, cert === 'client' ? 2 : 0)
      const failures = started.settings.meter.value('remora_receiver_tls_handshake_failures', {
        transport: 'http',
      })
      assert.equal(failures, cert === 'client' ? 0 : 1)
    })
  }

  test('refuses TLS 1.2 where min_version is 1.3', async () => {
    const strict = { ...server, min_version: '1.3' }
    await using started = await startReceiver({ grpc: null, http: { tls: strict } })
    const host = { host: 'localhost', port: started.httpPort, ca }
    assert.equal(await post({ ...host, maxVersion: 'TLSv1.2' }), 'refused')
    assert.equal(await post(host), 200)
  })

  test('plain text on a TLS port ends that connection only', async () => {
    await using started = await startReceiver({ grpc: { tls: server }, http: { tls: server } })
    for (const port of [started.grpcPort, started.httpPort]) {
      const socket = net.connect(port, '127.0.0.1')
      socket.on('error', () => undefined)
      socket.end('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
      socket.resume()
      await new Promise((resolve) => socket.once('close', resolve))
    }
    assert.equal(await grpcStatusOver(started.grpcPort, grpc.credentials.createSsl(ca)), 0)
  })

  test('a handshake that ends after the stop began is too late', async () => {
    const started = await startReceiver({ grpc: { tls: server }, http: { tls: server } })
    const ports = [started.grpcPort, started.httpPort]
    const early = ports.map((port) => net.connect(port, '127.0.0.1'))
    // Whoever came before these two is accepted.
    assert.equal(await grpcStatusOver(started.grpcPort, grpc.credentials.createSsl(ca)), 0)
    assert.equal(await post({ host: 'localhost', port: started.httpPort, ca }), 200)
    await started.receiver.stop(AbortSignal.timeout(5000))
    for (const [index, socket] of early.entries()) {
      const ALPNProtocols = [index === 0 ? 'h2' : 'http/1.1']
      const secure = tls.connect({ socket, ca, servername: 'localhost', ALPNProtocols })
      secure.on('error', () => undefined)
      secure.resume()
      const closed = new Promise((resolve) => secure.once('close', () => resolve('closed')))
      const open = new Promise((resolve) => setTimeout(resolve, 3000, 'open').unref())
      assert.equal(await Promise.race([closed, open]), 'closed', `${ALPNProtocols}`)
    }
  })

  test('takes a renewed certificate without a restart, and keeps the old one for a broken one', async () => {
    const files = { cert_file: join(folder, 'tls.crt'), key_file: join(folder, 'tls.key') }
    const install = (cert: string, key: string) => {
      copyFileSync(tlsFixture(cert), files.cert_file)
      copyFileSync(tlsFixture(key), files.key_file)
    }
    install('server.crt', 'server.key')
    const clock = new FakeClock()
    const options = { tls: { ...files, reload_interval: '5s' } }
    await using started = await startReceiver({ grpc: options, http: options, clock })
    const ports = [started.grpcPort, started.httpPort]
    const served = () => Promise.all(ports.map((port) => nameOfCertificate(port)))
    assert.deepEqual(await served(), ['server', 'server'])

    // Half of the pair is there: OpenSSL refuses it.
    copyFileSync(tlsFixture('server-renewed.crt'), files.cert_file)
    await reload(clock, started.settings.logger, 'cannot reload certificates')
    assert.deepEqual(await served(), ['server', 'server'])

    install('server-renewed.crt', 'server-renewed.key')
    await reload(clock, started.settings.logger, 'certificates reloaded')
    assert.deepEqual(await served(), ['server-renewed', 'server-renewed'])
  })

  const noCertificates = [
    { name: 'an empty file', text: '' },
    { name: 'another text', text: 'not a certificate\n' },
    {
      name: 'a file cut short',
      text: readTlsFixture('ca.crt').toString().slice(0, 200),
    },
    {
      name: 'a block that is no certificate',
      text: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    },
  ]
  for (const { name, text } of noCertificates) {
    test(`does not start with ${name} as client_ca_file or ca_file`, async () => {
      const file = join(folder, 'no-authorities.crt')
      writeFileSync(file, text)
      for (const option of ['client_ca_file', 'ca_file']) {
        const options = { tls: { ...server, [option]: file } }
        const want = { message: `tls.${option} "${file}" holds no certificate in PEM` }
        await assert.rejects(startReceiver({ grpc: options, http: null }), want)
        await assert.rejects(startReceiver({ grpc: null, http: options }), want)
      }
    })
  }

  test('names the file that is no certificate, or no key', async () => {
    for (const [option, what] of [
      ['cert_file', 'certificate'],
      ['key_file', 'private key'],
    ] as const) {
      const file = join(folder, 'nothing.pem')
      writeFileSync(file, 'nothing')
      const options = { tls: { ...server, [option]: file } }
      const want = { message: `tls.${option} "${file}" holds no ${what} in PEM` }
      await assert.rejects(startReceiver({ grpc: options, http: null }), want)
    }
  })

  test('goes on with the old authorities while client_ca_file is empty', async () => {
    const file = join(folder, 'clients.crt')
    copyFileSync(tlsFixture('ca.crt'), file)
    const clock = new FakeClock()
    const options = { tls: { ...server, client_ca_file: file, reload_interval: '5s' } }
    await using started = await startReceiver({ grpc: options, http: options, clock })
    writeFileSync(file, '')
    await reload(clock, started.settings.logger, 'cannot reload certificates')
    const host = { host: 'localhost', port: started.httpPort, ca }
    const cert = readTlsFixture('client.crt')
    assert.equal(await post({ ...host, cert, key: readTlsFixture('client.key') }), 200)
    assert.equal(await post(host), 'refused')
  })

  test('a listener never trusts the authorities of the machine for its clients', async () => {
    const tls = { ...mutual, include_system_ca_certs_pool: true }
    const parsed = v.parse(tlsServer, tls)
    const credentials = await Credentials.load(parsed)
    assert.deepEqual(credentials.options.ca, ca.toString())
  })

  test('says which file is missing', async () => {
    const gone = { ...server, key_file: join(folder, 'gone.key') }
    await assert.rejects(
      startReceiver({ http: null, grpc: { tls: gone } }),
      /cannot read tls.key_file ".*gone.key": ENOENT/,
    )
  })
})

/** Lets the interval pass until both listeners have said it: files are read in their own time. */
async function reload(
  clock: FakeClock,
  logger: { messages(): string[] },
  message: string,
): Promise<void> {
  const said = () => logger.messages().filter((text) => text.startsWith(message)).length
  const before = said()
  await clock.advance(5000)
  while (said() < before + 2) await new Promise((resolve) => setImmediate(resolve))
}

function nameOfCertificate(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const alpn = ['h2', 'http/1.1']
    const options = { host: 'localhost', port, ca, ALPNProtocols: alpn }
    const socket = tls.connect(options, () => {
      resolve(String(socket.getPeerCertificate().subject.CN))
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

suite('otlp listens', () => {
  test('on unix sockets, and removes them at the end', async () => {
    const paths = [join(folder, 'grpc.sock'), join(folder, 'http.sock')]
    {
      await using started = await startReceiver({
        grpc: { endpoint: `unix://${paths[0]}` },
        http: { endpoint: paths[1], transport: 'unix' },
      })
      using client = new ForeignClient(`unix:${paths[0]}`)
      assert.equal((await client.export(logs)).code, 0)
      assert.equal(await post({ socketPath: paths[1] }, false), 200)
      assert.equal(started.intake.calls.length, 2)
    }
    assert.deepEqual(paths.map(existsSync), [false, false])
  })

  test('on nothing, if one of its ports is taken', async () => {
    const blocker = net.createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => blocker.once('listening', resolve))
    const { port } = blocker.address() as net.AddressInfo
    const path = join(folder, 'first.sock')
    await assert.rejects(
      startReceiver({
        grpc: { endpoint: `unix://${path}` },
        http: { endpoint: `127.0.0.1:${port}` },
      }),
      {
        message: `cannot listen on "127.0.0.1:${port}" (otlp http): the address is already in use`,
      },
    )
    assert.ok(!existsSync(path), 'the gRPC listener stayed open')
    blocker.close()
  })

  test('for at most max_connections', async () => {
    await using started = await startReceiver({ http: null, grpc: { max_connections: 1 } })
    using first = new ForeignClient(`127.0.0.1:${started.grpcPort}`)
    assert.equal((await first.export(logs)).code, 0)
    const socket = net.connect(started.grpcPort, '127.0.0.1')
    socket.on('error', () => undefined)
    await new Promise((resolve) => socket.once('close', resolve))
    assert.equal((await first.export(logs)).code, 0)
    assert.equal(started.rejected('grpc', 'too_many_connections'), 1)
  })

  test('and a connection above max_connections leaves nothing that would hold up the stop', async () => {
    const started = await startReceiver({ http: null, grpc: { max_connections: 1 } })
    const sockets = [1, 2, 3, 4].map(() => net.connect(started.grpcPort, '127.0.0.1'))
    const closed = sockets.slice(1).map((socket) => {
      socket.on('error', () => undefined)
      return new Promise((resolve) => socket.once('close', resolve))
    })
    await Promise.all(closed)
    sockets[0]?.destroy()
    const abort = new AbortController()
    const stopped = started.receiver.stop(abort.signal).then(() => 'stopped')
    const late = new Promise((resolve) => setTimeout(resolve, 3000, 'late').unref())
    const outcome = await Promise.race([stopped, late])
    abort.abort()
    assert.equal(outcome, 'stopped')
  })
})
