import assert from 'node:assert/strict'
import { DiskQueue, type DiskQueueSettings } from '../../../src/buffer/disk/disk-queue.ts'
import type { DiskRecord } from '../../../src/buffer/disk/disk-record.ts'
import { DeliveryError } from '../../../src/errors/delivery-error.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { Random } from '../../support/random.ts'
import {
  account,
  numberedBatch,
  numberOf,
  quietEvents,
  quietLogger,
  settingsFor,
} from './queue-support.ts'
import { type FaultyCall, failure, SimulatedFileSystem } from './simulated-file-system.ts'

const KiB = 1024
const caps = [64 * KiB, 96 * KiB, 160 * KiB]
const writingCalls: readonly FaultyCall[] = [
  'create',
  'writev',
  'sync',
  'truncate',
  'rename',
  'unlink',
  'syncDirectory',
]

/** What must be true of one batch. */
interface Fate {
  /** `append` has resolved. */
  safe: boolean
  delivered: boolean
  acknowledged: boolean
  /** The acknowledgement has reached the disk: never hand it out again. */
  settled: boolean
}

/**
 * One random life of a queue on the simulated file system, beside the simplest model: a list of numbers and what became of
 * each. Throws at the first thing that must not be.
 */
export class ModelRun {
  readonly #random: Random
  readonly fs: SimulatedFileSystem
  readonly #fates: Fate[] = []
  readonly #mayDrop: boolean
  readonly #fsync: boolean
  #dropped = 0
  /** Records that the queue has given up as damaged. */
  #lost = 0
  #powerFailed = false
  #queue: DiskQueue | undefined
  #settings: DiskQueueSettings | undefined
  #clock = new FakeClock()
  #taken: { readonly record: DiskRecord; readonly number: number }[] = []
  #lastTaken = -1
  #crashed = false

