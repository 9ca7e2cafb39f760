import type { KeyValue } from '../../wire/otlp/any-view.ts'
import type { InstrumentationScope, Known, Resource } from './resource.ts'

export interface TracesView extends Known {
  resourceSpans: ResourceSpans[]
}

export interface ResourceSpans extends Known {
  resource: Resource | undefined
  scopeSpans: ScopeSpans[]
  schemaUrl: string
}

export interface ScopeSpans extends Known {
  scope: InstrumentationScope | undefined
  spans: Span[]
  schemaUrl: string
}

export interface Span extends Known {
  /** 16 bytes. */
  traceId: Uint8Array
  /** 8 bytes. */
  spanId: Uint8Array
  traceState: string
  /** 8 bytes, or none for a root span. */
  parentSpanId: Uint8Array
  flags: number
  name: string
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number
  startTimeUnixNano: bigint
  endTimeUnixNano: bigint
  attributes: KeyValue[]
  droppedAttributesCount: number
  events: SpanEvent[]
  droppedEventsCount: number
  links: SpanLink[]
  droppedLinksCount: number
  status: SpanStatus | undefined
}

export interface SpanEvent extends Known {
  timeUnixNano: bigint
  name: string
  attributes: KeyValue[]
  droppedAttributesCount: number
}

export interface SpanLink extends Known {
  traceId: Uint8Array
  spanId: Uint8Array
  traceState: string
  attributes: KeyValue[]
  droppedAttributesCount: number
  flags: number
}

export interface SpanStatus extends Known {
  message: string
  /** 0 unset, 1 ok, 2 error. */
  code: number
}
