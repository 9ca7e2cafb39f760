import type { Detector } from './detector.ts'

/** What becomes of a finding. The later one wins where two findings overlap; `tag` only counts. */
export const actions = ['tag', 'mask', 'hash', 'drop', 'drop_record'] as const
export type Action = (typeof actions)[number]

/** One detector with what the configuration says about it. */
export interface Rule {
  readonly detector: Detector
  readonly action: Action
  /** For `mask`: what stands for the finding. UTF-8 as latin1, like all texts here. */
  readonly template: string
  /** For `mask`: so many characters stay at the beginning and at the end; the rest becomes `*`, one for one. */
  readonly keepFirst: number
  readonly keepLast: number
  /** For `mask`: what is no letter or digit stays. */
  readonly keepFormat: boolean
  readonly minConfidence: number
}
