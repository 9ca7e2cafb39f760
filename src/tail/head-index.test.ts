import assert from 'node:assert/strict'
import type { Stats } from 'node:fs'
import { suite, test } from 'node:test'
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
      index.set(one, Buffer.from(text))
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
      index.set(one, Buffer.from(head))
      return one
    })
    for (const one of files) assert.deepEqual(new Set(index.alike(one)), new Set(files))
    index.delete(files[0] as TailedFile)
    index.set(files[1] as TailedFile, Buffer.from('b'))
    const last = files[4] as TailedFile
    assert.deepEqual(new Set(index.alike(last)), new Set(files.slice(2)))
  })
})
