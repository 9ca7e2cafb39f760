import type { Clock } from '../component/clock.ts'
import type { Logger } from '../component/telemetry.ts'
import type { Checkpoints } from './checkpoints.ts'
import type { Discovery } from './discover.ts'
import type { FileOpener } from './file-opener.ts'
import type { FileSetSettings, TailEvents } from './file-set.ts'
import type { Framer } from './framer.ts'
import type { LineTarget } from './line-target.ts'
import type { DeliveryWindow } from './window.ts'

export interface TailSettings extends FileSetSettings {
  readonly pollIntervalMs: number
  readonly forceFlushPeriodMs: number
  readonly maxLogSizeBytes: number
  /** Whether to let changes of the directories start a poll early. */
  readonly watch: boolean
}

export interface TailParts {
  readonly discovery: Discovery
  readonly opener: FileOpener
  readonly framer: Framer
  readonly target: LineTarget
  readonly window: DeliveryWindow
  readonly checkpoints: Checkpoints
  readonly events: TailEvents
  readonly clock: Clock
  readonly logger: Logger
}
