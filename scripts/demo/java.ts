import type { Random } from '../random.ts'

const levels = ['DEBUG', 'INFO', 'INFO', 'INFO', 'WARN', 'ERROR', 'ERROR'] as const
const classes = [
  'com.example.shop.OrderService',
  'com.example.shop.PaymentClient',
  'com.example.shop.StockRepository',
] as const
const frames = [
  'com.example.shop.PaymentClient.capture(PaymentClient.java:88)',
  'com.example.shop.OrderService.place(OrderService.java:141)',
  'com.example.shop.OrderController.post(OrderController.java:57)',
  'java.base/java.lang.reflect.Method.invoke(Method.java:580)',
  'org.example.web.Dispatcher.handle(Dispatcher.java:402)',
  'java.base/java.lang.Thread.run(Thread.java:1583)',
] as const

/** An old Java application: a header line in the manner of log4j, and below an error its stack over many lines. */
export function java(random: Random, startMs: number, recordCount: number): string {
  let text = ''
  let timeMs = startMs
  for (let record = 0; record < recordCount; record++) {
    timeMs += random.integer(20, 2500)
    const level = random.pick(levels)
    const time = new Date(timeMs).toISOString().replace('T', ' ').replace('.', ',').replace('Z', '')
    const thread = `http-nio-8080-exec-${random.integer(1, 12)}`
    const header = `${time} ${level.padEnd(5)} [${thread}] ${random.pick(classes)} - `
    const orderId = random.integer(100_000, 999_999)
    if (level === 'ERROR') {
      text += `${header}cannot place order ${orderId}\n${stack(random)}`
    } else {
      text += `${header}order ${orderId} ${random.pick(['accepted', 'paid', 'packed', 'sent'])}\n`
    }
  }
  return text
}

function stack(random: Random): string {
  const depth = random.integer(3, frames.length)
  let text = 'java.lang.IllegalStateException: payment was declined\n'
  for (const frame of frames.slice(0, depth)) text += `\tat ${frame}\n`
  if (random.chance(0.5)) {
    text += 'Caused by: java.net.SocketTimeoutException: Read timed out\n'
    text += `\tat ${frames[0]}\n\t... ${depth} more\n`
  }
  return text
}
