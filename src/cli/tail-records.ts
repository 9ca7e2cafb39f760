import { toJson } from '../wire/otlp/to-json.ts'

/** A record as `remora tail` shows it. */
export interface ShownRecord {
  /** Nanoseconds since 1970, in decimal; `0` without one. */
  readonly time: string
  readonly severityNumber: number
  readonly severityText: string
  readonly body: string
  /** Names and values, in the order of the record. */
  readonly attributes: ShownPairs
  /** The same of its resource; one object for all records of it that follow each other. */
  readonly resource: ShownPairs
}

export type ShownPairs = readonly (readonly [string, string])[]

interface JsonValue {
  readonly stringValue?: string
  readonly intValue?: string
  readonly doubleValue?: number | string
  readonly boolValue?: boolean
  readonly bytesValue?: string
  readonly arrayValue?: { readonly values?: readonly JsonValue[] }
  readonly kvlistValue?: { readonly values?: readonly JsonPair[] }
}

interface JsonPair {
  readonly key: string
  readonly value?: JsonValue
}

interface JsonRecord {
  readonly timeUnixNano?: string
  readonly severityNumber?: number
  readonly severityText?: string
  readonly body?: JsonValue
  readonly attributes?: readonly JsonPair[]
}

interface JsonLogs {
  readonly resourceLogs?: readonly {
    readonly resource?: { readonly attributes?: readonly JsonPair[] }
    readonly scopeLogs?: readonly { readonly logRecords?: readonly JsonRecord[] }[]
  }[]
}

/** The records of a logs request. */
export function shownRecords(bytes: Uint8Array): ShownRecord[] {
  const { resourceLogs = [] } = JSON.parse(toJson('logs', bytes)) as JsonLogs
  return resourceLogs.flatMap(({ resource, scopeLogs = [] }) => {
    const ofResource = shownPairs(resource?.attributes)
    return scopeLogs
      .flatMap(({ logRecords = [] }) => logRecords)
      .map((record) => ({
        time: record.timeUnixNano ?? '0',
        severityNumber: record.severityNumber ?? 0,
        severityText: record.severityText ?? '',
        body: textOf(plain(record.body)),
        attributes: shownPairs(record.attributes),
        resource: ofResource,
      }))
  })
}

function shownPairs(pairs: readonly JsonPair[] = []): ShownPairs {
  return pairs.map(({ key, value }) => [key, textOf(plain(value))])
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function plain(value: JsonValue = {}): unknown {
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(plain)
  if (value.kvlistValue !== undefined) {
    const pairs = value.kvlistValue.values ?? []
    return Object.fromEntries(pairs.map((pair) => [pair.key, plain(pair.value)]))
  }
  if (value.intValue !== undefined) {
    const number = Number(value.intValue)
    return Number.isSafeInteger(number) ? number : value.intValue
  }
  return value.stringValue ?? value.doubleValue ?? value.boolValue ?? value.bytesValue ?? null
}
