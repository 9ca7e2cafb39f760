import type { ConfiguredService } from '../component/configured.ts'
import type { Arguments } from './arguments.ts'
import { checkConfig } from './check-config.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { Io } from './io.ts'

/** `remora validate`: every problem, or one line that says what would run. */
export async function validate(args: Arguments, io: Io): Promise<ExitCode> {
  const { loaded, plan, problemText, warningText } = await checkConfig(args, io)
  io.stderr(warningText)
  if (plan === undefined || loaded.service === undefined) {
    io.stderr(problemText)
    return exitCodes.failed.code
  }
  io.stdout(`configuration is valid: ${summarise(loaded.service)}\n`)
  return exitCodes.ok.code
}

export function summarise(service: ConfiguredService): string {
  const names = service.pipelines.map(({ name }) => name).join(', ')
  const counts = [
    count(service.receivers.size, 'receiver'),
    count(service.processors.size, 'processor'),
    count(service.exporters.size, 'exporter'),
  ]
  return `${count(service.pipelines.length, 'pipeline')} (${names}), ${counts.join(', ')}`
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`
}
