import type { Clock } from '../component/clock.ts'
import type { Logger } from '../component/telemetry.ts'
import { Preset } from '../presets/preset.ts'
import type { LineOptions } from './schema.ts'

/** The preset that the options ask for; the framer and the target of a receiver share it. */
export function createPreset(
  options: LineOptions,
  clock: Clock,
  logger: Logger,
): Preset | undefined {
  const { preset, preset_location: location, preset_body: body } = options
  return preset && new Preset({ preset, location, body }, clock, logger)
}

/** Behind a container runtime a line of the program is only what the operator makes of it. */
export function inContainer({ operators }: LineOptions): boolean {
  return operators[0]?.type === 'container'
}
