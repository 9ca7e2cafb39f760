import { cli } from './cli/cli.ts'
import { exitCodes } from './cli/exit-codes.ts'
import { readTextFile } from './cli/read-file.ts'
import { systemClock } from './component/clock.ts'

// A reader that went away (`remora components | head -1`) is no error.
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})

let code: number
try {
  code = await cli(
    process.argv.slice(2),
    {
      env: process.env,
      stdout: (text) => process.stdout.write(text),
      stderr: (text) => process.stderr.write(text),
      readFile: readTextFile,
      registry: async () => (await import('./components.ts')).registry,
    },
    {
      clock: systemClock,
      onSignal(receive) {
        for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, receive)
      },
      onBug(receive) {
        process.on('uncaughtException', receive)
        process.on('unhandledRejection', receive)
      },
      exit: (code) => process.exit(code),
    },
  )
} catch (error) {
  const stack = error instanceof Error ? error.stack : String(error)
  process.stderr.write(`${JSON.stringify({ level: 'error', msg: 'BUG: remora failed', stack })}\n`)
  code = exitCodes.bug.code
}
// Whatever a component may have left open must not keep a stopped process alive.
process.stdout.write('', () => process.exit(code))
