import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import {
  type FileHandle,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, suite, test } from 'node:test'
import { zstdDecompressSync } from 'node:zlib'
import * as v from 'valibot'
import { numberedLogs, numbersIn } from '../../../test/support/numbered-logs.ts'
import { testContext } from '../../../test/support/recording-intake.ts'
import { testSettings } from '../../../test/support/settings.ts'
import { Batch } from '../../signal/batch.ts'
import { fromJson } from '../../wire/otlp/from-json.ts'
import { file } from './definition.ts'
import { FileExporter } from './exporter.ts'
import type { OpenFile } from './record-file.ts'
import { backupPath, listBackups } from './rotation.ts'
import { config } from './schema.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'remora-file-'))
  cleanups.push(() => rm(path, { recursive: true, force: true }))
  return path
}

async function exporter(input: v.InferInput<typeof config>, openFile?: OpenFile) {
  const settings = testSettings(v.parse(config, input), { id: 'file' })
  const made = new FileExporter(settings, openFile)
  await made.start()
  return { made, settings, stop: () => made.stop(new AbortController().signal) }
}

/** The records behind their lengths. */
function split(bytes: Buffer): Buffer[] {
  const records: Buffer[] = []
  for (let offset = 0; offset < bytes.byteLength; ) {
    const length = bytes.readUInt32BE(offset)
    records.push(bytes.subarray(offset + 4, offset + 4 + length))
    offset += 4 + length
  }
  return records
}

suite('the file', () => {
  test('holds a line of OTLP/JSON for each batch', async () => {
    const path = join(await folder(), 'new/deep/out.json')
    const { made, stop } = await exporter({ path })
    await Promise.all([0, 10, 20].map((n) => made.consume(numberedLogs(n, 10), testContext())))
    const lines = (await readFile(path, 'utf8')).split('\n')
    assert.equal(lines.pop(), '')
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).resourceLogs.length),
      [1, 1, 1],
    )
    assert.deepEqual(
      lines.flatMap((line) => numbersIn(Buffer.from(line))),
      [...Array(30).keys()],
    )
    await stop()
  })

  test('holds what was there: nothing for what is absent, {} for what is empty', async () => {
    const path = join(await folder(), 'out.json')
    const { made, stop } = await exporter({ path })
    const texts = [
      '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityText":"a"}]}]}]}',
      '{"resourceLogs":[{"resource":{},"scopeLogs":[{"scope":{},"logRecords":[{"body":{}}]}]}]}',
    ]
    for (const text of texts) {
      await made.consume(new Batch('logs', [fromJson('logs', text)], 1), testContext())
    }
    assert.deepEqual((await readFile(path, 'utf8')).trimEnd().split('\n'), texts)
    await stop()
  })

  const batch = numberedLogs(0, 500)
  const plain = Buffer.from(batch.bytes())
  test('holds protobuf behind lengths', async () => {
    const path = join(await folder(), 'out.pb')
    const { made, stop } = await exporter({ path, format: 'proto', fsync: true })
    for (let i = 0; i < 2; i++) await made.consume(batch, testContext())
    assert.deepEqual(split(await readFile(path)), [plain, plain])
    await stop()
  })

  test('holds zstd behind lengths', async () => {
    const path = join(await folder(), 'out.zst')
    const { made, stop } = await exporter({ path, format: 'proto', compression: 'zstd' })
    await made.consume(batch, testContext())
    assert.deepEqual(
      split(await readFile(path)).map((record) => zstdDecompressSync(record)),
      [plain],
    )
    await stop()
  })

  for (const append of [false, true]) {
    test(`is ${append ? 'kept' : 'begun anew'} with append: ${append}`, async () => {
      const path = join(await folder(), 'out.json')
      await writeFile(path, 'old\n')
      const { made, stop } = await exporter({ path, append })
      await made.consume(numberedLogs(0, 1), testContext())
      assert.equal((await readFile(path, 'utf8')).startsWith('old\n{'), append)
      await stop()
    })
  }

  test('that cannot be opened is named', async () => {
    const path = join(await folder(), 'missing/out.json')
    const starting = exporter({ path, create_directory: { enabled: false } })
    await assert.rejects(starting, /^Error: cannot open ".*out\.json" for writing: ENOENT/)
  })
})

