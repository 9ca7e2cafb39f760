/**
 * The process that the kill test kills: appends numbered batches to a queue as fast as it takes them, takes and acknowledges some, and
 * says on stdout what it was promised. A line is written at once, and counts only once its end is there.
 *
 *     node append-and-print.ts <directory> <first number> <max size in bytes>
 */
import { writeSync } from 'node:fs'
import { openDiskQueue } from '../../../src/buffer/disk/open.ts'
import { systemClock } from '../../../src/component/clock.ts'
import { DeliveryError } from '../../../src/errors/delivery-error.ts'
import { account, numberedBatch, numberOf, quietLogger, settingsFor } from './queue-support.ts'

const [directory = '', firstNumber = '0', maxSizeBytes = '0'] = process.argv.slice(2)
const say = (line: string): void => {
  writeSync(1, `${line}\n`)
}

const settings = settingsFor(directory, {
  maxSizeBytes: Number(maxSizeBytes),
  cursorIntervalMs: 20,
  memoryBytes: 64 * 1024,
})
const { queue } = await openDiskQueue(settings, systemClock, quietLogger, {
  onReadable() {},
  onRoom() {},
  onLost: () => say('lost 0'),
  onFound() {},
  onFailing() {},
})

let number = Number(firstNumber)
const sender = async (): Promise<void> => {
  for (;;) {
    const mine = number++
    try {
      await queue.append(numberedBatch(mine, 100 + ((mine * 7919) % 6000)), account)
      say(`safe ${mine}`)
    } catch (error) {
      if (!(error instanceof DeliveryError) || error.code !== 'queue_full') throw error
      await new Promise((resolve) => setImmediate(resolve))
    }
    // Deliver somewhat more than a half of what comes, the even ones at once and others late.
    const record = mine % 3 === 0 ? undefined : queue.take()
    if (record === undefined) continue
    // First said, then done: the test must not expect it from here on.
    say(`ack ${numberOf(record.batch)}`)
    queue.ack(record)
  }
}
await Promise.all(Array.from({ length: 32 }, sender))
