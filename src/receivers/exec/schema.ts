import * as v from 'valibot'
import { rule } from '../../component/rule.ts'
import { byteSize, duration, flag, secret } from '../../component/schema.ts'
import {
  contentOptions,
  overflowOptions,
  presetFits,
  recordOptions,
  streamOptions,
} from '../../lines/schema.ts'
import { runOptions } from '../../process/schema.ts'

const word = () => v.string('must be a string')

export const execConfig = v.pipe(
  v.strictObject({
    command: v.pipe(
      v.union(
        [
          v.pipe(v.array(word()), v.minLength(1, 'must name a command')),
          v.pipe(word(), v.nonEmpty('must not be empty')),
        ],
        'must be a list of words, or with shell: true one string',
      ),
      v.description(
        'The command and its arguments, a list; no shell comes between. With `shell: true` one string.',
      ),
    ),
    shell: flag(false, 'Run the command, then a string, with `/bin/sh -c`.'),
    mode: v.optional(
      v.pipe(
        v.picklist(['scheduled', 'streaming'], 'must be "scheduled" or "streaming"'),
        v.description(
          '`scheduled` runs the command once in each `interval`; `streaming` runs it on and on, and again when it ends.',
        ),
      ),
      'scheduled',
    ),
    interval: v.optional(
      v.pipe(
        duration(),
        v.minValue(100, 'must be at least 100ms'),
        v.description(
          'Scheduled: from one start to the next, the first at once. A start is left out, and counted, while the run before goes on.',
        ),
      ),
      '60s',
    ),
    timeout: v.optional(
      v.pipe(duration(), v.description('Scheduled: end a run after this long; 0 never.')),
      0,
    ),
    max_output_size: v.optional(
      v.pipe(
        byteSize(),
        v.minValue(1, 'must be at least 1 byte'),
        v.description('Scheduled: end a run that says more than this; what came before is kept.'),
      ),
      '64MiB',
    ),
    respawn_on_exit: flag(true, 'Streaming: run it again when it ends.'),
    respawn_interval: v.optional(
      v.pipe(
        duration(),
        v.minValue(1, 'must be at least 1ms'),
        v.description(
          'Streaming: wait this long before, and twice as long each time, until a run lasts for 10s.',
        ),
      ),
      '1s',
    ),
    respawn_max_interval: v.optional(
      v.pipe(
        duration(),
        v.minValue(1, 'must be at least 1ms'),
        v.description('Streaming: the longest wait.'),
      ),
      '60s',
    ),
    include_stderr: flag(
      true,
      'Read standard error too; else it goes where that of remora goes. The attribute `log.iostream` tells them apart.',
    ),
    environment: v.optional(
      v.pipe(
        v.record(v.string(), secret()),
        v.description('Variables for the command, beside those of remora. Never printed.'),
      ),
      {},
    ),
    clear_environment: flag(
      false,
      'Give the command only what `environment` says, and none of the variables of remora.',
    ),
    working_directory: v.optional(
      v.pipe(word(), v.nonEmpty('must not be empty'), v.description('Where the command runs.')),
    ),
    ...runOptions,
    ...recordOptions,
    ...streamOptions,
    ...contentOptions,
    ...overflowOptions('block'),
  }),
  presetFits(),
  rule(
    ['command', 'shell'],
    ({ command, shell }) => (typeof command === 'string') === shell,
    'must be a list of words, or with shell: true one string',
    ['command'],
  ),
)

export type ExecConfig = v.InferOutput<typeof execConfig>
