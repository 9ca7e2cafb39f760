import type { Random } from '../random.ts'

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')
const agents = [
  'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) Version/19.1 Mobile Safari/604.1',
  'curl/8.14.1',
  'kube-probe/1.34',
] as const
const paths = [
  '/',
  '/api/v1/orders',
  '/api/v1/cart',
  '/static/app.css',
  '/login',
  '/healthz',
] as const

/** A web server that writes the combined log format. The addresses are those reserved for documentation. */
export function access(random: Random, startMs: number, lineCount: number): string {
  let text = ''
  let timeMs = startMs
  for (let line = 0; line < lineCount; line++) {
    timeMs += random.integer(1, 1500)
    const address = `${random.pick(['192.0.2', '198.51.100', '203.0.113'])}.${random.integer(1, 254)}`
    const user = random.chance(0.15) ? random.pick(['ada', 'grace', 'linus']) : '-'
    const method = random.pick(['GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE'])
    const status = random.pick([200, 200, 200, 200, 201, 204, 301, 304, 401, 404, 429, 500, 503])
    const sizeBytes = status === 204 || status === 304 ? '-' : String(random.integer(150, 48_000))
    const referer = random.chance(0.3) ? 'https://shop.example.com/' : '-'
    text +=
      `${address} - ${user} [${clfTime(timeMs)}] "${method} ${random.pick(paths)} HTTP/1.1" ` +
      `${status} ${sizeBytes} "${referer}" "${random.pick(agents)}"\n`
  }
  return text
}

/** `02/Mar/2026:08:00:00 +0000`: the time of the common log format, in UTC. */
function clfTime(timeMs: number): string {
  const time = new Date(timeMs)
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${two(time.getUTCDate())}/${months[time.getUTCMonth()]}/${time.getUTCFullYear()}`
  const clock = [time.getUTCHours(), time.getUTCMinutes(), time.getUTCSeconds()].map(two).join(':')
  return `${day}:${clock} +0000`
}
