import * as v from 'valibot'
import { duration, flag } from '../../component/schema.ts'
import {
  contentOptions,
  overflowOptions,
  presetFits,
  recordOptions,
  streamOptions,
} from '../../lines/schema.ts'

const drain = v.strictObject({
  quiet_period: v.optional(
    v.pipe(
      duration(),
      v.description('Stop reading when nothing came for this long; 0 stops at once.'),
    ),
    '1s',
  ),
  deadline: v.optional(
    v.pipe(
      duration(),
      v.description(
        'Stop reading after this long in any case. A quarter of `service.shutdown_timeout` unless given; it must be shorter than that.',
      ),
    ),
  ),
})

export const stdinConfig = v.pipe(
  v.strictObject({
    tee: flag(
      false,
      'Write what is read to standard output too, byte by byte. If nobody reads that any more, remora goes on.',
    ),
    exit_on_eof: v.optional(
      v.pipe(
        v.boolean('must be true or false'),
        v.description(
          'End remora, with 0, when the input has ended and all of it is delivered: `true` in any case, `false` never; unless given, if there is no other receiver.',
        ),
      ),
    ),
    ...recordOptions,
    ...streamOptions,
    ...contentOptions,
    ...overflowOptions('block'),
    drain: v.optional(
      v.pipe(
        drain,
        v.description(
          'At a stop (SIGTERM), go on reading until the input ends or is quiet: whoever writes may be stopping too.',
        ),
      ),
      {},
    ),
  }),
  presetFits(),
)

export type StdinConfig = v.InferOutput<typeof stdinConfig>
