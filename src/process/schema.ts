import * as v from 'valibot'
import { duration, flag } from '../component/schema.ts'

/** Options of receivers that run commands. */
export const runOptions = {
  include_process: flag(
    true,
    'Add `process.pid`, `process.command` and `process.executable.name` to the resource. Arguments are left out, because people write passwords there.',
  ),
  stop_timeout: v.optional(
    v.pipe(
      duration(),
      v.description('How long it may take to end after SIGTERM; then it is killed.'),
    ),
    '10s',
  ),
  output_deadline: v.optional(
    v.pipe(
      duration(),
      v.description(
        'How long to read on after its end, while processes that it left behind hold its output; less when a second passes without a word of them.',
      ),
    ),
    '5s',
  ),
}
