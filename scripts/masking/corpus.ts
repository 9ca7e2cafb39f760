import { Random } from '../random.ts'
import type { Kind } from './kind.ts'
import { luhnDigit, makers, moreForms } from './values.ts'

/** A text, and what is to be found in it. */
export interface Sample {
  readonly text: string
  readonly detector?: string
  readonly value?: string
}

/** Lines of many kinds of logs around a value. */
const frames: readonly ((value: string, word: string) => string)[] = [
  (value, word) =>
    `2026-03-02T08:00:15.188Z INFO request done ${word}=${value} status=200 took=12ms`,
  (value, word) => `{"level":"warn","${word}":"${value}","order_id":159536,"ts":1772438415.188}`,
  (value, word) =>
    `ERROR [http-nio-8080-exec-10] com.example.shop.OrderService - cannot save ${word}: ${value}`,
  (value, word) => `level=info msg="customer changed" ${word}="${value}" attempt=3`,
  (value, word) => `saved ${word} ${value}, next`,
  (value, word) => `<entry><${word}>${value}</${word}></entry>`,
  (value, word) => `Mar  2 08:00:15 shop-1 app[812]: ${word} ${value} accepted`,
]

const signedFrames = frames.slice(0, 4)

/** What looks like personal data and is none: one maker a kind. */
const negatives: readonly ((random: Random) => string)[] = [
  (random) => `order ${random.integer(100_000_000, 999_999_999)} placed`,
  (random) => {
    const body = `4${random.digits(14)}`
    return `order 4${body.slice(1)}${(Number(luhnDigit(body)) + 1 + random.integer(0, 7)) % 10} placed`
  },
  (random) =>
    `Chrome/${random.integer(90, 140)}.0.${random.integer(1000, 9000)}.${random.integer(1, 250)} Safari/537.36`,
  (random) =>
    `version ${random.integer(1, 9)}.${random.integer(0, 20)}.${random.integer(0, 30)}.${random.integer(0, 99)} started`,
  (random) => {
    const hex = (length: number) => random.from('0123456789abcdef', length)
    return `request ${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)} done`
  },
  (random) =>
    `trace_id=${random.from('0123456789abcdef', 32)} span_id=${random.from('0123456789abcdef', 16)}`,
  (random) =>
    `at 17724384${random.digits(2)} and 17724384${random.digits(5)} and 17724384${random.digits(11)}`,
  (random) =>
    `2026-0${random.integer(1, 9)}-1${random.integer(0, 9)} 08:${random.integer(10, 59)}:15,${random.digits(3)} tick`,
  (random) => `sha256:${random.from('0123456789abcdef', 64)} pulled`,
  (random) =>
    `md5 ${random.from('0123456789abcdef', 32)} commit ${random.from('0123456789abcdef', 40)}`,
  (random) =>
    `position ${random.integer(-90, 89)}.${random.digits(6)}, ${random.integer(-180, 179)}.${random.digits(6)}`,
  (random) => `took ${random.integer(1, 99)}.${random.digits(6)}s, ${random.digits(9)} bytes`,
  (random) =>
    `GET /api/v${random.integer(1, 3)}/items/${random.digits(7)}?page=${random.integer(1, 99)} 200`,
  (random) =>
    `icon@${random.integer(2, 3)}x.png and lib@${random.integer(1, 20)}.${random.integer(0, 9)}.0 loaded`,
  (random) => `std::vector::at(${random.integer(0, 99)}) in ns::Type::call`,
  (random) =>
    `next_page_token=${random.from('abcdef0123456789', 16)} max_tokens=${random.integer(256, 4096)}`,
  (random) => `password: ${random.pick(['required', 'invalid', 'must not be empty', '********'])}`,
  (random) =>
    `sku ${random.letters(3)}-${random.digits(4)}-${random.digits(2)} x ${random.integer(1, 9)}`,
  (random) => `range ${random.digits(3)}-${random.digits(3)} of ${random.digits(6)} rows`,
  (random) => `tracking 1Z${random.from('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', 16)}`,
  (random) =>
    `price ${random.digits(3)}.${random.digits(3)},${random.digits(2)} EUR on ${random.integer(1, 28)}.0${random.integer(1, 9)}.2026`,
  (random) =>
    `build ${random.digits(4)}.${random.digits(2)}.${random.digits(2)} of v${random.integer(1, 9)}.${random.integer(0, 20)}.${random.integer(0, 9)}-rc${random.integer(1, 9)}`,
  (random) =>
    `isbn 978-3-${random.digits(2)}-${random.digits(6)}-${random.digits(1)} ean 40${random.digits(10)}`,
  (random) =>
    `etag "${random.hex(16)}-${random.digits(3)}" range bytes=${random.digits(6)}-${random.digits(6)}`,
  (random) => `trace 00-${random.hex(32)}-${random.hex(16)}-01 sampled`,
  (random) => `image registry/app@sha256:${random.hex(64)} layer ${random.hex(12)}`,
  (random) => `arn:aws:iam::${random.digits(12)}:role/app and account ${random.digits(12)}`,
  (random) => `user@${random.integer(1000, 2000)}.service started; foo@bar.target reached`,
  (random) =>
    `point ${random.integer(0, 1920)}x${random.integer(0, 1080)} at ${random.digits(2)}\u00b0${random.digits(2)}'${random.digits(2)}"N`,
  (random) =>
    `the token expired, the secret was rotated ${random.integer(1, 9)} times and the key is missing`,
  (random) =>
    `pid ${random.digits(5)} thread ${random.digits(4)} at 0x${random.from('0123456789abcdef', 12)}`,
]

const positivesEach = 120
const negativesEach = 120

export function makeCorpus(seed: number): Sample[] {
  const random = new Random(seed)
  const samples: Sample[] = []
  for (const [detector, kind] of Object.entries(makers)) {
    samples.push(...positivesOf(detector, kind, random))
  }
  for (const make of negatives) {
    for (let at = 0; at < negativesEach; at++) samples.push({ text: make(random) })
  }
  for (const [detector, kind] of moreForms) samples.push(...positivesOf(detector, kind, random))
  return samples
}

function positivesOf(
  detector: string,
  { make, word, secret, signed }: Kind,
  random: Random,
): Sample[] {
  const usable = word === 'password' ? frames.slice(0, 2) : signed ? signedFrames : frames
  return Array.from({ length: positivesEach }, (_, at) => {
    const value = make(random)
    const frame = usable[at % usable.length] as (typeof frames)[number]
    return { text: frame(value, word ?? 'field'), detector, value: secret?.(value) ?? value }
  })
}
