import { type Arguments, parseArguments } from './arguments.ts'
import { exitCodes } from './exit-codes.ts'
import { helpText } from './help.ts'
import type { Io } from './io.ts'
import { readPipes } from './read-pipes.ts'
import type { ProcessControl } from './run.ts'
import { version } from './version.ts'

/**
 * The whole program but for the process around it: reads the command line, does it, and resolves with the exit code, which
 * is one of ours, or with `exec` that of the application.
 * Each command is imported when it is asked for, so that `--version` and `run` pay for nothing else.
 */
export async function cli(
  args: readonly string[],
  io: Io,
  control: ProcessControl,
): Promise<number> {
  if (args.length === 0) {
    io.stderr(helpText())
    return exitCodes.usage.code
  }
  const parsed = parseArguments(args)
  switch (parsed.kind) {
    case 'version':
      io.stdout(`remora ${version}\n`)
      return exitCodes.ok.code
    case 'help':
      io.stdout(helpText(parsed.command))
      return exitCodes.ok.code
    case 'error':
      io.stderr(`remora: ${parsed.message}\nSee remora --help.\n`)
      return exitCodes.usage.code
    case 'command':
      return runCommand(parsed.arguments, io, control)
  }
}

/** On a signal it ends what it is at, and has a last word. */
function endsInOrder({ command, watch, follow, words }: Arguments): boolean {
  return watch || follow || (command === 'dead-letters' && words?.[0] === 'replay')
}

async function runCommand(args: Arguments, plainIo: Io, control: ProcessControl): Promise<number> {
  // Nothing is started yet, so there is nothing to stop.
  if (args.command === 'run') control.onSignal(() => control.exit(exitCodes.ok.code))
  else if (args.command === 'exec') control.onSignal(() => control.exit(exitCodes.forced.code))
  else if (!endsInOrder(args)) control.leaveSignals()
  const io = await readPipes(args.config, plainIo, control.clock)
  switch (args.command) {
    case 'run':
      return (await import('./run.ts')).run(args, io, control)
    case 'exec':
      return (await import('./exec.ts')).exec(args, io, control)
    case 'validate':
      return (await import('./validate.ts')).validate(args, io)
    case 'components':
      return (await import('./components.ts')).components(args, io)
    case 'print-config':
      return (await import('./print-config.ts')).printConfig(args, io)
    case 'mask':
      return (await import('./mask.ts')).mask(args, io)
    case 'tail':
      return (await import('./tail.ts')).tail(args, io, control)
    case 'schema':
      return (await import('./schema.ts')).schema(args, io)
    case 'dead-letters':
      return (await import('./dead-letters.ts')).deadLetters(args, io, control)
    case 'queue':
      return (await import('./queue-status.ts')).queueStatus(args, io, control)
  }
}
