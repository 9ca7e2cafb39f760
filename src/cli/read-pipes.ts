import { constants, openSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import type { Clock } from '../component/clock.ts'
import { maxSourceBytes } from '../config/source.ts'
import type { Io } from './io.ts'
import { decodeText, readError, tooLarge } from './read-file.ts'

/** Ten seconds for whoever writes the pipe to end it: a person sees that something is wrong, a slow script gets through. */
const pipeTimeoutMs = 10_000

type StdinIo = Pick<Io, 'readFile' | 'stdin'>

/**
 * `--config /dev/stdin` and `--config <(…)` name pipes, which are read here, before anything else: `readFile` of what is
 * returned gives their text, or throws what went wrong. Files that are named within a configuration are never pipes.
 */
export async function readPipes<I extends StdinIo>(
  config: readonly string[],
  io: I,
  clock: Clock,
): Promise<I> {
  const texts = new Map<string, string | Error>()
  for (const given of config) {
    const path = given.replace(/^file:/, '')
    if (!texts.has(path) && (await isPipe(path))) texts.set(path, await readPipe(path, io, clock))
  }
  if (texts.size === 0) return io
  return {
    ...io,
    readFile: (path) => {
      const text = texts.get(path)
      if (text instanceof Error) throw text
      return text ?? io.readFile(path)
    },
  }
}

/** What cannot be looked at is for `readFile` to say. */
async function isPipe(path: string): Promise<boolean> {
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === undefined) throw error
    return undefined
  })
  if (stats === undefined) return false
  const isTerminal = path === '/dev/stdin' && stats.isCharacterDevice() && process.stdin.isTTY
  return stats.isFIFO() || stats.isSocket() || isTerminal
}

async function readPipe(path: string, { stdin }: StdinIo, clock: Clock): Promise<string | Error> {
  try {
    // What was inherited is used as it is: opened anew by its path, a pipe whose writer is gone never ends.
    const inherited = /^\/(?:dev|proc\/self)\/fd\/(\d+)$/.exec(path)?.[1]
    if (path === '/dev/stdin' || inherited === '0')
      return await readAll(stdin ?? process.stdin, clock)
    // Opening a pipe would else wait for its writer.
    const fd = Number(inherited ?? openSync(path, constants.O_RDONLY | constants.O_NONBLOCK))
    return await readAll(new Socket({ fd, readable: true, writable: false }), clock)
  } catch (error) {
    return readError(error)
  }
}

/** The text of a stream up to its end, within the bounds of time and size. The stream is closed in any case. */
async function readAll(stream: NodeJS.ReadableStream, clock: Clock): Promise<string> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const cancel = clock.after(pipeTimeoutMs, () => {
    reject(new Error(`nobody ended the pipe within ${pipeTimeoutMs / 1000} s`))
  })
  try {
    return await Promise.race([collect(stream), late])
  } finally {
    cancel()
    ;(stream as Partial<Socket>).destroy?.()
  }
}

async function collect(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > maxSourceBytes) throw new Error(tooLarge)
    chunks.push(chunk)
  }
  return decodeText(Buffer.concat(chunks))
}
