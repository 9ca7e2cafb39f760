import { execFile } from 'node:child_process'
import { close, constants, open } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Descriptors of this process. */
export interface OutputPipe {
  readonly readFd: number
  /** For the child; close it here once the child has it. */
  readonly writeFd: number
}

const openFd = promisify(open) as (path: string, flags: number) => Promise<number>
const run = promisify(execFile)

/**
 * Real pipes for the output of a child. Node gives children sockets, and `/dev/stdout` of a socket cannot be opened:
 * nginx, Apache and `echo > /dev/stdout` fail with ENXIO. Node has no pipe(2), so these are FIFOs whose names are gone
 * again before anybody uses them. Undefined where that is impossible: no mkfifo, or no place to write.
 */
export async function createOutputPipes(count: number): Promise<OutputPipe[] | undefined> {
  for (const parent of [tmpdir(), '/dev/shm']) {
    const pipes = await createIn(parent, count)
    if (pipes !== undefined) return pipes
  }
  return undefined
}

async function createIn(parent: string, count: number): Promise<OutputPipe[] | undefined> {
  const pipes: OutputPipe[] = []
  let directory: string | undefined
  try {
    directory = await mkdtemp(join(parent, 'remora-'))
    const paths = Array.from({ length: count }, (_, index) => join(directory as string, `${index}`))
    await run('mkfifo', ['-m', '600', ...paths])
    for (const path of paths) pipes.push(await openBoth(path))
    return pipes
  } catch (error) {
    for (const { readFd, writeFd } of pipes) closeAll(readFd, writeFd)
    // Without the means there are no pipes, and the caller says so; anything else is a bug.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return undefined
  } finally {
    if (directory !== undefined) await rm(directory, { recursive: true, force: true })
  }
}

async function openBoth(path: string): Promise<OutputPipe> {
  // Without O_NONBLOCK this would wait for the other end.
  const readFd = await openFd(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    return { readFd, writeFd: await openFd(path, constants.O_WRONLY) }
  } catch (error) {
    closeAll(readFd)
    throw error
  }
}

/** Closing what is open cannot fail in a way that anybody could mend. */
export function closeAll(...fds: readonly number[]): void {
  for (const fd of fds) close(fd, () => undefined)
}
