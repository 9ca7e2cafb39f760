import { constants } from 'node:os'

/** How a process ended: one of the two. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** What a shell has in `$?`: the code, or 128 and the number of the signal. */
export function statusOf({ code, signal }: Exit): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal])
}

export function describeExit({ code, signal }: Exit): string {
  return signal === null ? `exit code ${code}` : `ended by ${signal}`
}

/** A command that cannot be run, with what a shell says of it: 127 for not found, 126 for not runnable. */
export class CommandError extends Error {
  readonly status: 126 | 127

  constructor(message: string, status: 126 | 127, cause: unknown) {
    super(message, { cause })
    this.status = status
  }
}
