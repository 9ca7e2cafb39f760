type Signal = 'SIGTERM' | 'SIGINT'
const signals: readonly Signal[] = ['SIGTERM', 'SIGINT']

// First of all, before anything else is even loaded: a container may be stopped at once, and where remora is process 1
// a signal without a handler is lost.
const early: Signal[] = []
let receive = (signal: Signal): void => {
  early.push(signal)
}
const onSignal = (signal: Signal): void => receive(signal)
for (const signal of signals) process.on(signal, onSignal)

// What bin/remora has set for this process alone, and what has taken effect by now. An application that remora starts would
// otherwise be tuned as remora is, and a Node among them would write into remora's compile cache.
for (const name of process.env['REMORA_OWN_ENV']?.split(' ') ?? []) delete process.env[name]
delete process.env['REMORA_OWN_ENV']

// A reader that went away (`remora components | head -1`) is no error, but an end of what would write for ever. Anything else
// (a full disk) is told once on stderr, if that still takes it, and remora goes on: its output is not its work.
let readerGone = (): void => {}
let isOutputLost = false
const onLost = (error: NodeJS.ErrnoException): void => {
  if (error.code === 'EPIPE' || isOutputLost) return
  isOutputLost = true
  const line = { level: 'error', msg: 'cannot write to stdout or stderr', error: error.message }
  process.stderr.write(`${JSON.stringify(line)}\n`)
}
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') readerGone()
  onLost(error)
})
process.stderr.on('error', onLost)

const [{ cli }, { exitCodes }, { isPipe, readTextFile }, { systemClock }] = await Promise.all([
  import('./cli/cli.ts'),
  import('./cli/exit-codes.ts'),
  import('./cli/read-file.ts'),
  import('./component/clock.ts'),
])

let code: number
try {
  code = await cli(
    process.argv.slice(2),
    {
      env: process.env,
      stdout: (text) => process.stdout.write(text),
      stderr: (text) => process.stderr.write(text),
      readFile: readTextFile,
      isPiped: isPipe(0),
      ...(process.stdout.isTTY ? { terminal: { columns: process.stdout.columns } } : {}),
      onReaderGone: (run) => {
        readerGone = run
      },
      loadRegistry: async (named) => (await import('./components.ts')).loadRegistry(named),
    },
    {
      clock: systemClock,
      onSignal(receiver) {
        receive = receiver
        for (const signal of early.splice(0)) receive(signal)
      },
      leaveSignals() {
        for (const signal of signals) process.off(signal, onSignal)
        for (const signal of early.splice(0)) process.kill(process.pid, signal)
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
// Whatever a component may have left open must not keep a stopped process alive, nor must a reader that reads no more.
const exit = (): void => process.exit(isOutputLost && code === 0 ? exitCodes.failed.code : code)
systemClock.after(1000, exit)
// Behind the event of a write that failed.
process.stdout.write('', () => setImmediate(exit))

export {}
