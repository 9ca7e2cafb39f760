import type { Letter } from '../buffer/dead-letters/letter.ts'
import { lockDirectory } from '../buffer/disk/directory-lock.ts'
import type { Clock } from '../component/clock.ts'
import type { Configured } from '../component/configured.ts'
import type { ExporterDefinition } from '../component/define.ts'
import type { Component } from '../component/lifecycle.ts'
import { DeliveryError } from '../errors/delivery-error.ts'
import { Batch } from '../signal/batch.ts'
import type { Consumer } from '../signal/consumer.ts'
import { PipelineLedger } from '../signal/ledger.ts'
import { createLogger } from '../telemetry/logger.ts'
import { MetricRegistry } from '../telemetry/meter.ts'
import type { Arguments } from './arguments.ts'
import { checkConfig } from './check-config.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { Found } from './find-letters.ts'
import type { Io } from './io.ts'
import type { ProcessControl } from './run.ts'
import { itemsText, safeText, tableText } from './table.ts'

type Sender = Component & Consumer
type Exporter = Configured<ExporterDefinition>

interface Outcome {
  /** `note`: there was nothing to send. */
  readonly what: 'sent' | 'kept' | 'note'
  readonly text: string
}

/**
 * Sends dead letters again, one after the other, and removes those that were taken. Succeeds if all of them were; notes,
 * which hold no data, count only where they are `named` by the person who asks. A signal ends it after the letter that is being
 * sent.
 */
export async function replay(
  chosen: readonly Found[],
  named: boolean,
  args: Arguments,
  io: Io,
  { clock, onSignal }: ProcessControl,
): Promise<ExitCode> {
  const target = args.to === undefined ? undefined : await exporterTo(args.to, args, io)
  const senders = new Map<Exporter, Sender>()
  const rows: string[][] = []
  let [sent, notes] = [0, 0]
  let interrupted = false
  onSignal(() => {
    interrupted = true
  })
  const summary = (): string => {
    const untried = chosen.length - rows.length
    const rest = untried === 0 ? '' : `, ${untried} not tried`
    return `${sent} of ${named ? chosen.length : chosen.length - notes} sent${rest}\n`
  }
  // Of two replays at once each would send what the other sends.
  const unlocks: (() => Promise<void>)[] = []
  try {
    for (const directory of new Set(chosen.map(({ box }) => box.directory))) {
      unlocks.push(await lockDirectory(directory))
    }
    for (const one of chosen) {
      if (interrupted) break
      const exporter = target ?? one.exporter
      let sender = senders.get(exporter)
      if (sender === undefined) {
        sender = await startSender(exporter, io, clock)
        senders.set(exporter, sender)
      }
      const { what, text } = await replayOne(one, exporter, sender)
      const row = [one.id, what, text]
      rows.push(row)
      if (what === 'note') notes++
      if (what !== 'sent') continue
      sent++
      try {
        await one.box.remove(one.entry.number)
      } catch (error) {
        // To go on would mean to send more of them twice.
        row[2] = `${text}, but not removed: the next replay sends it again`
        throw new Error(`cannot remove dead letter "${one.id}": ${(error as Error).message}`)
      }
    }
  } finally {
    // Also when it cannot go on: what is sent is sent.
    if (rows.length > 0) io.stdout(tableText(['ID', 'OUTCOME', ''], rows))
    if (rows.length > 0 || chosen.length === 0 || interrupted) io.stdout(summary())
    for (const sender of senders.values()) await sender.stop(AbortSignal.abort())
    for (const unlock of unlocks) await unlock()
  }
  return sent === (named ? chosen.length : chosen.length - notes)
    ? exitCodes.ok.code
    : exitCodes.failed.code
}

async function replayOne(one: Found, exporter: Exporter, sender: Sender): Promise<Outcome> {
  let letter: Letter | string | undefined
  try {
    letter = await one.box.read(one.entry.number)
  } catch (error) {
    letter = (error as Error).message
  }
  if (letter === undefined) return { what: 'kept', text: 'it is gone' }
  if (typeof letter === 'string') return { what: 'kept', text: `cannot be read: ${letter}` }
  if (letter.payload.byteLength === 0) {
    return { what: 'note', text: 'holds no data: the backend did not say which items it rejected' }
  }
  return await sendLetter(letter, exporter.id, sender)
}

async function sendLetter({ head, payload }: Letter, id: string, sender: Sender): Promise<Outcome> {
  const ledger = new PipelineLedger('dead-letters', head.signal)
  // Copied: the bytes are a part of the file's.
  const batch = new Batch(head.signal, [Uint8Array.from(payload)], head.items)
  try {
    await sender.consume(batch, { until: 'delivered', onFull: 'wait', ledger })
  } catch (error) {
    const { code, message } = DeliveryError.from(error)
    return { what: 'kept', text: `${code}: ${safeText(message)}` }
  }
  const { delivered, droppedByReason } = ledger.exporter(id)
  if (droppedByReason.size === 0) return { what: 'sent', text: itemsText(delivered) }
  const dropped = [...droppedByReason].map(([reason, items]) => `${items} ${reason}`).join(', ')
  return { what: 'kept', text: `${itemsText(delivered)} taken, ${dropped}` }
}

/** The exporter as configured, but without queue, retries and dead letters: each letter has one try and an answer. */
async function startSender(
  { id, definition, config }: Exporter,
  io: Io,
  clock: Clock,
): Promise<Sender> {
  const { sending_queue: queue, retry_on_failure: retry } = config as {
    sending_queue?: object
    retry_on_failure?: object
  }
  const logger = createLogger({ clock, level: 'error', write: (line) => io.stderr(line) })
  const sender = definition.create({
    id,
    config: {
      ...config,
      sending_queue: { ...queue, enabled: false, storage: undefined, batch: undefined },
      retry_on_failure: { ...retry, enabled: false },
      circuit_breaker: undefined,
      dead_letter: undefined,
    },
    logger: { ...logger, error: () => {} },
    meter: new MetricRegistry().meter({ exporter: id }, definition.metrics),
    clock,
    stopping: new AbortController().signal,
    status: () => {},
    ledger: (pipeline, signal) => new PipelineLedger(pipeline, signal).exporter(id),
    storage: () => {
      throw new Error('a replay stores nothing')
    },
  })
  await sender.start()
  return sender
}

/** `http://host:4318` goes over OTLP/HTTP, `grpc://host:4317` and `grpcs://host:4317` over gRPC. */
async function exporterTo(to: string, args: Arguments, io: Io): Promise<Exporter> {
  const [type, sets] = destinationOf(to)
  const id = `${type}/dead_letters_to`
  const set = [...args.set, ...sets.map((text) => `exporters::${id}::${text}`)]
  const { loaded, problemText } = await checkConfig({ ...args, set }, io)
  const exporter = loaded.service?.exporters.get(id)
  if (exporter === undefined) throw new Error(`cannot send to "${to}": ${problemText}`)
  return exporter
}

function destinationOf(to: string): [type: string, sets: string[]] {
  if (/^https?:\/\//.test(to)) return ['otlp_http', [`endpoint=${to}`]]
  const grpc = /^grpc(s?):\/\/(.+)$/.exec(to)
  if (grpc === null) {
    throw new Error(`--to "${to}" must begin with http://, https://, grpc:// or grpcs://`)
  }
  const insecure = grpc[1] === ''
  return ['otlp_grpc', [`endpoint=${grpc[2] as string}`, `tls::insecure=${insecure}`]]
}
