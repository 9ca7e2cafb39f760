import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import * as v from 'valibot'
import { systemClock } from '../../component/clock.ts'
import type { Logger } from '../../component/telemetry.ts'
import { fileStorage } from './definition.ts'
import { fileNameOf } from './file-name.ts'
import { FileStorage } from './file-storage.ts'
import { readSnapshot, writeSnapshot } from './snapshot.ts'
import { openDirectory } from './usable-directory.ts'

const root = await mkdtemp(join(tmpdir(), 'remora-storage-'))
after(() => rm(root, { recursive: true }))
let directories = 0

suite('file_storage', () => {
  test('keeps what was updated over a restart, and forgets what was deleted', async () => {
    const directory = newDirectory()
    const first = await started(directory)
    const client = await first.storage.open('receiver_file_log_app')
    await client.update(
      new Map([
        ['a', bytes('1')],
        ['b', bytes('2')],
      ]),
    )
    await Promise.all([
      client.update(new Map([['a', undefined]])),
      client.update(new Map([['c', bytes('3')]])),
    ])
    await client.close()
    await first.stop()
    const second = await started(directory)
    const again = await second.storage.open('receiver_file_log_app')
    assert.deepEqual([...again.keys()].sort(), ['b', 'c'])
    assert.deepEqual(again.get('c'), bytes('3'))
    await again.close()
    await second.stop()
  })

  test('refuses a name that is open already', async () => {
    const storage = await started(newDirectory())
    await storage.open('x')
    await assert.rejects(storage.open('x'), /cannot open storage "x": it is open already/)
    await storage.stop()
  })

  test('refuses a directory that another process uses, and names it', async () => {
    const directory = newDirectory()
    const first = await started(directory)
    await assert.rejects(started(directory), new RegExp(`process ${process.pid} uses it`))
    await first.stop()
    await (await started(directory)).stop()
  })

  const stale = [
    ['of a process that is gone', '{"pid":4194303,"startedAt":"1"}\n'],
    ['of an earlier process with our id', `{"pid":${process.pid},"startedAt":"1"}\n`],
    ['of a process that started at another time', '{"pid":1,"startedAt":"999999999999"}\n'],
    ['that was never written to its end', '{"pid":'],
    ['that is empty', ''],
  ] as const
  for (const [name, text] of stale) {
    test(`takes over a lock ${name}`, async () => {
      const directory = newDirectory()
      await (await started(directory)).stop()
      await writeFile(join(directory, 'lock'), text)
      const storage = await started(directory)
      assert.match(
        await readFile(join(directory, 'lock'), 'utf8'),
        new RegExp(`"pid":${process.pid}`),
      )
      await storage.stop()
    })
  }

  test('says which directory cannot be used', async () => {
    const file = join(root, 'a-file')
    await writeFile(file, '')
    const isFile = {
      message: `cannot use directory "${file}": it, or a part of its path, is a file`,
    }
    await assert.rejects(started(file), isFile)
    await assert.rejects(
      started(join(file, 'below')),
      /below": it, or a part of its path, is a file/,
    )
    const missing = join(root, 'missing')
    const madeByOthers = { directory: missing, createDirectory: false, directoryMode: 0o750 }
    await assert.rejects(openDirectory(madeByOthers), {
      message: `cannot use directory "${missing}": there is none; make it, or set create_directory: true`,
    })
    if (process.platform === 'linux') {
      await assert.rejects(started('/proc/remora'), /"\/proc\/remora": it cannot be made there/)
    }
  })
})

suite('a damaged file is set aside and the start goes on:', () => {
  const good = writeSnapshot(new Map([['key', bytes('value')]]))
  const flipped = Uint8Array.from(good)
  flipped[good.length - 1] = (flipped[good.length - 1] as number) ^ 1
  const future = Uint8Array.from(good)
  future[4] = 9
  const rows: readonly (readonly [string, Uint8Array])[] = [
    ['empty', new Uint8Array()],
    ['zeroes', new Uint8Array(64)],
    ['a flipped bit', flipped],
    ['a future version', future],
    ['something else', bytes('this is no storage file at all')],
    ...Array.from(
      { length: good.length },
      (_, size) => [`cut at ${size}`, good.subarray(0, size)] as const,
    ),
  ]
  test('every row', async () => {
    for (const [name, content] of rows) {
      const directory = newDirectory()
      await (await started(directory)).stop()
      await writeFile(join(directory, 'app.state'), content)
      const counted = { value: 0 }
      const storage = await started(directory, counted)
      const client = await storage.open('app')
      assert.deepEqual(client.keys(), [], name)
      assert.equal(counted.value, 1, name)
      assert.equal((await readdir(directory)).filter((n) => n.includes('damaged')).length, 1, name)
      await client.update(new Map([['key', bytes('new')]]))
      await client.close()
      await storage.stop()
    }
  })
})

suite('fileNameOf', () => {
  const rows = [
    ['receiver_file_log_app', 'receiver_file_log_app'],
    ['../../etc/passwd', '%2E%2E%2F%2E%2E%2Fetc%2Fpasswd'],
    ['a\0b', 'a%00b'],
    ['ä', '%C3%A4'],
    ['', ''],
  ] as const
  for (const [name, want] of rows) {
    test(JSON.stringify(name), () => assert.equal(fileNameOf(name), want))
  }
  test('long names stay short and apart', () => {
    const a = fileNameOf(`${'x'.repeat(4096)}a`)
    const b = fileNameOf(`${'x'.repeat(4096)}b`)
    assert.notEqual(a, b)
    assert.ok(a.length <= 160)
  })
})

test('a snapshot reads back as written', () => {
  const entries = new Map([
    ['', bytes('')],
    ['ключ', bytes('x'.repeat(5000))],
    ['k', bytes('v')],
  ])
  assert.deepEqual(readSnapshot(writeSnapshot(entries)), entries)
})

suite('a segment_size that is more than what a queue takes', () => {
  for (const [input, want] of [
    [{}, []],
    [{ max_size: '256MiB', segment_size: '16MiB' }, []],
    [{ max_size: '64MiB', segment_size: '16MiB' }, [['segment_size']]],
  ] as const) {
    test(JSON.stringify(input), () => {
      const warnings = fileStorage.warnings?.(v.parse(fileStorage.config, input)) ?? []
      assert.deepEqual(
        warnings.map(({ option }) => option),
        want,
      )
    })
  }
})

function bytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text))
}

function newDirectory(): string {
  directories++
  return join(root, String(directories), 'storage')
}

async function started(directory: string, counted = { value: 0 }): Promise<FileStorage> {
  const none = (): void => undefined
  const logger: Logger = { debug: none, info: none, warn: none, error: none }
  const storage = new FileStorage(
    {
      directory,
      createDirectory: true,
      directoryMode: 0o750,
      timeoutMs: 60,
      fsync: true,
      queues: { maxSizeBytes: 0, segmentSizeBytes: undefined, fsync: true, syncIntervalMs: 0 },
    },
    logger,
    systemClock,
    {
      add: (n) => {
        counted.value += n
      },
    },
  )
  await storage.start()
  return storage
}
