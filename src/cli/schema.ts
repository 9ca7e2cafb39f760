import type { Arguments } from './arguments.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { Io } from './io.ts'

/** `remora schema`: a JSON Schema of the whole configuration. */
export async function schema(_args: Arguments, io: Io): Promise<ExitCode> {
  const { configJsonSchema } = await import('../config/json-schema.ts')
  io.stdout(`${JSON.stringify(configJsonSchema(await io.loadRegistry()), undefined, 2)}\n`)
  return exitCodes.ok.code
}
