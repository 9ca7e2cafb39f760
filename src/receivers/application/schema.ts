import * as v from 'valibot'
import { duration, flag, integer } from '../../component/schema.ts'
import {
  contentOptions,
  overflowOptions,
  presetFits,
  recordOptions,
  streamOptions,
} from '../../lines/schema.ts'
import { runOptions } from '../../process/schema.ts'

export const applicationConfig = v.pipe(
  v.strictObject({
    tee: flag(
      true,
      'Write what the application says to standard output and standard error too, byte by byte, so that `kubectl logs` shows it as before.',
    ),
    restart: v.optional(
      v.pipe(
        v.picklist(['no', 'on-failure', 'always'], 'must be one of no, on-failure, always'),
        v.description(
          'Start the application again when it has ended: never, unless it ended with 0, or in any case. Not after a SIGTERM or SIGINT.',
        ),
      ),
      'no',
    ),
    restart_interval: v.optional(
      v.pipe(
        duration(),
        v.minValue(1, 'must be at least 1ms'),
        v.description(
          'Wait this long before a restart, and twice as long each time, until a run lasts for 10s.',
        ),
      ),
      '1s',
    ),
    restart_max_interval: v.optional(
      v.pipe(duration(), v.minValue(1, 'must be at least 1ms'), v.description('The longest wait.')),
      '60s',
    ),
    max_restarts: v.optional(
      v.pipe(
        integer(0),
        v.description('Give up after so many restarts in a row, and end as it ended; 0 never.'),
      ),
      0,
    ),
    ...runOptions,
    ...recordOptions,
    ...streamOptions,
    ...contentOptions,
    ...overflowOptions('drop'),
  }),
  presetFits(),
)

export type ApplicationConfig = v.InferOutput<typeof applicationConfig>
