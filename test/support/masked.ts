import * as v from 'valibot'
import { compileMasking } from '../../src/masking/compile.ts'
import { maskSchema } from '../../src/masking/schema.ts'
import { oracleDecode, oracleEncode } from './wire/oracle.ts'

/** A request of one log record. */
export function logOf(record: object): Uint8Array {
  return oracleEncode('logs', { resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] })
}

interface Decoded {
  readonly body: { readonly stringValue: string; readonly bytesValue: string }
  readonly attributes: readonly [{ readonly value: { readonly stringValue: string } }]
}

/** A log record behind the mask, prefilter and all. */
export function maskedRecord(record: object, config: object = {}): Decoded {
  const { masker } = compileMasking(v.parse(maskSchema, { hash_key: 'k'.repeat(16), ...config }))
  const { resourceLogs } = oracleDecode('logs', masker.mask('logs', logOf(record))) as never as {
    resourceLogs: [{ scopeLogs: [{ logRecords: [Decoded] }] }]
  }
  return resourceLogs[0].scopeLogs[0].logRecords[0]
}

/** As a log body, or as an attribute of that key. */
export function maskedText(text: string, config: object = {}, key?: string): string {
  const value = { stringValue: text }
  if (key === undefined) return maskedRecord({ body: value }, config).body.stringValue
  return maskedRecord({ attributes: [{ key, value }] }, config).attributes[0].value.stringValue
}
