import type { Random } from '../random.ts'

const levels = ['debug', 'info', 'info', 'info', 'info', 'warn', 'error'] as const
const messages = {
  debug: ['cache miss', 'loaded feature flags', 'connection reused'],
  info: ['order placed', 'payment captured', 'cart updated', 'user signed in'],
  warn: ['upstream is slow, retrying', 'stock is low', 'token expires soon'],
  error: ['payment declined', 'cannot reserve stock', 'upstream timed out'],
} as const

/** A service that writes one JSON object a line, with nested fields and the ids of its trace. */
export function appJson(random: Random, startMs: number, lineCount: number): string {
  let text = ''
  let timeMs = startMs
  for (let line = 0; line < lineCount; line++) {
    timeMs += random.integer(5, 900)
    const level = random.pick(levels)
    const record = {
      time: new Date(timeMs).toISOString(),
      level,
      message: random.pick(messages[level]),
      trace_id: random.hex(32),
      span_id: random.hex(16),
      duration_ms: random.integer(1, 4000) / 10,
      order: {
        id: random.integer(100_000, 999_999),
        total: { amount_cents: random.integer(199, 89_900), currency: random.pick(['EUR', 'USD']) },
        items: random.integer(1, 9),
      },
      user: { id: `u${random.integer(1, 500)}`, premium: random.chance(0.2) },
      ...(level === 'error'
        ? { error: { kind: 'UpstreamError', retryable: random.chance(0.5) } }
        : {}),
    }
    text += `${JSON.stringify(record)}\n`
  }
  return text
}
