import type { Double } from '../wire/otlp/any-value.ts'
import type { Guard } from './identity.ts'

/** All that belongs to a position in a file. */
export interface Place {
  readonly offset: number
  readonly guard: Guard
  /** Of the file when the position was taken; of another one it means nothing. */
  readonly generation: number
  /** In the rest of a line that was cut off. */
  readonly skipping: boolean
  /** Of the last record before the position. */
  readonly recordNumber: number
}

/** Where lines come from: a file, or a stream. */
export interface LineSource extends Place {
  /** What tells it from others: the path of a file. */
  readonly path: string
  /** In the rest of a line whose start was cut off. */
  skipping: boolean
  /** Of the last record that was written. */
  recordNumber: number
  /** Batches with records of it that are on their way. */
  inFlight: number
  /** What its records carry besides what is in them; undefined for nothing. */
  attributes: SourceAttributes | undefined
  /** Everything before this place is dealt with. */
  commit(place: Place): void
}

/** A plain attribute, or what the operators of a header made of its lines: lists and maps too. */
export type SourceValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | Double
  | readonly SourceValue[]
  | { readonly [key: string]: SourceValue }

export interface SourceAttributes {
  readonly values: Readonly<Record<string, SourceValue>>
  /** The resource of its records, where it has one of its own. */
  readonly resource?: SourceResource
}

export interface SourceResource {
  readonly values: Readonly<Record<string, string | number>>
  /** `values` as a Resource message. */
  readonly encoded: Uint8Array
}

export const noAttributes: SourceAttributes = { values: {} }
