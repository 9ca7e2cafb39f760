import { randomUUID } from 'node:crypto'
import { link, readFile, readlink, rename, symlink, unlink, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { errorCode } from './file-system.ts'
import { removeLockLeftovers } from './lock-leftovers.ts'
import { giveSignOfLife, isAnswered, type SignOfLife } from './sign-of-life.ts'

/*
 * One process per directory. The file `lock` names the holder's process id and start time, and a socket beside it that
 * the holder listens on.
 *
 *     listen on lock.<id>.sock, write lock.<id>.tmp ──▶ link it to `lock` ──▶ ours
 *                                ▲    │ exists
 *                                │    ▼
 *                                │  holder alive? ── yes ──▶ refuse
 *                                │    │ no
 *                                └── rename it away
 *
 * On a full disk nothing can be written, and what would make room waits for this lock. There the lock is a symbolic link, whose
 * "target" is the content: that needs no block of the disk.
 *
 * The link makes the lock appear with its content or not at all. A lock is stale when nobody answers at its socket: two
 * containers on one volume do not see each other's processes, and in each the holder is process 1. Where there are no
 * sockets, it is stale when its process is gone, or that id belongs to one with another start time. Whoever renames a stale lock away looks at what it got: of two that race, the slower may hold the lock that the faster has just made, and
 * puts it back.
 *
 * Not covered: two machines on one volume.
 */
interface Owner {
  readonly pid: number
  /** Clock ticks since boot, from /proc; empty where there is no /proc. */
  readonly startedAt: string
  /** The name of the socket; empty where there is none. */
  readonly socket: string
}

const attempts = 3
const socketName = /^lock\.[\da-f]{8}\.sock$/

/** Held by this process: tells our own lock from one that an earlier process with the same id left. */
const heldHere = new Set<string>()

/** Another process, or this one, holds the directory. The message is for a person. */
export class DirectoryInUse extends Error {
  constructor(directory: string, pid: number) {
    super(`cannot use directory "${directory}": process ${pid} uses it`)
  }
}

/** Rejects with `DirectoryInUse` if another process, or this one, uses the directory. Resolves to the release. */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  const path = join(directory, 'lock')
  if (heldHere.has(path)) throw new DirectoryInUse(directory, process.pid)
  heldHere.add(path)
  const own = `${path}.${randomUUID().slice(0, 8)}`
  let sign: SignOfLife | undefined
  let text: string
  try {
    sign = await giveSignOfLife(`${own}.sock`)
    text = await takeLock(directory, own, sign === undefined ? '' : `${basename(own)}.sock`)
  } catch (error) {
    heldHere.delete(path)
    await sign?.end()
    if (error instanceof DirectoryInUse) throw error
    const message = `cannot lock directory "${directory}": ${(error as Error).message}`
    throw new Error(message, { cause: error })
  }
  if (sign !== undefined) await removeLockLeftovers(directory, `${own}.sock`)
  return async () => {
    heldHere.delete(path)
    try {
      // If somebody has removed the directory, another process may have made it, and its lock, anew.
      if ((await readIfThere(path)) === text) await unlinkIfThere(path)
    } finally {
      await sign?.end()
    }
  }
}

/** Resolves to what the lock says. */
async function takeLock(directory: string, own: string, socket: string): Promise<string> {
  const path = join(directory, 'lock')
  const owner: Owner = { pid: process.pid, startedAt: await startTime(process.pid), socket }
  let mine = JSON.stringify(owner)
  const temporary = `${own}.tmp`
  let make = () => link(temporary, path)
  try {
    if (!(await writeIfRoom(temporary, mine))) {
      mine = shortText(owner)
      make = () => symlink(mine, path)
    }
    for (let attempt = 0; attempt < attempts; attempt++) {
      const made = await unlessThere(make)
      const text = await readIfThere(path)
      if (made && text === mine) return mine
      const other = parseOwner(text ?? '')
      if (other !== undefined && (await isAlive(directory, other)))
        throw new DirectoryInUse(directory, other.pid)
      if (text !== undefined) await removeStale(path, `${own}.stale`, text)
      if (other !== undefined && other.socket !== '')
        await unlinkIfThere(join(directory, other.socket))
    }
  } finally {
    await unlinkIfThere(temporary)
  }
  throw new Error('others keep taking the lock')
}

/** False if the disk is full. */
async function writeIfRoom(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { mode: 0o640 })
    return true
  } catch (error) {
    if (['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '')) return false
    throw error
  }
}

/** ext4 keeps a link of up to 59 bytes beside the file's other data. */
function shortText({ pid, startedAt, socket }: Owner): string {
  return JSON.stringify(socket === '' ? { pid, startedAt } : { pid, socket })
}

async function unlessThere(make: () => Promise<void>): Promise<boolean> {
  try {
    await make()
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}

async function removeStale(path: string, aside: string, staleText: string): Promise<void> {
  try {
    await rename(path, aside)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return
    throw error
  }
  if ((await readIfThere(aside)) !== staleText) await unlessThere(() => link(aside, path))
  await unlinkIfThere(aside)
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readlink(path)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    if (errorCode(error) !== 'EINVAL') throw error
  }
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Undefined for what is no lock of ours. */
function parseOwner(text: string): Owner | undefined {
  try {
    const owner = JSON.parse(text) as Partial<Owner> | null
    // It will be removed: nothing but a socket of ours may be named.
    const socket = socketName.test(owner?.socket ?? '') ? (owner?.socket as string) : ''
    const startedAt = owner?.startedAt ?? (socket === '' ? undefined : '')
    if (typeof owner?.pid !== 'number' || typeof startedAt !== 'string') return undefined
    return { pid: owner.pid, startedAt, socket }
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

async function isAlive(directory: string, { pid, startedAt, socket }: Owner): Promise<boolean> {
  if (socket !== '') return isAnswered(join(directory, socket))
  // Ours would stand in heldHere: this one is of an earlier process with the same id.
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return false
  }
  const now = await startTime(pid)
  return now === '' || startedAt === '' || now === startedAt
}

async function startTime(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The command's name may hold spaces and parentheses; of the fields after the last ")" the 20th is the start.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}
