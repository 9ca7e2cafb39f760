import assert from 'node:assert/strict'
import { createWriteStream } from 'node:fs'
import { appendFile, mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import * as grpc from '@grpc/grpc-js'
import { DeliveryError } from '../../src/errors/delivery-error.ts'
import { createOutputPipes } from '../../src/process/output-pipes.ts'
import type { Batch } from '../../src/signal/batch.ts'
import type { ReceiveContext } from '../../src/signal/consumer.ts'
import { numberedLogs, numbersOf } from '../support/numbered-logs.ts'
import { GrpcSender, sendHttp } from '../support/otlp-sender.ts'
import { seed, seededRandom } from '../support/random.ts'
import { RecordingIntake } from '../support/recording-intake.ts'
import { until } from '../support/remora-process.ts'
import {
  assertMetricsDeclared,
  type Case,
  casesOf,
  createInstance,
  type Instance,
  inputOf,
} from './cases.ts'

const total = 200
const perRequest = 10

/** Gives the logs 0 … total − 1 to a receiver that has started, as a sender that keeps what was refused. */
type Driver = (instance: Instance) => Promise<void>

interface Ports {
  readonly ports: { readonly grpc: number | undefined; readonly http: number | undefined }
}

/** What has to be there before the start. */
const prepare: Readonly<Record<string, (instance: Instance) => Promise<void>>> = {
  stdin: async ({ component, config }) => {
    const [pipe] = (await createOutputPipes(1)) ?? []
    assert.ok(pipe !== undefined, 'pipes can be made')
    ;(component as unknown as { fd: number }).fd = pipe.readFd
    createWriteStream('', { fd: pipe.writeFd }).end(textFor(config))
  },
}

/** A command that is told its output by a file. */
const driveCommand: Driver = async ({ config, directory }) => {
  await writeFile(`${inputOf(directory)}.new`, textFor(config))
  await rename(`${inputOf(directory)}.new`, inputOf(directory))
}

const drivers: Readonly<Record<string, Driver>> = {
  application: driveCommand,
  exec: driveCommand,
  stdin: () => Promise.resolve(),
  otlp: async ({ component }) => {
    const { ports } = component as unknown as Ports
    // Each protocol that is on gets its half, or all of it.
    const ofHttp = ports.http === undefined ? 0 : ports.grpc === undefined ? total : total / 2
    if (ports.http !== undefined) await sendByHttp(ports.http, 0, ofHttp)
    if (ports.grpc !== undefined) await sendByGrpc(ports.grpc, ofHttp, total)
  },
  file_log: async ({ config }) => {
    const { include, operators = [] } = config as FileLogConfig
    const path = (include[0] as string).replace('*', 'a')
    await mkdir(dirname(path), { recursive: true })
    const isJson = operators.some(({ type }) => type === 'json_parser')
    for (let first = 0; first < total; first += perRequest) {
      const lines = Array.from({ length: perRequest }, (_, index) => lineOf(first + index, isJson))
      await appendFile(path, lines.join(''))
    }
  },
}

/** All lines as one text, as the operators of the example want them. */
function textFor(config: object): string {
  const { operators = [] } = config as FileLogConfig
  const isJson = operators.some(({ type }) => type === 'json_parser')
  return Array.from({ length: total }, (_, number) => lineOf(number, isJson)).join('')
}

interface FileLogConfig {
  readonly include: readonly string[]
  readonly operators?: readonly { readonly type?: string }[]
}

/** A line that begins with a date, because the multiline example wants it. */
function lineOf(number: number, isJson: boolean): string {
  const time = '2026-03-02T08:00:00.000Z'
  if (!isJson) return `${time} n=${number};\n`
  return `${JSON.stringify({ time, level: 'info', message: `n=${number};` })}\n`
}

async function sendByHttp(port: number, from: number, to: number): Promise<void> {
  for (let first = from; first < to; first += perRequest) {
    for (;;) {
      const { status } = await sendHttp(port, 'logs', numberedLogs(first, perRequest).bytes())
      if (status === 200) break
      assert.ok(status === 429 || status === 503, `status ${status}`)
    }
  }
}

async function sendByGrpc(port: number, from: number, to: number): Promise<void> {
  const sender = new GrpcSender(port)
  for (let first = from; first < to; first += perRequest) {
    for (;;) {
      try {
        await sender.send('logs', numberedLogs(first, perRequest).bytes())
        break
      } catch (error) {
        const { code } = error as grpc.ServiceError
        const retryable = [grpc.status.UNAVAILABLE, grpc.status.RESOURCE_EXHAUSTED]
        assert.ok(retryable.includes(code), `status ${code}`)
      }
    }
  }
  sender.close()
}

/** Takes a batch, or refuses it for now. */
class Downstream extends RecordingIntake {
  readonly taken: number[] = []
  readonly #takes: () => boolean

  constructor(takes: () => boolean) {
    super()
    this.#takes = takes
  }

  override consume(batch: Batch, context: ReceiveContext): Promise<void> {
    const takes = this.#takes()
    this.script(takes ? 'accept' : new DeliveryError('queue_full', 'full', { retryAfterMs: 1 }))
    // A parsed log has its number in the body and in an attribute.
    if (takes) this.taken.push(...new Set(numbersOf(batch)))
    return super.consume(batch, context)
  }
}

async function run(one: Case, takes: () => boolean): Promise<Downstream> {
  const downstream = new Downstream(takes)
  const instance = createInstance(one, downstream)
  const driver = drivers[one.definition.type] as Driver
  await prepare[one.definition.type]?.(instance)
  await instance.component.start()
  try {
    await driver(instance)
    await until('all logs', () => new Set(downstream.taken).size === total, 15_000)
    // A duplicate that is on its way gets the time to show itself.
    await delay(50)
    assertMetricsDeclared(instance, one)
  } finally {
    await instance.component.stop(AbortSignal.timeout(2000))
    instance.clean()
  }
  return downstream
}

/** The sender of this test reaches ports only. */
function isReachable({ example }: Case): boolean {
  return !JSON.stringify(example).includes('unix:')
}

suite('every receiver hands on each log once', () => {
  test('and has a way to be tested', () => {
    for (const { definition } of casesOf('receiver')) {
      assert.ok(drivers[definition.type] !== undefined, `${definition.type} needs a driver here`)
    }
  })

  for (const one of casesOf('receiver').filter(isReachable)) {
    test(`${one.name}: when everything is taken`, { timeout: 30_000 }, async () => {
      const downstream = await run(one, () => true)
      assert.equal(downstream.taken.length, total)
      downstream.assertUnchanged()
    })

    test(`${one.name}: when half is refused for now`, { timeout: 30_000 }, async (t) => {
      t.diagnostic(`REMORA_SEED=${seed}`)
      const random = seededRandom(seed)
      const downstream = await run(one, () => random() < 0.5)
      assert.equal(downstream.taken.length, total)
      downstream.assertUnchanged()
    })
  }
})
