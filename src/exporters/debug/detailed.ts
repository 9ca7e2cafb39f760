import type { Batch } from '../../signal/batch.ts'
import { decodeView } from '../../signal/views/views.ts'
import type { AnyValue, KeyValue } from '../../wire/otlp/any-view.ts'
import { hex, line, timeText, valueText, word } from './text.ts'

/**
 * Every field that is set, as a tree. It goes by the shape of the view, so what OTLP gains there is shown without a
 * change here.
 *
 *     resourceLogs #0
 *       resource
 *         service.name = checkout
 *       scopeLogs #0
 *         logRecords #0
 *           timeUnixNano: 2026-01-02T03:04:05.678Z
 *           body: order placed
 */
export function detailedLines(batch: Batch): string[] {
  const lines: string[] = []
  printMessage(lines, '', decodeView(batch))
  return lines
}

function printMessage(lines: string[], indent: string, message: object): void {
  for (const [name, value] of Object.entries(message)) printField(lines, indent, name, value)
}

function printField(lines: string[], indent: string, name: string, value: unknown): void {
  if (isUnset(value) && !(measured.has(name) && value !== undefined)) return
  if (isAttributes(name, value)) printAttributes(lines, indent, name, value)
  else if (value instanceof Uint8Array) lines.push(`${indent}${name}: ${hex(value)}`)
  else if (Array.isArray(value)) printList(lines, indent, name, value)
  else if (typeof value === 'bigint' && name.endsWith('UnixNano')) {
    lines.push(`${indent}${name}: ${timeText(value)}`)
  } else if (isAnyValue(value)) lines.push(`${indent}${name}: ${bodyText(value)}`)
  else if (typeof value === 'object' && value !== null) {
    lines.push(`${indent}${name}`)
    printMessage(lines, `${indent}  `, value)
  } else lines.push(`${indent}${name}: ${line(String(value))}`)
}

function printList(lines: string[], indent: string, name: string, list: readonly unknown[]): void {
  if (typeof list[0] !== 'object') {
    lines.push(`${indent}${name}: ${list.map(String).map(word).join(', ')}`)
    return
  }
  for (const [index, item] of list.entries()) {
    lines.push(`${indent}${name} #${index}`)
    printMessage(lines, `${indent}  `, item as object)
  }
}

function printAttributes(
  lines: string[],
  indent: string,
  name: string,
  attributes: readonly KeyValue[],
): void {
  lines.push(`${indent}${name}`)
  for (const { key, value } of attributes) {
    lines.push(`${indent}  ${word(key)} = ${valueText(value)}`)
  }
}

/** Zero is a measurement here. */
const measured = new Set(['asInt', 'asDouble', 'value', 'quantile', 'count', 'sum', 'min', 'max'])

/** The default of its type: OTLP does not tell it from absent. */
function isUnset(value: unknown): boolean {
  if (value === undefined || value === '' || value === 0 || value === 0n || value === false)
    return true
  return (Array.isArray(value) || value instanceof Uint8Array) && value.length === 0
}

const attributeFields = new Set(['attributes', 'filteredAttributes', 'metadata'])

function isAttributes(name: string, value: unknown): value is KeyValue[] {
  return attributeFields.has(name) && Array.isArray(value)
}

function isAnyValue(value: unknown): value is AnyValue {
  return (
    typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string'
  )
}

function bodyText(value: AnyValue): string {
  return value.kind === 'string' ? line(value.value) : valueText(value)
}
