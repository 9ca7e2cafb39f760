import type { Logger } from '../component/telemetry.ts'
import type { Code } from '../errors/codes.ts'
import type { Signal } from '../signal/signal.ts'

/** One message for each outcome, so that a flood of them is held back and counted by the limit of the logger. */
export function warnOfFullQueue(
  logger: Logger,
  what: 'refused' | 'dropped',
  fields: { signal: Signal; reason: Code; items: number },
): void {
  if (what === 'dropped') logger.warn('the sending queue takes no more, dropping items', fields)
  else logger.warn('the sending queue takes no more, refusing items', fields)
}
