import type { AnyValue, KeyValue } from '../../wire/otlp/any-view.ts'
import type { InstrumentationScope, Known, Resource } from './resource.ts'

export interface LogsView extends Known {
  resourceLogs: ResourceLogs[]
}

export interface ResourceLogs extends Known {
  resource: Resource | undefined
  scopeLogs: ScopeLogs[]
  schemaUrl: string
}

export interface ScopeLogs extends Known {
  scope: InstrumentationScope | undefined
  logRecords: LogRecord[]
  schemaUrl: string
}

export interface LogRecord extends Known {
  timeUnixNano: bigint
  observedTimeUnixNano: bigint
  /** 1–24, 0 for none. */
  severityNumber: number
  severityText: string
  body: AnyValue | undefined
  attributes: KeyValue[]
  droppedAttributesCount: number
  flags: number
  /** 16 bytes, or none. */
  traceId: Uint8Array
  /** 8 bytes, or none. */
  spanId: Uint8Array
  eventName: string
}
