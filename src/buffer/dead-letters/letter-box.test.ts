import assert from 'node:assert/strict'
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { decodeLetter, encodeLetter, type LetterHead } from './letter.ts'
import { LetterBox, listLetters } from './letter-box.ts'

const root = await mkdtemp(join(tmpdir(), 'remora-letters-'))
after(() => rm(root, { recursive: true }))
let boxes = 0

function headOf(items: number, over: Partial<LetterHead> = {}): LetterHead {
  return {
    timeMs: 1_767_225_600_000,
    exporter: 'otlp_http/a',
    pipelines: ['logs', 'logs/2'],
    signal: 'logs',
    items,
    code: 'backend_rejected',
    reason: 'HTTP 400: bad — “quoted”',
    ...over,
  }
}

const payload = [Buffer.from('first'), Buffer.from('second')]

async function openBox(bytesMax = 1_000_000): Promise<LetterBox> {
  const box = new LetterBox(join(root, String(boxes++), 'deep'), bytesMax)
  await box.open()
  return box
}

suite('a letter', () => {
  const whole = Buffer.concat(encodeLetter(headOf(3), payload))

  test('comes back as it was', () => {
    assert.deepEqual(decodeLetter(whole), {
      head: headOf(3),
      payload: Buffer.from('firstsecond'),
    })
  })

  test('cut at any byte is none', () => {
    for (let length = 0; length < whole.length; length++) {
      assert.equal(typeof decodeLetter(whole.subarray(0, length)), 'string', `${length} bytes`)
    }
    assert.equal(typeof decodeLetter(Buffer.concat([whole, Buffer.from('x')])), 'string')
  })

  test('with any bit flipped is none', () => {
    for (let at = 0; at < whole.length; at++) {
      const damaged = Buffer.from(whole)
      damaged[at] = (damaged[at] as number) ^ (1 << (at % 8))
      assert.equal(typeof decodeLetter(damaged), 'string', `byte ${at}`)
    }
  })

  const heads: readonly unknown[] = [
    null,
    [],
    'x',
    1,
    {},
    { ...headOf(1), signal: 'nope' },
    { ...headOf(1), timeMs: 1e300 },
    { ...headOf(1), pipelines: [{}] },
  ]
  for (const head of heads) {
    test(`with the head ${JSON.stringify(head)} is none`, () => {
      const bytes = Buffer.concat(encodeLetter(head as LetterHead, []))
      assert.equal(decodeLetter(bytes), 'its head is incomplete')
    })
  }
})

