import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { suite, test } from 'node:test'
import { loadRegistry } from '../components.ts'
import { cli } from './cli.ts'
import type { Io } from './io.ts'

function config(processors: string): string {
  return `yaml:{receivers: {otlp: {protocols: {grpc: {}}}}, exporters: {debug: {}}, processors: {${processors}}, service: {pipelines: {logs: {receivers: [otlp], processors: [${processors.split(':')[0]}], exporters: [debug]}}}}`
}

async function run(input: string | Buffer, ...args: string[]) {
  const out = { code: 0, stdout: '', bytes: Buffer.alloc(0), stderr: '' }
  const io: Io = {
    env: {},
    stdin: Readable.from([input]),
    stdout: (text) => {
      out.bytes = Buffer.concat([out.bytes, Buffer.from(text)])
      out.stdout = out.bytes.toString()
    },
    stderr: (text) => {
      out.stderr += text
    },
    readFile: () => assert.fail('no file is named'),
    loadRegistry,
  }
  out.code = await cli(['mask', ...args], io, { leaveSignals: () => {} } as never)
  return out
}

suite('remora mask', () => {
  test('prints the masked lines, and what was found', async () => {
    const source = config('mask: {detectors: [email, credit_card]}')
    const { code, stdout, stderr } = await run(
      'to a@b.io\nnone\nfür c@d.io, 4111111111111111\n',
      '--config',
      source,
    )
    assert.equal(stdout, 'to <email>\nnone\nfür <email>, <credit_card>\n')
    assert.equal(stderr, 'email: 2\ncredit_card: 1\n')
    assert.equal(code, 0)
  })

  test('explains, without printing what it found', async () => {
    const source = config('mask: {detectors: [email]}')
    const { stderr } = await run('x\nto a@b.io\n', '--config', source, '--explain')
    assert.match(
      stderr,
      /^line 2, bytes 4 to 9: email, confidence 1, mask\nemail: 1\. Addresses .*\.\n$/,
    )
    assert.ok(!stderr.includes('a@b.io'))
  })

  test('leaves out lines whose record would be dropped', async () => {
    const source = config('mask: {detectors: [email], action: drop_record}')
    const { stdout, stderr } = await run('a@b.io\nnone\n', '--config', source)
    assert.equal(stdout, 'none\n')
    assert.equal(stderr, 'email: 1\n1 of 2 lines dropped\n')
  })

  for (const places of ['exclude: [body]', 'include: [attributes]']) {
    test(`leaves lines as the pipeline leaves bodies, with ${places}`, async () => {
      const source = config(`mask: {detectors: [email], ${places}}`)
      const { stdout, stderr } = await run('a@b.io\n', '--config', source)
      assert.equal(stdout, 'a@b.io\n')
      assert.match(stderr, /^"mask" leaves the bodies of log records as they are/)
    })
  }

  test('tells what would be found by rules that only tag', async () => {
    const source = config('mask: {detectors: [email], action: tag}')
    const { stdout, stderr } = await run('to \\na@b.io\n', '--config', source, '--explain')
    assert.equal(stdout, 'to \\na@b.io\n')
    assert.match(stderr, /^line 1, bytes 6 to 11: email, confidence 1, tag\nemail: 1\. Addresses/)
  })

  test('says where in JSON it found something', async () => {
    const source = config('mask: {detectors: [email], json_strings: true}')
    const { stderr } = await run('{"m":{"to":"to a@b.io"}}\n', '--config', source, '--explain')
    assert.match(stderr, /^line 1, body\.m\.to, bytes 4 to 9: email/)
  })

  test('gives up on what the processor gives up on', async () => {
    const small = config('mask: {detectors: [email], max_field_size: 20}')
    const long = `a@b.io ${'x'.repeat(20)}\n`
    assert.equal((await run(long, '--config', small)).stdout, '<unexamined>\n')
  })

  test('leaves the ends of lines as they are', async () => {
    const source = config('mask: {detectors: [email]}')
    const input = 'a@b.io\r\nx\ry\u2028z c@d.io'
    assert.equal((await run(input, '--config', source)).stdout, '<email>\r\nx\ry\u2028z <email>')
    assert.equal((await run('', '--config', source)).stdout, '')
  })

  test('says that nothing masks', async () => {
    const { code, stderr } = await run('', '--config', config('batch: {}'))
    assert.equal(stderr, 'the configuration has no mask or redaction processor\n')
    assert.equal(code, 1)
  })

  test('leaves bytes that are no UTF-8 as they are', async () => {
    const input = Buffer.from('f\xfcr \xff a@b.io \xe2\x82\n\xc3', 'latin1')
    const { bytes } = await run(input, '--config', config('mask: {detectors: [email]}'))
    assert.equal(bytes.toString('latin1'), 'f\xfcr \xff <email> \xe2\x82\n\xc3')
  })

  test('does what redaction does, alone and behind mask', async () => {
    const redaction = "redaction: {allow_all_keys: true, blocked_values: ['tok-[0-9]+']}"
    const input = 'für tok-17\n\na@b.io\n'
    const alone = await run(input, '--config', config(redaction), '--explain')
    assert.equal(alone.stdout, 'für ****\n\na@b.io\n')
    assert.equal(
      alone.stderr,
      'line 1, changed by the rules of "redaction"\nredaction: 1 line changed\n',
    )
    const both = await run(input, '--config', config(`mask: {detectors: [email]}, ${redaction}`))
    assert.equal(both.stdout, 'für ****\n\n<email>\n')
    assert.equal(
      both.stderr.split('\n').slice(-3).join('\n'),
      'email: 1\nredaction: 1 line changed\n',
    )
  })
})
