/** One queue as `remora queue status` shows it. */
export interface QueueRow {
  readonly exporter: string
  readonly signal: string
  readonly items: number
  readonly bytes: number
  readonly ageSeconds: number
  /** Infinity while it does not become less; absent where nobody sends. */
  readonly drainSeconds?: number
  /** Of a queue on disk. */
  readonly fileBytes?: number
  /** The most that its files may take; absent where nobody sends. */
  readonly fileBytesMax?: number
  /** Of a queue on disk: what is in them waits until they can be read. */
  readonly unreadableFiles?: number
  /** `closed`, `half-open`, `open`; absent without a circuit breaker. */
  readonly circuit?: string
}

type Field = Exclude<keyof QueueRow, 'exporter' | 'signal' | 'circuit'>

const fields: Readonly<Record<string, Field>> = {
  remora_exporter_backlog_items: 'items',
  remora_exporter_backlog_bytes: 'bytes',
  remora_exporter_backlog_age_seconds: 'ageSeconds',
  remora_exporter_backlog_drain_seconds: 'drainSeconds',
  remora_queue_file_bytes: 'fileBytes',
  remora_queue_file_bytes_max: 'fileBytesMax',
  remora_queue_files_unreadable: 'unreadableFiles',
}
const circuitStates = ['closed', 'half-open', 'open']

/** The queues on a page of our own metrics, in its order. */
export function parseQueues(page: string): QueueRow[] {
  const rows = new Map<string, { -readonly [K in keyof QueueRow]: QueueRow[K] }>()
  for (const line of page.split('\n')) {
    const match = /^(remora_\w+)\{(.*)\} (\S+)$/.exec(line)
    if (match === null) continue
    const [, name = '', labels = '', text = ''] = match
    const exporter = labelOf(labels, 'exporter')
    const signal = labelOf(labels, 'data_type')
    if (exporter === undefined || signal === undefined) continue
    const field = fields[name]
    if (field === undefined && name !== 'remora_exporter_circuit_state') continue
    const key = `${exporter} ${signal}`
    const row = rows.get(key) ?? { exporter, signal, items: 0, bytes: 0, ageSeconds: 0 }
    rows.set(key, row)
    const value = text === '+Inf' ? Infinity : Number(text)
    if (field === undefined) row.circuit = circuitStates[value] ?? 'unknown'
    else row[field] = value
  }
  return [...rows.values()]
}

function labelOf(labels: string, name: string): string | undefined {
  return new RegExp(`(?:^|,)${name}="((?:[^"\\\\]|\\\\.)*)"`).exec(labels)?.[1]
}
