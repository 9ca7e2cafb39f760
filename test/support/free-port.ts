import { createServer } from 'node:net'

/**
 * Below the range from which the kernel takes ports for connections and for port 0. The test runner runs files side by
 * side, each in a process of its own: each process has its own hundred, so none takes the port of another in the moment
 * between the question and the answer.
 */
const [lowest, highest, portsPerProcess] = [10_000, 32_700, 100]
const slots = (highest - lowest) / portsPerProcess
const first = lowest + (process.pid % slots) * portsPerProcess
let taken = 0

/** A free port that stays free while nobody listens on it, so that a process which is killed finds it again. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = first + (taken % portsPerProcess)
    taken += 1
    const server = createServer()
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (free) return port
  }
}
