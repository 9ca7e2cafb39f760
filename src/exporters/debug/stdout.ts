import fs from 'node:fs'
import net from 'node:net'
import type { Writable } from 'node:stream'

let shared: Writable | undefined

/**
 * Standard output as a stream that never blocks the event loop; `process.stdout` would, when it is a pipe that nobody
 * reads. One for the whole process, because a pipe can be watched only once.
 */
export function openStdout(): Writable {
  shared ??= open()
  return shared
}

function open(): Writable {
  const stat = fs.fstatSync(1)
  if (stat.isFIFO() || stat.isSocket()) {
    const pipe = new net.Socket({ fd: 1, readable: false, writable: true })
    pipe.unref()
    return pipe
  }
  // Files and terminals: written by the thread pool.
  return fs.createWriteStream('', { fd: 1, autoClose: false })
}
