import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, type TestContext, test } from 'node:test'
import * as v from 'valibot'
import { createCertificate } from '../../../test/support/http2/certificate.ts'
import { numberedLogs } from '../../../test/support/numbered-logs.ts'
import { testContext } from '../../../test/support/recording-intake.ts'
import { testSettings } from '../../../test/support/settings.ts'
import { systemClock } from '../../component/clock.ts'
import { otlpHttp } from '../otlp_http/definition.ts'
import { otlpGrpc } from './definition.ts'

const direct = { sending_queue: { enabled: false }, retry_on_failure: { enabled: false } }

/** As long as the test runs, this file is all that the machine trusts. */
function trust(t: TestContext, file: string): void {
  const { SSL_CERT_FILE, SSL_CERT_DIR } = process.env
  Object.assign(process.env, { SSL_CERT_FILE: file, SSL_CERT_DIR: '/nonexistent' })
  t.after(() => {
    for (const [name, value] of Object.entries({ SSL_CERT_FILE, SSL_CERT_DIR })) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  })
}

/** One backend for both exporters: HTTP/2 and HTTP/1 over TLS, with and without client certificates. */
suite('over TLS', () => {
  const { key, cert } = createCertificate()
  const other = createCertificate()
  let folder = ''
  const closers: (() => void)[] = []

  async function backend(mutual: boolean): Promise<number> {
    const server = http2.createSecureServer({
      key,
      cert,
      allowHTTP1: true,
      ...(mutual ? { requestCert: true, rejectUnauthorized: true, ca: other.cert } : {}),
    })
    const sessions = new Set<http2.ServerHttp2Session>()
    server.on('session', (session) => {
      sessions.add(session)
      session.on('error', () => undefined)
    })
    server.on('request', (request, response) => {
      request.resume()
      request.on('end', () => {
        if (request.httpVersion === '2.0') {
          response.writeHead(200, { 'content-type': 'application/grpc' })
          response.addTrailers({ 'grpc-status': '0' })
          response.end(Buffer.alloc(5))
        } else response.end()
      })
    })
    server.listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    closers.push(() => {
      for (const session of sessions) session.destroy()
      server.close()
    })
    return (server.address() as AddressInfo).port
  }

  const ports = { plain: 0, mutual: 0 }
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'remora-tls-'))
    await writeFile(join(folder, 'ca.pem'), cert)
    await writeFile(join(folder, 'cert.pem'), other.cert)
    await writeFile(join(folder, 'key.pem'), other.key)
    ports.plain = await backend(false)
    ports.mutual = await backend(true)
  })
  after(async () => {
    for (const close of closers) close()
    await rm(folder, { recursive: true, force: true })
  })

  const ca = () => ({ ca_file: join(folder, 'ca.pem') })
  const identity = () => ({
    cert_file: join(folder, 'cert.pem'),
    key_file: join(folder, 'key.pem'),
  })
  const untrusted =
    /^cannot \w+(?: to)? "localhost:\d+": .*no authority that is trusted here; set tls\.ca_file/
  const otherName = /"127\.0\.0\.1:\d+".*tls\.server_name_override/
  const rows: readonly {
    name: string
    port: keyof typeof ports
    host?: string
    tls: () => object
    /** What the error says. */
    says?: RegExp
    /** The machine trusts the backend's authority, by SSL_CERT_FILE. */
    trusted?: true
    want: string
  }[] = [
    { name: 'with its authority', port: 'plain', tls: ca, want: 'ok' },
    {
      name: 'without its authority',
      port: 'plain',
      tls: () => ({}),
      want: 'unavailable',
      says: untrusted,
    },
    {
      name: 'whose authority the machine trusts',
      port: 'plain',
      trusted: true,
      tls: () => ({}),
      want: 'ok',
    },
    {
      name: 'whose authority the machine trusts, which ca_file replaces',
      port: 'plain',
      trusted: true,
      tls: () => ({ ca_file: join(folder, 'cert.pem') }),
      want: 'unavailable',
    },
    {
      name: 'whose authority the machine trusts besides ca_file',
      port: 'plain',
      trusted: true,
      tls: () => ({ ca_file: join(folder, 'cert.pem'), include_system_ca_certs_pool: true }),
      want: 'ok',
    },
    {
      name: 'whose authority the machine trusts, said again',
      port: 'plain',
      trusted: true,
      tls: () => ({ include_system_ca_certs_pool: true }),
      want: 'ok',
    },
    {
      name: 'with insecure_skip_verify',
      port: 'plain',
      tls: () => ({ insecure_skip_verify: true }),
      want: 'ok',
    },
    {
      name: 'under another name',
      port: 'plain',
      host: '127.0.0.1',
      tls: ca,
      want: 'unavailable',
      says: otherName,
    },
    {
      name: 'under another name, overridden',
      port: 'plain',
      host: '127.0.0.1',
      tls: () => ({ ...ca(), server_name_override: 'localhost' }),
      want: 'ok',
    },
    { name: 'that wants a certificate, without one', port: 'mutual', tls: ca, want: 'unavailable' },
    {
      name: 'that wants a certificate, with it',
      port: 'mutual',
      tls: () => ({ ...ca(), ...identity() }),
      want: 'ok',
    },
  ]
  for (const definition of [otlpGrpc, otlpHttp]) {
    for (const { name, port, host = 'localhost', tls, trusted = false, want, says } of rows) {
      test(`${definition.type} to a backend ${name}`, async (t) => {
        if (trusted) trust(t, join(folder, 'ca.pem'))
        const endpoint = `https://${host}:${ports[port]}`
        const config = v.parse(definition.config, {
          endpoint,
          tls: tls(),
          compression: 'none',
          ...direct,
        })
        const settings = testSettings(config, { clock: systemClock })
        const exporter = definition.create(settings as never)
        await exporter.start()
        let message = ''
        const outcome = await exporter.consume(numberedLogs(0, 3), testContext()).then(
          () => 'ok',
          (error: { code: string; message: string }) => {
            message = error.message
            return error.code
          },
        )
        await exporter.stop(AbortSignal.abort())
        assert.equal(outcome, want)
        if (says !== undefined) assert.match(message, says)
      })
    }

    test(`${definition.type} names a certificate that is missing at the start`, async () => {
      const tls = { ca_file: join(folder, 'none.pem') }
      const config = v.parse(definition.config, { endpoint: 'https://localhost:1', tls })
      const exporter = definition.create(testSettings(config) as never)
      await assert.rejects(exporter.start(), /cannot read tls\.ca_file ".*none\.pem"/)
    })
  }
})
