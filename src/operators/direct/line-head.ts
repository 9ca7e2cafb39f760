import { encodeLogAttributes, type LogWriter } from '../../wire/otlp/log-writer.ts'
import type { Values } from '../entry.ts'

/** The attributes that stand for a line. Never changes, so records may share it. */
export interface Label {
  /** The stream of the program: `stdout`, `stderr`; empty where it is not known. */
  readonly stream: string
  readonly values: Readonly<Values>
  readonly encoded: Uint8Array
}

export function makeLabel(stream: string, values: Readonly<Values>): Label {
  return { stream, values, encoded: encodeLogAttributes(values) }
}

const noLabel = makeLabel('', {})

/** What is known of a line besides its text. Used again for the next one: who keeps it takes a copy. */
export class LineHead {
  label = noLabel
  hasTime = false
  seconds = 0
  nanos = 0

  copy(from: LineHead): void {
    this.label = from.label
    this.hasTime = from.hasTime
    this.seconds = from.seconds
    this.nanos = from.nanos
  }

  get timeUnixNano(): bigint | undefined {
    return this.hasTime ? BigInt(this.seconds) * 1_000_000_000n + BigInt(this.nanos) : undefined
  }

  /** Writes what the record has not got of its text. */
  writeTime(writer: LogWriter): void {
    if (this.hasTime && !writer.hasTime) writer.timeSeconds(this.seconds, this.nanos)
  }
}

/** Of a line as it stands in its file. */
export const bareHead: Readonly<LineHead> = new LineHead()