suite('a letter box', () => {
  test('keeps letters over a restart, oldest first', async () => {
    const box = await openBox()
    for (const items of [1, 2, 3]) await box.add(headOf(items), payload)
    const again = new LetterBox(box.directory, 1_000_000)
    await again.open()
    assert.deepEqual([again.length, again.items, again.bytes], [3, 6, box.bytes])
    await again.add(headOf(4), payload)
    const listed = await listLetters(box.directory)
    assert.deepEqual(
      listed.map(({ number, head }) => [number, (head as LetterHead).items]),
      [
        [1, 1],
        [2, 2],
        [3, 3],
        [4, 4],
      ],
    )
    const letter = await again.read(2)
    assert.ok(typeof letter === 'object')
    assert.deepEqual(letter.payload, Buffer.from('firstsecond'))
  })

  test('is never larger than it may be: the oldest go, and are counted', async () => {
    const one = Buffer.concat(encodeLetter(headOf(10), [Buffer.alloc(1000)])).length
    const box = await openBox(one * 3)
    let lost = 0
    for (let i = 0; i < 10; i++) {
      lost += await box.add(headOf(10), [Buffer.alloc(1000)])
      const onDisk = await sizeOf(box.directory)
      assert.ok(onDisk <= one * 3 && onDisk === box.bytes, `${onDisk} bytes`)
    }
    assert.deepEqual([box.length, box.items, lost], [3, 30, 70])
    assert.deepEqual(
      (await listLetters(box.directory)).map(({ number }) => number),
      [8, 9, 10],
    )
  })

  test('notices what somebody else removed', async () => {
    const box = await openBox()
    for (const items of [1, 2, 3]) await box.add(headOf(items), payload)
    const other = new LetterBox(box.directory, 0)
    assert.equal(await other.remove(2), true)
    assert.equal(await box.remove(2), false)
    assert.deepEqual([box.items, await box.read(2)], [4, undefined])
    await other.remove(1)
    await box.open()
    assert.deepEqual([box.length, box.items], [1, 3])
  })

  test('takes no number that is taken', async () => {
    const [box, other] = [
      await openBox(),
      new LetterBox(join(root, String(boxes - 1), 'deep'), 1e6),
    ]
    await other.open()
    await box.add(headOf(1), payload)
    await other.add(headOf(2), payload)
    await box.add(headOf(3), payload)
    const listed = await listLetters(box.directory)
    assert.deepEqual(
      listed.map(({ head }) => (head as LetterHead).items),
      [1, 2, 3],
    )
  })

  test('looks at the directory again when somebody else has added a letter, and not for each of its own', async () => {
    const box = await openBox()
    await box.add(headOf(1), payload)
    const whole = await readFile(join(box.directory, '00000001.letter'))
    // Far from the numbers that come next, so that nothing tells of it yet.
    await writeFile(join(box.directory, '00000900.letter'), whole)
    await box.add(headOf(2), payload)
    assert.equal(box.length, 2)
    await writeFile(join(box.directory, '00000003.letter'), whole)
    await box.add(headOf(3), payload)
    const numbers = (await listLetters(box.directory)).map(({ number }) => number)
    assert.deepEqual(numbers, [1, 2, 3, 900, 901])
    assert.equal(box.length, 5)
  })

  test('says what is wrong with a damaged letter, and leaves foreign files alone', async () => {
    const box = await openBox()
    for (const items of [1, 2, 3]) await box.add(headOf(items), payload)
    await truncate(join(box.directory, '00000002.letter'), 30)
    await writeFile(join(box.directory, '00000009.letter'), '')
    await writeFile(join(box.directory, 'readme.txt'), 'x')
    assert.deepEqual(
      (await listLetters(box.directory)).map(({ number, head }) => [
        number,
        typeof head === 'string' ? head : head.items,
      ]),
      [
        [1, 1],
        [2, 'its size is wrong'],
        [3, 3],
        [9, 'it is no dead letter'],
      ],
    )
    await box.open()
    await box.add(headOf(4), payload)
    assert.equal(typeof (await box.read(10)), 'object')
    assert.equal(await readFile(join(box.directory, 'readme.txt'), 'utf8'), 'x')
  })

  test('beside a directory and a link that have the name of a letter', async () => {
    const box = await openBox()
    await box.add(headOf(1), payload)
    await mkdir(join(box.directory, '00000002.letter'))
    await symlink('nowhere', join(box.directory, '00000003.letter'))
    await box.add(headOf(4), payload)
    assert.deepEqual(
      (await listLetters(box.directory)).map(({ number }) => number),
      [1, 4],
    )
  })

  test('admits no letter whose head makes it too large', async () => {
    const box = await openBox(10_000)
    const head = headOf(1, { reason: '\u0001'.repeat(1500) })
    assert.ok(box.admits(headOf(1), 5000))
    assert.ok(!box.admits(head, 5000))
  })

  test('that cannot be written rejects, and leaves nothing', async () => {
    const box = await openBox()
    await rm(box.directory, { recursive: true })
    await writeFile(box.directory, 'no directory')
    await assert.rejects(box.add(headOf(1), payload), { code: 'ENOTDIR' })
    await rm(box.directory)
    await box.add(headOf(1), payload)
    assert.equal((await readdir(box.directory)).length, 1)
  })

  test('whose directory is removed begins anew', async () => {
    const box = await openBox()
    await box.add(headOf(1), payload)
    await rm(box.directory, { recursive: true })
    await box.add(headOf(2), payload)
    assert.deepEqual([box.length, box.items], [1, 2])
  })

  test('shared by two keeps its bounds', async () => {
    const bytesMax = 20_000
    const box = await openBox(bytesMax)
    const other = new LetterBox(box.directory, bytesMax)
    await other.open()
    const large = [Buffer.alloc(1500)]
    let lost = 0
    for (let items = 1; items <= 40; items++) {
      lost += await (items % 2 === 0 ? box : other).add(headOf(items), large)
      assert.ok((await sizeOf(box.directory)) <= bytesMax)
    }
    const kept = await listLetters(box.directory)
    const items = kept.map(({ head }) => (head as LetterHead).items)
    assert.deepEqual(
      items,
      items.toSorted((a, b) => a - b),
    )
    assert.equal(items.at(-1), 40)
    assert.equal(lost + items.reduce((sum, each) => sum + each, 0), (40 * 41) / 2)
  })

  test('that does not exist is empty', async () => {
    assert.deepEqual(await listLetters(join(root, 'nowhere')), [])
  })
})

async function sizeOf(directory: string): Promise<number> {
  let total = 0
  for (const name of await readdir(directory)) {
    total += (await readFile(join(directory, name))).length
  }
  return total
}
