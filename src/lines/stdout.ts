import fs from 'node:fs'
import net from 'node:net'
import type { Writable } from 'node:stream'
import { promisify } from 'node:util'

let shared: Promise<Writable> | undefined

/**
 * Standard output as a stream that never blocks the event loop; `process.stdout` would, when it is a pipe that nobody
 * reads. One for the whole process, because a pipe can be watched only once.
 */
export function openStdout(): Promise<Writable> {
  shared ??= open()
  return shared
}

async function open(): Promise<Writable> {
  const stat = await promisify(fs.fstat)(1)
  if (stat.isFIFO() || stat.isSocket()) {
    const pipe = new net.Socket({ fd: 1, readable: false, writable: true })
    pipe.unref()
    return pipe
  }
  // Files and terminals: written by the thread pool.
  return fs.createWriteStream('', { fd: 1, autoClose: false })
}

interface BlockingHandle {
  setBlocking?(on: boolean): void
}

/**
 * Standard error as a stream that does not block the event loop either. It is the one of node, because the log of remora
 * goes there too. Node has no public way to say this; without it writes block, and nothing else changes.
 */
export function openStderr(): Writable {
  const { _handle: handle } = process.stderr as unknown as { _handle?: BlockingHandle | null }
  handle?.setBlocking?.(false)
  return process.stderr
}
