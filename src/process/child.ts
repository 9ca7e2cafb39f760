import { type ChildProcess, spawn } from 'node:child_process'
import { stat } from 'node:fs/promises'
import type net from 'node:net'
import { CommandError, type Exit } from './exit.ts'
import { closeAll, createOutputPipes } from './output-pipes.ts'

export interface Command {
  /** The program and its arguments. */
  readonly words: readonly [string, ...string[]]
  /** All of its environment. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly directory?: string | undefined
  readonly stdin: 'inherit' | 'ignore'
  /** Whether to read stderr; else it goes where that of this process goes. */
  readonly stderr: boolean
}

/** What is read of a child: a descriptor of a pipe, or node's socket where there are no pipes. */
export type Output = number | net.Socket

/** A running process with a group of its own, so that it and what it starts can be ended together. */
export class Child {
  readonly pid: number
  readonly stdout: Output
  readonly stderr: Output | undefined
  readonly exited: Promise<Exit>
  readonly #process: ChildProcess

  private constructor(process: ChildProcess, stdout: Output, stderr: Output | undefined) {
    this.#process = process
    this.pid = process.pid as number
    this.stdout = stdout
    this.stderr = stderr
    this.exited = new Promise((resolve) => {
      process.once('exit', (code, signal) => resolve({ code, signal }))
    })
  }

  /** Rejects with a CommandError when the program cannot be run. */
  static async start(command: Command): Promise<Child> {
    const pipes = await createOutputPipes(command.stderr ? 2 : 1)
    const [out, error] = pipes ?? []
    const { words, environment, directory, stdin } = command
    // Node throws some errors (ENOTDIR, E2BIG) and emits others.
    let process: ChildProcess
    try {
      process = spawn(words[0], words.slice(1), {
        cwd: directory,
        env: environment as NodeJS.ProcessEnv,
        detached: true,
        stdio: [
          stdin,
          out?.writeFd ?? 'pipe',
          command.stderr ? (error?.writeFd ?? 'pipe') : 'inherit',
        ],
      })
      await spawned(process)
    } catch (thrown) {
      closeAll(...(pipes ?? []).map(({ readFd }) => readFd))
      throw await toCommandError(thrown as NodeJS.ErrnoException, command)
    } finally {
      closeAll(...(pipes ?? []).map(({ writeFd }) => writeFd))
    }
    const stdout = out?.readFd ?? (process.stdout as net.Socket)
    const stderr = command.stderr ? (error?.readFd ?? (process.stderr as net.Socket)) : undefined
    return new Child(process, stdout, stderr)
  }

  /** Nothing happens if it has ended. */
  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** Also what it has started, as far as that has no group of its own. True if anything was there. */
  killGroup(signal: NodeJS.Signals): boolean {
    try {
      return process.kill(-this.pid, signal)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // Nobody is left, or nobody whom we may signal.
      if (code === 'ESRCH' || code === 'EPERM') return false
      throw error
    }
  }
}

function spawned(process: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    process.once('spawn', resolve)
    process.once('error', reject)
  })
}

async function toCommandError(
  error: NodeJS.ErrnoException,
  { words: [file], directory }: Command,
): Promise<CommandError> {
  if (directory !== undefined && !(await isDirectory(directory))) {
    return new CommandError(
      `cannot run "${file}": there is no directory "${directory}"`,
      126,
      error,
    )
  }
  const found = error.code !== 'ENOENT' && error.code !== 'ENOTDIR'
  const reason = found ? reasonOf(error) : 'there is no such command'
  return new CommandError(`cannot run "${file}": ${reason}`, found ? 126 : 127, error)
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'EACCES') return 'it is not executable, or its directory is not accessible'
  return code === 'ENOEXEC' ? 'it is no program of this machine' : message
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return false
  }
}
