import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openDiskQueue } from '../../../src/buffer/disk/open.ts'
import { systemClock } from '../../../src/component/clock.ts'
import { seed, seededRandom } from '../../support/random.ts'
import { drain } from './on-disk.ts'
import { quietEvents, quietLogger, settingsFor } from './queue-support.ts'

const rounds = Number(process.env['REMORA_KILL_ROUNDS'] ?? 20)
const child = fileURLToPath(new URL('append-and-print.ts', import.meta.url))
const maxSizeBytes = 2 * 1024 * 1024

interface Promised {
  readonly safe: Set<number>
  readonly acked: Set<number>
  /** Acknowledged, and handed out to a later process. */
  again: number
  next: number
}

/** Lets a process work for a while and kills it; notes what it was promised. */
async function runAndKill(directory: string, promised: Promised, lifeMs: number): Promise<void> {
  const process_ = spawn(
    process.execPath,
    [child, directory, String(promised.next), String(maxSizeBytes)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let output = ''
  process_.stdout.on('data', (chunk: Buffer) => {
    // It counts from when it works, not from when Node starts.
    if (output === '') setTimeout(() => process_.kill('SIGKILL'), lifeMs)
    output += chunk.toString()
  })
  const [code, signal] = await once(process_, 'close')
  assert.equal(signal, 'SIGKILL', `the process ended by itself with ${code}`)
  for (const line of output.split('\n').slice(0, -1)) {
    const [what, number] = line.split(' ')
    if (what === 'safe') promised.safe.add(Number(number))
    else if (what === 'ack') {
      if (promised.acked.has(Number(number))) promised.again++
      promised.acked.add(Number(number))
    } else assert.fail(`the process says "${line}"`)
    promised.next = Math.max(promised.next, Number(number) + 100)
  }
}

suite('kill -9', () => {
  test(`${rounds} times while batches go in and out loses none`, async (t) => {
    t.diagnostic(`REMORA_SEED=${seed}`)
    const random = seededRandom(seed)
    const directory = await mkdtemp(join(tmpdir(), 'remora-kill-'))
    t.after(() => rm(directory, { recursive: true }))
    const promised: Promised = { safe: new Set(), acked: new Set(), again: 0, next: 0 }
    for (let round = 0; round < rounds; round++) {
      await runAndKill(directory, promised, Math.floor(random() * 150))
      let bytes = 0
      for (const name of await readdir(directory)) bytes += (await stat(join(directory, name))).size
      assert.ok(bytes <= maxSizeBytes, `${bytes} bytes after round ${round}`)
    }
    const { queue, close } = await openDiskQueue(
      settingsFor(directory, { maxSizeBytes }),
      systemClock,
      quietLogger,
      quietEvents,
    )
    const delivered = new Set(await drain(queue))
    const lost = [...promised.safe].filter((n) => !promised.acked.has(n) && !delivered.has(n))
    const again = promised.again + [...delivered].filter((n) => promised.acked.has(n)).length
    t.diagnostic(
      `${promised.safe.size} safe, ${promised.acked.size} acknowledged, ${delivered.size} left, ${again} again`,
    )
    assert.deepEqual(lost, [])
    assert.equal(queue.lost.records, 0)
    await close()
  })
})