  constructor(seed: number) {
    this.#random = new Random(seed)
    this.fs = new SimulatedFileSystem(this.#random)
    this.fs.onCrash = () => {
      this.#crashed = true
    }
    this.#mayDrop = this.#random.below(4) === 0
    this.#fsync = this.#random.below(5) > 0
  }

  async run(): Promise<void> {
    await this.#open()
    const steps = 20 + this.#random.below(40)
    for (let step = 0; step < steps; step++) {
      await this.#step()
      if (this.#crashed) await this.#restart()
      this.#checkBytes()
    }
    await this.#finale()
  }

  /** Whatever happened: everything safe comes out, a fresh batch passes, and what is acknowledged stays away. */
  async #finale(): Promise<void> {
    this.fs.callsLeft = Number.POSITIVE_INFINITY
    await this.#settle()
    await this.#restart()
    await this.#drain()
    const fresh = this.#append()
    await this.#settleAndAdvance()
    await this.#drain()
    assert.ok(this.#fates[fresh]?.delivered, 'a fresh batch does not pass')
    const missing = this.#fates.filter((fate) => fate.safe && !fate.delivered).length
    assert.ok(missing <= this.#dropped, `${missing} safe batches are lost`)
    if (!this.#powerFailed) assert.equal(this.#lost, 0, 'records pass for damaged')
    await this.#close()
    await this.#open()
    assert.deepEqual({ ...this.#mustQueue().waiting }, { records: 0, items: 0, bytes: 0 })
    await this.#close()
  }

  async #step(): Promise<void> {
    switch (this.#random.below(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
        for (let count = 1 + this.#random.below(5); count > 0; count--) this.#append()
        break
      case 4:
      case 5:
        for (let count = 1 + this.#random.below(6); count > 0; count--) this.#take()
        break
      case 6:
      case 7:
        for (let count = this.#random.below(6); count > 0; count--) this.#ack()
        break
      case 8:
      case 9:
        await this.#settleAndAdvance()
        break
      case 10:
        this.#breakCalls()
        break
      case 11:
        this.fs.capacityBytes = this.fs.usedBytes + this.#random.below(6 * KiB)
        break
      case 12:
        this.#repairDisk()
        break
      case 13:
        this.fs.callsLeft = this.#random.below(14)
        break
      case 14:
        if (this.#mayDrop) this.#dropOldest(this.#random.below(20 * KiB))
        break
      default:
        await this.#reopenOrCrash()
    }
    for (let turns = this.#random.below(6); turns > 0; turns--) await turn()
  }

  #append(): number {
    const number = this.#fates.length
    const size = this.#random.below(12) === 0 ? 20 * KiB : this.#random.below(3) === 0 ? 3000 : 300
    const batch = numberedBatch(number, 8 + this.#random.below(size))
    const fate: Fate = { safe: false, delivered: false, acknowledged: false, settled: false }
    this.#fates.push(fate)
    const queue = this.#mustQueue()
    const fits = queue.fits(batch.sizeBytes, account)
    queue.append(batch, account).then(
      () => {
        fate.safe = true
      },
      (error: unknown) => {
        assert.ok(error instanceof DeliveryError, String(error))
        assert.ok(['queue_full', 'write_failed', 'stopping'].includes(error.code), error.code)
        assert.ok(fits || error.code !== 'stopping')
      },
    )
    return number
  }

  #take(): boolean {
    const record = this.#mustQueue().take()
    if (record === undefined) return false
    const number = numberOf(record.batch)
    const fate = this.#fates[number]
    assert.ok(fate !== undefined, 'a batch that nobody gave')
    assert.equal(record.account, account)
    assert.ok(number > this.#lastTaken, `batch ${number} comes after ${this.#lastTaken}`)
    assert.ok(!fate.settled, `batch ${number} was acknowledged and comes again`)
    this.#lastTaken = number
    fate.delivered = true
    this.#taken.push({ record, number })
    return true
  }

  #ack(): void {
    if (this.#taken.length === 0) return
    const [one] = this.#taken.splice(this.#random.below(this.#taken.length), 1)
    if (one === undefined) return
    this.#mustQueue().ack(one.record)
    const fate = this.#fates[one.number]
    if (fate !== undefined) fate.acknowledged = true
  }

  /** Makes the room that was asked for, or drops nothing. */
  #dropOldest(sizeBytes: number): void {
    const queue = this.#mustQueue()
    let dropped = 0
    const made = queue.dropOldest(sizeBytes, account, (_account, { records }) => {
      dropped += records
    })
    this.#dropped += dropped
    assert.equal(queue.fits(sizeBytes, account), made)
    assert.ok(made || dropped === 0, `${dropped} records are dropped for nothing`)
  }

  #breakCalls(): void {
    const call = this.#random.pick(writingCalls)
    const code = this.#random.pick(['EIO', 'ENOSPC', 'EROFS'])
    let times = 1 + this.#random.below(4)
    this.fs.fault = (name) => {
      if (name === call && times-- > 0) throw failure(code)
    }
  }

  #repairDisk(): void {
    this.fs.capacityBytes = Number.POSITIVE_INFINITY
    this.fs.fault = () => {}
  }

  async #settleAndAdvance(): Promise<void> {
    await this.#settle()
    if (this.#crashed) return
    const queue = this.#mustQueue()
    const before = this.#fates.filter((fate) => fate.acknowledged)
    const saves = queue.counts.cursorSaves
    await this.#clock.advance(1100)
    await this.#settle()
    if (this.#crashed || queue.counts.cursorSaves === saves) return
    for (const fate of before) fate.settled = true
    assert.ok(
      queue.fileBytes >= this.fs.usedBytes,
      `the files take ${this.fs.usedBytes} bytes, the queue thinks ${queue.fileBytes}`,
    )
  }

  async #reopenOrCrash(): Promise<void> {
    if (this.#random.below(3) > 0) {
      this.#crashed = true
      return
    }
    this.#repairDisk()
    await this.#close()
    if (!this.#crashed) await this.#open()
  }

  /** The process is gone, or the power with it: without `fsync` only the former is promised to lose nothing. */
  async #restart(): Promise<void> {
    if (this.#fsync && this.#random.below(3) > 0) {
      this.#powerFailed = true
      this.fs.crash()
    } else this.fs.kill()
    // What no save has reached comes again.
    for (const fate of this.#fates) fate.acknowledged = fate.settled
    await this.#open()
  }

  async #open(): Promise<void> {
    this.#crashed = false
    this.#clock = new FakeClock()
    this.#taken = []
    this.#lastTaken = -1
    this.#settings = settingsFor('/queue', {
      maxSizeBytes: this.#random.pick(caps),
      fsync: this.#fsync,
      syncIntervalMs: this.#random.pick([0, 0, 20]),
      memoryBytes: this.#random.pick([0, 2000, 1_000_000]),
      readBytes: this.#random.pick([1, 4000, 500_000]),
    })
    this.fs.bytesMostSeen = this.fs.usedBytes
    const fs = this.fs.forProcess()
    const parts = {
      fs,
      clock: this.#clock,
      logger: quietLogger,
      random: () => this.#random.below(2 ** 30) / 2 ** 30,
    }
    this.#bytesAtOpen = this.fs.usedBytes
    let opened = false
    const events = {
      ...quietEvents,
      onLost: (_account: string, { records }: { readonly records: number }) => {
        this.#lost += records
      },
    }
    const opening = DiskQueue.open(this.#settings, parts, events).then((queue) => {
      this.#queue = queue
      opened = true
    })
    while (!opened && !this.#crashed) await turn()
    // Recovery can be cut short as well.
    if (this.#crashed) return this.#restart()
    await opening
  }

  #bytesAtOpen = 0

  async #close(): Promise<void> {
    const queue = this.#mustQueue()
    const saves = queue.counts.cursorSaves
    let closed = false
    const closing = queue.close().then(() => {
      closed = true
    })
    while (!closed && !this.#crashed) {
      await turn()
    }
    if (this.#crashed) return
    await closing
    if (queue.counts.cursorSaves > saves) this.#settleAcknowledged()
    assert.equal(this.fs.openFiles, 0, 'a file is left open')
    assert.equal(this.#clock.pending, 0, 'a timer is left')
  }

  #settleAcknowledged(): void {
    for (const fate of this.#fates) if (fate.acknowledged) fate.settled = true
  }

  async #drain(): Promise<void> {
    const queue = this.#mustQueue()
    for (let idle = 0; idle < 3; ) {
      await this.#settle()
      if (this.#take()) idle = 0
      else {
        idle++
        await this.#clock.advance(1000)
      }
      while (this.#taken.length > 0 && this.#random.below(4) > 0) this.#ack()
    }
    while (this.#taken.length > 0) this.#ack()
    assert.equal(queue.waiting.records, 0, 'some batches cannot be taken')
    assert.deepEqual({ ...queue.sending }, { records: 0, items: 0, bytes: 0 })
  }

  #checkBytes(): void {
    const { maxSizeBytes } = this.#settings ?? { maxSizeBytes: 0 }
    // Above a cap that has become smaller only the cursor is written: it, the one before, and the one that replaces it.
    const most = Math.max(maxSizeBytes, this.#bytesAtOpen + (3 * maxSizeBytes) / 64)
    assert.ok(this.fs.bytesMostSeen <= most, `${this.fs.bytesMostSeen} bytes of ${most}`)
  }

  /** Until no call is under way for some turns. */
  async #settle(): Promise<void> {
    for (let idle = 0; idle < 4 && !this.#crashed; ) {
      await turn()
      idle = this.fs.underWay === 0 ? idle + 1 : 0
    }
  }

  #mustQueue(): DiskQueue {
    assert.ok(this.#queue !== undefined)
    return this.#queue
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
