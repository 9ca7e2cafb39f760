import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { jobs } from './jobs.ts'
import { measure } from './measure.ts'

// A bench that measures nothing is worse than none: each job once, with few items, through the real process.

suite('every job of the bench', () => {
  for (const job of jobs) {
    test(`${job.name} delivers what it sends, and finds the process`, async () => {
      const items = job.input === 'idle' ? 0 : 2000
      const measured = await measure(job, { items, idleSeconds: 0.1 })
      assert.ok(measured.items >= items)
      assert.equal(measured.delivered, measured.items)
      assert.equal(measured.refused, 0)
      assert.ok(measured.usage.residentMib > 10, `resident: ${measured.usage.residentMib} MiB`)
      assert.ok(measured.usage.anonymousMib > 1)
      assert.ok(measured.usage.cpuSeconds > 0)
      if (job.lines === undefined) assert.ok((measured.readySeconds ?? 0) > 0)
    })
  }
})
