import * as v from 'valibot'
import { rule } from '../../component/rule.ts'
import { byteSize, duration, integer } from '../../component/schema.ts'

export const config = v.pipe(
  v.strictObject({
    timeout: v.optional(
      v.pipe(
        duration(),
        v.description('Send what has gathered after this long; 0 sends everything at once.'),
      ),
      '200ms',
    ),
    send_batch_size: v.optional(
      v.pipe(
        integer(0),
        v.description('Send as soon as this many items have gathered; 0 leaves it to `timeout`.'),
      ),
      8192,
    ),
    send_batch_max_size: v.optional(
      v.pipe(integer(0), v.description('Cut larger batches; 0 never does.')),
      0,
    ),
    metadata_keys: v.optional(
      v.pipe(
        v.array(v.pipe(v.string(), v.minLength(1, 'must not be empty'))),
        v.check(
          (keys) => new Set(keys.map((key) => key.toLowerCase())).size === keys.length,
          'must not name a header twice',
        ),
        v.description(
          'Batches are kept apart by the values of these request headers (see include_metadata of receivers).',
        ),
      ),
      [],
    ),
    metadata_cardinality_limit: v.optional(
      v.pipe(
        integer(0),
        v.description(
          'More combinations of values at once than this are refused; 0 sets no limit.',
        ),
      ),
      1000,
    ),
    max_bytes: v.optional(
      v.pipe(
        byteSize(),
        v.description(
          'What is held at most, gathering or waiting for the next component. 64MiB unless given, or an eighth of the memory limit of the container if that is less.',
        ),
      ),
    ),
  }),
  rule(
    ['send_batch_size', 'send_batch_max_size'],
    (c) => c.send_batch_max_size === 0 || c.send_batch_max_size >= c.send_batch_size,
    'must be 0, or at least send_batch_size',
    ['send_batch_max_size'],
  ),
)

export type BatchConfig = v.InferOutput<typeof config>
