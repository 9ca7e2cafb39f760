import { bench, run } from 'mitata'
import { encodeLogAttributes, encodeResource, LogWriter } from '../../src/wire/otlp/log-writer.ts'

/** The encoder of the tail, a batch of 1,000 lines: divide by 1,000 for a line. Budget: well below 200 ns a line. */
const lines = 1000

const attributes = encodeLogAttributes({ 'log.file.name': 'app.log' })
const resource = encodeResource({ 'service.name': 'shop' })

for (const lineLength of [40, 120, 500]) {
  const chunk = Buffer.alloc(lines * lineLength, 'x')
  const writer = new LogWriter()
  bench(`line, ${lineLength} bytes x ${lines}`, () => {
    writer.observedAt(1_700_000_000_000)
    writer.beginResource(resource)
    for (let line = 0; line < lines; line++) {
      writer.line(chunk, line * lineLength, (line + 1) * lineLength, attributes)
    }
    return writer.finish().itemCount
  })
}

const chunk = Buffer.alloc(lines * 120, 'x')
const writer = new LogWriter()
bench(`record with time, severity and 3 attributes x ${lines}`, () => {
  writer.observedAt(1_700_000_000_000)
  writer.beginResource(resource)
  for (let line = 0; line < lines; line++) {
    writer.beginRecord()
    writer.bodyBytes(chunk, line * 120, (line + 1) * 120)
    writer.time(123456, 398765432)
    writer.severity(9, 'INFO')
    writer.attributes(attributes)
    writer.attribute('http.method', 'GET')
    writer.attribute('http.status', 200)
    writer.endRecord()
  }
  return writer.finish().itemCount
})

await run()
