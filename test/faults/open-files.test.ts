import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { platform } from 'node:process'
import { test } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { RemoraProcess, until } from '../support/remora-process.ts'

const logs = readFileSync(new URL('../../fixtures/wire/logs.binpb', import.meta.url))

/** Clock ticks of CPU, user and system. */
function ticksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return Number(fields[11]) + Number(fields[12])
}

test('connections beyond the limit of open files are closed and counted, and the rest works', {
  skip: platform === 'linux' ? false : 'only Linux says how many files a process may open',
}, async () => {
  const [port, metricsPort] = [await freePort(), await freePort()]
  const config = `
receivers: {otlp: {protocols: {http: {endpoint: '127.0.0.1:${port}'}}}}
exporters: {debug: {verbosity: basic}}
service:
  telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: ${metricsPort}}}}}]}}
  pipelines: {logs: {receivers: [otlp], exporters: [debug]}}`
  const remora = new RemoraProcess(['--config', `yaml:${config}`], { openFiles: 64 })
  const sockets: net.Socket[] = []
  const metricsText = async () => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  const send = () =>
    fetch(`http://127.0.0.1:${port}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: logs,
    })
  const refused = /remora_receiver_rejected_requests\{[^}]*reason="accept_failed"[^}]*\} (\d+)/
  try {
    await remora.ready()
    for (let count = 0; count < 150; count++) {
      const socket = net.connect(port, '127.0.0.1')
      socket.on('error', () => undefined)
      socket.resume()
      sockets.push(socket)
      await once(socket, 'connect')
    }
    await until('every connection that is closed to be counted', async () => {
      // The page needs a descriptor too.
      const counted = Number(refused.exec(await metricsText())?.[1])
      return counted > 80 && sockets.filter(({ closed }) => closed).length === counted
    })

    const before = ticksOf(remora.child.pid as number)
    await new Promise((resolve) => setTimeout(resolve, 500))
    const ticks = ticksOf(remora.child.pid as number) - before
    assert.ok(ticks < 20, `${ticks} ticks of CPU in half a second`)
    const lines = remora.stderr.split('\n').filter((line) => line.includes('accept_failed'))
    assert.ok(lines.length > 0 && lines.length <= 10, `${lines.length} lines`)

    for (const socket of sockets) socket.destroy()
    await until('a request to be taken', async () => {
      try {
        return (await send()).status === 200
      } catch {
        return false
      }
    })
  } finally {
    for (const socket of sockets) socket.destroy()
    await remora.stop()
  }
})
