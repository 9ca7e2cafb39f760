import assert from 'node:assert/strict'
import type { Stats } from 'node:fs'
import { suite, test } from 'node:test'
import { seededRandom } from '../../test/support/random.ts'
import { sharesHead } from './head.ts'
import { HeadIndex } from './head-index.ts'
import type { Source } from './source.ts'
import { TailedFile } from './tailed-file.ts'

suite('heads of 20,000 files', () => {
  function file(id: number): TailedFile {
    return new TailedFile(id, `${id}.log`, { dev: 1, ino: id } as Stats, 0, {} as Source)
  }

  test('each is compared with few others, also when all begin with the same date', () => {
    const index = new HeadIndex()
    let compared = 0
    for (let id = 0; id < 20_000; id++) {
      const one = file(id)
      // Half of them short, half long.
      const text = `2026-11-21T00:00:00Z ${id} ${'x'.repeat(id % 2 === 0 ? 30 : 900)}`
      index.set(one, text)
      for (const _ of index.alike(one)) compared++
    }
    assert.ok(compared < 20_000 * 20, `${compared} comparisons`)
  })

  test('finds the longer, the shorter and the equal one, and nothing that is deleted or has changed', () => {
    const index = new HeadIndex()
    const text = 'a'.repeat(700)
    const heads = ['a', text.slice(0, 5), text.slice(0, 70), text.slice(0, 600), text]
    const files = heads.map((head, id) => {
      const one = file(id)
      index.set(one, head)
      return one
    })
    for (const one of files) assert.deepEqual(new Set(index.alike(one)), new Set(files))
    index.delete(files[0] as TailedFile)
    index.set(files[1] as TailedFile, 'b')
    const last = files[4] as TailedFile
    assert.deepEqual(new Set(index.alike(last)), new Set(files.slice(2)))
  })

  test('finds what a comparison with each file finds, whatever was added, changed and deleted', () => {
    const seed = 5
    const random = seededRandom(seed)
    const pick = (below: number) => Math.floor(random() * below)
    const index = new HeadIndex()
    const files = Array.from({ length: 40 }, (_, id) => file(id + 1))
    const known = new Set<TailedFile>()
    const letters = 'ab\xff\0'
    for (let step = 0; step < 5000; step++) {
      const one = files[pick(files.length)] as TailedFile
      if (pick(3) === 0) {
        index.delete(one)
        known.delete(one)
      } else {
        index.set(one, Array.from({ length: pick(7) }, () => letters[pick(4)]).join(''))
        known.add(one)
      }
      const wanted = [...known].filter((other) => sharesHead(one.head, other.head))
      const found = [...index.alike(one)]
      assert.equal(found.length, wanted.length, `seed ${seed}, step ${step}`)
      assert.deepEqual(new Set(found), new Set(wanted), `seed ${seed}, step ${step}`)
    }
  })

  test('goes on where it was when the one at hand is deleted or has another head', () => {
    for (const change of ['delete', 'set'] as const) {
      const index = new HeadIndex()
      const heads = ['abc', 'abcd', 'abcde', 'ab', 'a']
      const files = heads.map((head, id) => {
        const one = file(id + 1)
        index.set(one, head)
        return one
      })
      const found: string[] = []
      for (const one of index.alike(files[0] as TailedFile)) {
        found.push(one.head)
        if (change === 'delete') index.delete(one)
        else index.set(one, 'zzz')
      }
      assert.deepEqual(found, heads)
    }
  })
})
