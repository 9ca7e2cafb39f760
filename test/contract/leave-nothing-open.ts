/**
 * Starts and stops every component, one after the other; whoever still holds a socket, file or timer then is named.
 * Run as a process of its own: nothing but the components can keep it alive, and it must end by itself.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { cases, createInstance } from './cases.ts'

/** What a fresh process has: its standard streams. */
const known = new Set(['PipeWrap', 'TTYWrap', 'FSReqCallback'])

let failed = false
for (const one of cases) {
  const instance = createInstance(one)
  await instance.component.start()
  await instance.component.stop(AbortSignal.timeout(2000))
  instance.clean()
  // Handles close in the next turns of the event loop.
  await delay(30)
  const left = process.getActiveResourcesInfo().filter((name) => !known.has(name))
  if (left.length > 0) {
    failed = true
    process.stdout.write(`${one.name} leaves ${left.join(', ')}\n`)
  }
}
process.stdout.write(`stopped ${cases.length}\n`)
if (failed) process.exitCode = 1

// A timer or socket that is left keeps the process here until this speaks.
const watch = setTimeout(() => {
  const left = process.getActiveResourcesInfo().join(', ')
  process.stdout.write(`the process does not end: ${left}\n`)
  process.exit(1)
}, 5000)
watch.unref()
