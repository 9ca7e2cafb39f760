import { createServer } from 'node:net'

let next = 20_000 + Math.floor(Math.random() * 10_000)

/**
 * A free port that stays free while nobody listens on it: below the range from which the kernel takes ports for
 * connections, so that a process which is killed finds it again.
 */
export async function fixedPort(): Promise<number> {
  for (;;) {
    const port = next
    next = next < 32_000 ? next + 1 : 20_000
    const server = createServer()
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (free) return port
  }
}
