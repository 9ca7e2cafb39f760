import type { Clock } from '../component/clock.ts'
import type { Logger, Meter } from '../component/telemetry.ts'
import type { OnDropped } from '../operators/chain.ts'
import { compileOperators, type Leading } from '../operators/compile.ts'
import type { Preset } from '../presets/preset.ts'
import type { Intake } from '../signal/consumer.ts'
import type { LineSource } from '../tail/line-source.ts'
import type { LineTarget } from '../tail/line-target.ts'
import { PlainTarget } from '../tail/plain-target.ts'
import { encodeResource, LogWriter } from '../wire/otlp/log-writer.ts'
import { inContainer } from './create-preset.ts'
import { OperatorTarget } from './operator-target.ts'
import type { LineOptions } from './schema.ts'

// What a block of 256 KiB becomes, with room for attributes.
const writerBytes = 512 * 1024

export interface TargetSettings {
  readonly options: LineOptions
  /** That of the framer. */
  readonly preset: Preset | undefined
  readonly includeRecordNumber: boolean
  readonly includeRecordOffset: boolean
  readonly intake: Intake<'logs'>
  readonly meter: Meter
  readonly logger: Logger
  readonly clock: Clock
}

/** What makes records of lines: operators, or without any the short way from bytes to bytes. */
export function createTarget<S extends LineSource>(settings: TargetSettings): LineTarget<S> {
  const { options, intake, meter, logger, clock } = settings
  const { includeRecordNumber, includeRecordOffset } = settings
  const writer = new LogWriter(writerBytes)
  const { operators, resource } = options
  const numbering = { includeRecordNumber, includeRecordOffset }
  const leading = leadingSteps(settings)
  if (operators.length === 0 && leading === undefined) {
    return new PlainTarget(writer, { resource: encodeResource(resource), ...numbering })
  }
  const onDropped: OnDropped = (reason) => intake.dropped(reason, 1)
  const chain = compileOperators(operators, meter, logger, clock, onDropped, leading)
  return new OperatorTarget(writer, chain, { resource, ...numbering })
}

function leadingSteps({ preset, options }: TargetSettings): Leading | undefined {
  if (preset === undefined) return undefined
  return inContainer(options) ? preset.lineSteps(options.max_log_size) : preset.framedSteps()
}
