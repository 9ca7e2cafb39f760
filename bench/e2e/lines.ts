import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { Random } from '../../scripts/random.ts'

/** Writes `count` lines of a kind, from a pool of different ones. */
export async function writeLines(
  path: string,
  kind: 'plain' | 'json' | 'request',
  count: number,
): Promise<void> {
  const random = new Random(1)
  const pool = Array.from({ length: 1000 }, () => `${makers[kind](random)}\n`)
  const file = createWriteStream(path)
  for (let written = 0; written < count; written += pool.length) {
    const block = pool.slice(0, Math.min(pool.length, count - written)).join('')
    if (!file.write(block)) {
      await new Promise<void>((resolve) => file.once('drain', resolve))
    }
  }
  file.end()
  await finished(file)
}

const makers = {
  plain: (random: Random) =>
    `2026-03-02T08:00:00.${random.integer(100, 999)}Z level=info component=checkout user_id=${random.integer(0, 999_999)} elapsed_ms=${random.integer(1, 999)} msg="order placed" upstream=payments-${random.integer(0, 9)}`,
  json: (random: Random) =>
    `{"time":"2026-03-02T08:00:00.${random.integer(100, 999)}Z","level":"info","msg":"order placed","order_id":${random.integer(0, 999_999)},"customer":"c${random.integer(0, 99)}","amount_cents":${random.integer(1, 99_999)},"currency":"EUR","items":${random.integer(1, 9)}}`,
  request: (random: Random) =>
    `GET /api/v1/orders/${random.integer(0, 999_999)} HTTP/1.1 200 ${random.integer(100, 99_999)} "https://shop.example.com/" "Mozilla/5.0 (X11; Linux x86_64)" rt=0.0${random.integer(10, 99)}`,
} as const
