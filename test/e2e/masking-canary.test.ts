import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { signals } from '../../src/signal/signal.ts'
import { freePort } from '../support/free-port.ts'
import { GrpcSender } from '../support/otlp-sender.ts'
import { OtlpSink } from '../support/otlp-sink.ts'
import { RemoraProcess, startRemora, temporaryDirectory, until } from '../support/remora-process.ts'
import { everyText } from '../support/wire/every-text.ts'

const canary =
  'mail canary.bird@example.com card 4111 1111 1111 1111 iban DE89 3704 0044 0532 0130 00 password=hunter2secret'
const number = '4111111111111111'
const double = Buffer.alloc(8)
double.writeDoubleLE(Number(number))
/** As text, in base64 at each of its three phases, as a varint and as a double. */
const traces = [
  ...['canary.bird', '4111 1111', '4111111111111111', '0044 0532', 'hunter2secret'].flatMap(
    (text) => [
      text,
      ...[0, 1, 2].map((phase) =>
        Buffer.from(`${'x'.repeat(phase)}${text}`)
          .toString('base64')
          .slice(phase === 0 ? 0 : 4, -4),
      ),
    ],
  ),
].map((text) => Buffer.from(text))
traces.push(Buffer.from([0x18, 0xc7, 0xe3, 0x8a]), double)

function assertClean(what: string, content: Buffer): void {
  for (const trace of traces) {
    assert.ok(!content.includes(trace), `${what} holds ${JSON.stringify(trace.toString('latin1'))}`)
  }
}

/** Disk queue, dead letters, files, debug output, a backend that takes, one that refuses, and one that is away. */
function configuration(directory: string, ports: Readonly<Record<string, number>>): string {
  const exporter = (port: number | undefined, more: string) =>
    `{ endpoint: 'http://127.0.0.1:${port}', ${more} }`
  return `
receivers:
  otlp: { protocols: { grpc: { endpoint: '127.0.0.1:${ports['in']}' } } }
processors:
  mask: { hash_key: a key for this test, json_strings: true }
  batch: { timeout: 50ms }
extensions:
  file_storage: { directory: '${directory}/queue' }
exporters:
  debug: { verbosity: detailed }
  file: { path: '${directory}/out.json' }
  otlp_http/good: ${exporter(ports['good'], 'compression: none')}
  otlp_http/refuses: ${exporter(ports['refuses'], `compression: none, dead_letter: { directory: '${directory}/letters' }`)}
  otlp_http/away: ${exporter(ports['away'], 'compression: none, sending_queue: { storage: file_storage }')}
service:
  telemetry: { logs: { level: debug } }
  extensions: [file_storage]
  pipelines:
${signals
  .map(
    (signal) =>
      `    ${signal}: { receivers: [otlp], processors: [mask, batch], exporters: [debug, file, otlp_http/good, otlp_http/refuses, otlp_http/away] }`,
  )
  .join('\n')}
`
}

async function output(args: readonly string[], input = ''): Promise<string> {
  const command = new RemoraProcess(args, { input })
  await command.exited
  return command.stdout + command.stderr
}

suite('a canary in every text of OTLP', () => {
  test('reaches no output of the process', { timeout: 90_000 }, async (t) => {
    const directory = await temporaryDirectory(t)
    const good = await OtlpSink.start()
    t.after(() => good.kill())
    const refuses = await OtlpSink.start()
    t.after(() => refuses.kill())
    refuses.mode = 'refuse'
    const ports = {
      in: await freePort(),
      good: good.httpPort,
      refuses: refuses.httpPort,
      away: await freePort(),
    }
    const config = configuration(directory, ports)
    const remora = await startRemora(t, config)
    const sender = new GrpcSender(ports.in)
    t.after(() => sender.close())
    for (const signal of signals) {
      for (const bytes of everyText(signal, canary, number)) await sender.send(signal, bytes)
    }
    await until('the backend to have all signals', () =>
      signals.every((one) => good.count(one) > 0),
    )
    await until('dead letters', () => filesBelow(join(directory, 'letters')).length > 0)
    const page = await fetch(`http://127.0.0.1:${remora.metricsPort}/metrics`)
    const metrics = await page.text()
    assert.match(metrics, /remora_mask_findings[^\n]*credit_card/)
    remora.child.kill('SIGKILL')
    await remora.exited
    for (const { bytes } of good.received) assertClean('the backend', Buffer.from(bytes))
    assertClean('the metrics page', Buffer.from(metrics))
    assert.match(remora.stdout, /<email:[0-9a-f]{16}>/)
    assertClean('stdout', Buffer.from(remora.stdout))
    assertClean('the log', Buffer.from(remora.stderr))
    const files = filesBelow(directory)
    for (const part of ['queue', 'letters', 'out.json']) {
      assert.ok(
        files.some((file) => file.startsWith(join(directory, part))),
        `nothing in ${part}`,
      )
    }
    for (const file of files) assertClean(file, readFileSync(file))
    const configFile = remora.child.spawnargs[remora.child.spawnargs.indexOf('--config') + 1] ?? ''
    for (const words of [
      ['queue', 'status'],
      ['dead-letters', 'list'],
    ]) {
      assertClean(words.join(' '), Buffer.from(await output([...words, '--config', configFile])))
    }
    const lines = `${canary}\n{"to":"${canary}","card":${number}}\n`
    for (const words of [['mask'], ['mask', '--explain']]) {
      const shown = await output([...words, '--config', configFile], lines)
      assert.match(shown, /mail <email> card <credit_card>[\s\S]*credit_card/)
      assertClean(words.join(' '), Buffer.from(shown))
    }
  })
})

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}
