import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'

const script = `
  const { openSync, closeSync } = await import('node:fs')
  const { memoryUsage } = await import('./src/memory/memory-usage.ts')
  const before = memoryUsage()
  const files = []
  try {
    for (;;) files.push(openSync('/'))
  } catch {}
  const without = memoryUsage()
  closeSync(files[0])
  const after = memoryUsage()
  console.log(JSON.stringify([before, without, after]))`

test('a process that may open no more files still knows its memory', () => {
  const limited = 'ulimit -n 64; exec "$0" --input-type=module --eval "$1"'
  const text = execFileSync('sh', ['-c', limited, process.execPath, script], { encoding: 'utf8' })
  const [before, without, after] = JSON.parse(text) as NodeJS.MemoryUsage[]
  assert.ok(before !== undefined && without !== undefined && after !== undefined)
  assert.equal(without.rss, before.rss)
  assert.ok(after.rss > 0)
  for (const part of ['heapUsed', 'heapTotal', 'external'] as const) {
    const ratio = without[part] / after[part]
    assert.ok(ratio > 0.5 && ratio < 2, `${part}: ${without[part]} and ${after[part]}`)
  }
})
