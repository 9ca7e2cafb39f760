import type { Clock } from '../component/clock.ts'
import type { Logger } from '../component/telemetry.ts'
import type { Checkpoints } from './checkpoints.ts'
import type { Discovery } from './discover.ts'
import type { FileLocks } from './file-locks.ts'
import type { FileOpener } from './file-opener.ts'
import type { FileSetSettings, TailEvents } from './file-set.ts'
import type { FileSystem } from './file-system.ts'
import type { Framer } from './framer.ts'
import type { FileHeader } from './header.ts'
import type { LineTarget } from './line-target.ts'
import type { DeliveryWindow } from './window.ts'

export interface TailSettings extends FileSetSettings {
  readonly pollIntervalMs: number
  readonly forceFlushPeriodMs: number
  readonly maxLogSizeBytes: number
  /** Of the encoding. */
  readonly unitBytes: 0 | 1 | 2
  /** Whether to let changes of the directories start a poll early. */
  readonly watch: boolean
  readonly drain: DrainSettings
  /** Tell the end after the files were quiet, and everything of them acknowledged, for this long; never if undefined. */
  readonly exitWhenIdleMs: number | undefined
}

/** How a stop reads on: until nothing was new for `quietMs`, but no longer than `deadlineMs`. 0 and it does not. */
export interface DrainSettings {
  readonly quietMs: number
  readonly deadlineMs: number
}

export interface TailParts {
  readonly system: FileSystem
  readonly discovery: Discovery
  readonly opener: FileOpener
  readonly framer: Framer
  readonly target: LineTarget
  readonly window: DeliveryWindow
  readonly header: FileHeader | undefined
  /** Taken while files are read; undefined and they are not locked. */
  readonly locks: FileLocks | undefined
  readonly checkpoints: Checkpoints
  readonly events: TailEvents
  readonly clock: Clock
  readonly logger: Logger
  /** Hears, once, that `exitWhenIdleMs` is over. */
  readonly ended: () => void
}
