import type { AnyValue, KeyValue } from '../../wire/otlp/any-view.ts'

/** Pieces of output that come from senders: nothing in them may move a terminal's cursor or fake a line. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what we look for
const unsafe = /[\u0000-\u001f"\\\u007f-\u009f\u2028\u2029]/

/** The text as it is if it is harmless and one word, else quoted like JSON. */
export function word(text: string): string {
  return text !== '' && !unsafe.test(text) && !/[\s=]/.test(text) ? text : quote(text)
}

/** The text as it is if it is harmless, else quoted. */
export function line(text: string): string {
  return unsafe.test(text) ? quote(text) : text
}

function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** An attribute value; maps and lists as in JSON. */
export function valueText(value: AnyValue | undefined): string {
  if (value === undefined) return ''
  switch (value.kind) {
    case 'string':
      return word(value.value)
    case 'bool':
    case 'int':
    case 'double':
    case 'string_index':
      return String(value.value)
    case 'bytes':
      return `0x${hex(value.value)}`
    case 'array':
      return `[${value.value.map(valueText).join(', ')}]`
    case 'map':
      return `{${value.value.map(pairText).join(', ')}}`
    case 'empty':
      return 'null'
  }
}

function pairText(pair: KeyValue): string {
  return `${word(pair.key)}: ${valueText(pair.value)}`
}

/** ` key=value key=value` */
export function attributesText(attributes: readonly KeyValue[]): string {
  let text = ''
  for (const { key, value } of attributes) text += ` ${word(key)}=${valueText(value)}`
  return text
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

/** `2026-01-02T03:04:05.678Z`, or `-` for no time. */
export function timeText(unixNano: bigint): string {
  if (unixNano === 0n) return '-'
  const ms = Number(unixNano / 1_000_000n)
  // Dates end at 8.64e15 ms; a fixed64 does not.
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : `${unixNano}ns`
}

export function attributeOf(attributes: readonly KeyValue[], key: string): string | undefined {
  const value = attributes.find((pair) => pair.key === key)?.value
  return value === undefined ? undefined : valueText(value)
}
