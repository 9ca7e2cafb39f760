import type { LoadRegistry, Registry } from '../component/registry.ts'
import { Application } from '../process/application.ts'
import { ApplicationReceiver } from '../receivers/application/application-receiver.ts'
import { application as definition } from '../receivers/application/definition.ts'
import type { Arguments } from './arguments.ts'
import type { Io } from './io.ts'
import { type ProcessControl, run } from './run.ts'

/** What people send to applications beside SIGTERM and SIGINT. SIGCHLD and SIGPIPE are ours, KILL and STOP nobody's. */
const furtherSignals: readonly NodeJS.Signals[] = [
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGCONT',
  'SIGWINCH',
  'SIGPWR',
]

/** `remora exec`: run, around an application. The exit code is that of the application, once it was started. */
export async function exec(args: Arguments, io: Io, control: ProcessControl): Promise<number> {
  const application = new Application(args.words as [string, ...string[]])
  const loadRegistry: LoadRegistry = async (named) =>
    withApplication(await io.loadRegistry(named), application)
  const ward = {
    receiver: definition.type,
    forward: (signal: string) => application.forward(signal as NodeJS.Signals),
    ended: application.ended,
  }
  for (const signal of furtherSignals) process.on(signal, () => application.pass(signal))
  const code = await run(args, { ...io, loadRegistry }, control, ward)
  return application.startFailure ?? code
}

/** The receiver gets its application. */
function withApplication(registry: Registry, application: Application): Registry {
  const bound: typeof definition = {
    ...definition,
    create: (settings, outputs) =>
      new ApplicationReceiver(settings as never, outputs.logs, application),
  }
  return { ...registry, receiver: new Map([...registry.receiver, [definition.type, bound]]) }
}
