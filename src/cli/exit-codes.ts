/** What the exit code of remora says. docs/reference/exit-codes.md is generated from this table. */
export const exitCodes = {
  ok: {
    code: 0,
    summary:
      'The command did what was asked; a run was stopped by a signal and everything held was handed on.',
    action: 'Nothing.',
  },
  failed: {
    code: 1,
    summary:
      'The configuration has problems, or remora cannot start, e.g. because a port is taken.',
    action: 'Read the messages on stderr: each names its place.',
  },
  usage: {
    code: 2,
    summary: 'The command line is wrong.',
    action: 'See `remora --help`.',
  },
  stopTimeout: {
    code: 3,
    summary: 'A component did not stop within service.shutdown_timeout and the grace after it.',
    action: 'Please report it with the last log lines; data in memory queues may be lost.',
  },
  notExecutable: {
    code: 126,
    summary: 'remora exec: the application cannot be run.',
    action: 'Read the message on stderr: it is not executable, or not for this machine.',
  },
  notFound: {
    code: 127,
    summary: 'remora exec: there is no such command.',
    action: 'Check its path and PATH.',
  },
  bug: {
    code: 70,
    summary: 'A bug in remora; the last log line has the stack.',
    action: 'Please report it with that line.',
  },
  forced: {
    code: 130,
    summary: 'A second SIGTERM or SIGINT ended the process at once, without waiting for the stop.',
    action: 'Give the stop its time; data in memory queues was lost.',
  },
} as const satisfies Record<string, { code: number; summary: string; action: string }>

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]['code']
