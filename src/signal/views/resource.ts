import type { KeyValue } from '../../wire/otlp/any-view.ts'

/**
 * Decoded OTLP. The names are those of the .proto in lowerCamelCase; `unknown` in every message holds fields of a newer OTLP
 * as they stood on the wire and is written back. Views may be edited; ids and bytes share memory with the batch they came
 * from, so replace them and do not write into them.
 *
 * 64-bit numbers are bigint. A field that is absent has its default (0, '', no bytes), except where the type says
 * undefined.
 */
export interface Known {
  unknown: Uint8Array
}

export interface Resource extends Known {
  attributes: KeyValue[]
  droppedAttributesCount: number
  entityRefs: EntityRef[]
}

export interface EntityRef extends Known {
  schemaUrl: string
  type: string
  idKeys: string[]
  descriptionKeys: string[]
}

export interface InstrumentationScope extends Known {
  name: string
  version: string
  attributes: KeyValue[]
  droppedAttributesCount: number
}