suite('rotation', () => {
  test('loses and splits no record', async () => {
    const directory = await folder()
    const path = join(directory, 'out.json')
    const { made, settings, stop } = await exporter({
      path,
      rotation: { max_megabytes: 1, max_backups: 0 },
    })
    const answers: Promise<void>[] = []
    for (let n = 0; n < 400; n++) {
      answers.push(made.consume(numberedLogs(n * 10, 10, 1500), testContext()))
      if (n % 7 === 0) await settings.clock.advance(1)
    }
    // A record that is larger than a whole file.
    answers.push(made.consume(numberedLogs(4000, 10, 200_000), testContext()))
    answers.push(made.consume(numberedLogs(4010, 10), testContext()))
    await Promise.all(answers)
    await stop()
    const backups = await listBackups(path)
    assert.ok(backups.length >= 6, `${backups.length} files set aside`)
    const numbers: number[] = []
    for (const one of [...backups, path]) {
      const bytes = await readFile(one)
      const lines = bytes.toString().trimEnd().split('\n')
      for (const line of lines) JSON.parse(line)
      assert.ok(bytes.byteLength <= 1_048_576 || lines.length === 1)
      numbers.push(...numbersIn(bytes))
    }
    assert.deepEqual(numbers, [...Array(4020).keys()])
  })

  test('keeps max_backups, and those of max_days, and deletes nothing else', async () => {
    const directory = await folder()
    const path = join(directory, 'out.json')
    const others = ['out-notes.json', 'out-2026.json', 'other-2020-01-01T00-00-00.000.json']
    for (const name of others) await writeFile(join(directory, name), '')
    const old = join(directory, 'out-2020-01-01T00-00-00.000.json')
    await writeFile(old, '')
    await utimes(old, 1, 1)
    const rotation = { max_megabytes: 1, max_backups: 2, max_days: 3 }
    const { made, stop } = await exporter({ path, rotation })
    for (let n = 0; n < 5; n++) await made.consume(numberedLogs(n, 1, 700_000), testContext())
    await stop()
    const left = await readdir(directory)
    assert.deepEqual(left.filter((name) => others.includes(name)).sort(), others.toSorted())
    assert.equal((await listBackups(path)).length, 2)
    assert.ok(!existsSync(old))
  })

  test('goes on with the file that is there', async () => {
    const path = join(await folder(), 'out.json')
    for (let run = 0; run < 2; run++) {
      const { made, stop } = await exporter({ path, rotation: {} })
      await made.consume(numberedLogs(run, 1), testContext())
      await stop()
    }
    assert.deepEqual(numbersIn(await readFile(path)), [0, 1])
  })

  test('names sort by age', () => {
    const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
    assert.equal(backupPath('/x/out.json', at, false, 0), '/x/out-2026-01-02T03-04-05.678.json')
    assert.equal(backupPath('/x/out', at, false, 2), '/x/out-2026-01-02T03-04-05.678-2')
  })
})

suite('a full disk', () => {
  test('refuses as retryable, and says so', {
    skip: existsSync('/dev/full') ? false : 'this system has no /dev/full',
  }, async () => {
    const { made, settings, stop } = await exporter({ path: '/dev/full' })
    const context = testContext()
    await assert.rejects(made.consume(numberedLogs(0, 5), context), {
      code: 'write_failed',
      retry: 'backoff',
      message: /ENOSPC/,
    })
    assert.equal(context.ledger.exporter('file').queued, 0)
    assert.equal(settings.statuses.at(-1)?.state, 'recoverable_error')
    await stop()
  })

  test('leaves no half record behind, and all is well when there is room again', async () => {
    const path = join(await folder(), 'out.json')
    let roomBytes = 1000
    /** A disk with little room: writes what fits, then fails. */
    const openSmall: OpenFile = async (name, flags, mode) => {
      const handle = await open(name, flags, mode)
      const write = handle.write.bind(handle) as (
        buffer: Uint8Array,
        offset: number,
        length: number,
        position: null,
      ) => Promise<{ bytesWritten: number }>
      const limited = async (
        buffer: Uint8Array,
        offset: number,
        length: number,
      ): Promise<unknown> => {
        if (roomBytes === 0)
          throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' })
        const { bytesWritten } = await write(buffer, offset, Math.min(length, roomBytes), null)
        roomBytes -= bytesWritten
        return { bytesWritten }
      }
      handle.write = limited as FileHandle['write']
      return handle
    }
    const { made, settings, stop } = await exporter({ path }, openSmall)
    await made.consume(numberedLogs(0, 3), testContext())
    await assert.rejects(made.consume(numberedLogs(3, 50), testContext()), { code: 'write_failed' })
    assert.deepEqual(numbersIn(await readFile(path)), [0, 1, 2])
    await assert.rejects(made.consume(numberedLogs(3, 50), testContext()), { code: 'write_failed' })
    roomBytes = 1e9
    await made.consume(numberedLogs(3, 50), testContext())
    const text = await readFile(path, 'utf8')
    for (const line of text.trimEnd().split('\n')) JSON.parse(line)
    assert.deepEqual(numbersIn(Buffer.from(text)), [...Array(53).keys()])
    assert.deepEqual(
      settings.statuses.map((status) => status.state),
      ['recoverable_error', 'ok'],
    )
    await stop()
  })
})

test('examples are valid', () => {
  for (const example of file.examples) v.parse(config, example.config)
})
