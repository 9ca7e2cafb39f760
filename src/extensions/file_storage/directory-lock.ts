import { link, open, readFile, rename, rm, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../component/clock.ts'
import { sleep } from '../../component/clock.ts'

/*
 * One process per directory. The holder's process id and start time stand in the file `lock`, created with O_EXCL.
 *
 * A lock is stale when its process is gone, or when that id now belongs to a process with another start time: after a
 * container restart everyone is process 1 again. Whoever finds a stale lock renames it away and looks at what it got,
 * so of two that race one takes the stale lock and the other notices that it holds a live one, and puts it back.
 *
 * Not covered: two machines (or process namespaces) on one shared volume.
 */
const retryMs = 50

interface Owner {
  readonly pid: number
  /** Clock ticks since boot, from /proc; empty where there is no /proc. */
  readonly startedAt: string
}

/** Locks held by this process: tells our own lock from one left by an earlier process with the same id. */
const heldHere = new Set<string>()

/** Takes the lock, waiting up to `timeoutMs`. Rejects with an Error for a person; resolves to the release. */
export async function lockDirectory(
  directory: string,
  timeoutMs: number,
  clock: Clock,
): Promise<() => Promise<void>> {
  const path = join(directory, 'lock')
  const deadlineMs = clock.monotonicMs() + timeoutMs
  const mine = `${JSON.stringify({ pid: process.pid, startedAt: await startTime(process.pid) })}\n`
  for (;;) {
    const holder = heldHere.has(path) ? process.pid : await tryLock(path, mine)
    if (holder === undefined) break
    if (clock.monotonicMs() >= deadlineMs) {
      throw new Error(
        `cannot use directory "${directory}": process ${holder} uses it (lock file "${path}")`,
      )
    }
    await sleep(clock, retryMs)
  }
  heldHere.add(path)
  return async () => {
    heldHere.delete(path)
    await rm(path, { force: true })
  }
}

/** Undefined when the lock is ours now, otherwise the process that holds it. */
async function tryLock(path: string, mine: string): Promise<number | undefined> {
  for (let attempt = 0; attempt < 3; attempt++) {
    if (await tryCreate(path, mine)) return undefined
    const text = await readIfThere(path)
    if (text === undefined) continue
    const owner = parseOwner(text)
    if (owner !== undefined && (await isAlive(owner, path))) return owner.pid
    await removeStale(path, text)
  }
  return parseOwner((await readIfThere(path)) ?? '')?.pid ?? 0
}

async function removeStale(path: string, staleText: string): Promise<void> {
  const aside = `${path}.stale-${process.pid}`
  try {
    await rename(path, aside)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return
    throw error
  }
  if ((await readIfThere(aside)) !== staleText) {
    // Somebody replaced the stale lock in between: what we took is alive. Put it back.
    await link(aside, path).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error
    })
  }
  await unlink(aside)
}

async function tryCreate(path: string, text: string): Promise<boolean> {
  try {
    const handle = await open(path, 'wx', 0o640)
    try {
      await handle.writeFile(text)
    } finally {
      await handle.close()
    }
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Undefined for a lock that was not written to its end: its writer died. */
function parseOwner(text: string): Owner | undefined {
  try {
    const owner = JSON.parse(text) as Partial<Owner> | null
    if (typeof owner?.pid !== 'number' || typeof owner.startedAt !== 'string') return undefined
    return { pid: owner.pid, startedAt: owner.startedAt }
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

async function isAlive(owner: Owner, path: string): Promise<boolean> {
  if (owner.pid === process.pid) return heldHere.has(path)
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return false
  }
  const startedAt = await startTime(owner.pid)
  return startedAt === '' || owner.startedAt === '' || startedAt === owner.startedAt
}

async function startTime(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The command's name may hold spaces and parentheses; the fields after the last ")" are numbers, the 20th is the start.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

function errorCode(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code
}
