import * as v from 'valibot'
import { integer, type ObjectMetadata } from '../../component/schema.ts'

export const config = v.pipe(
  v.strictObject({
    verbosity: v.optional(
      v.pipe(
        v.picklist(['basic', 'normal', 'detailed'], 'must be "basic", "normal" or "detailed"'),
        v.description(
          '`basic`: a line for each batch with counts. `normal`: a line for each item. `detailed`: every field.',
        ),
      ),
      'basic',
    ),
    max_records: v.optional(
      v.pipe(
        integer(0),
        v.description(
          'With `normal` and `detailed`, the items shown of each batch, and then how many more there are; 0 shows all.',
        ),
      ),
      0,
    ),
    sampling_initial: v.optional(
      v.pipe(integer(0), v.description('Batches shown at the beginning of each second.')),
      2,
    ),
    sampling_thereafter: v.optional(
      v.pipe(
        integer(0),
        v.description('After those, each such batch of the second is shown: 1 all, 0 none.'),
      ),
      1,
    ),
    use_internal_logger: v.optional(
      v.pipe(
        v.boolean(),
        v.description('Accepted for the collector; data goes to standard output in any case.'),
      ),
      true,
    ),
  }),
  v.metadata({ unsupported: ['sending_queue', 'output_paths'] } satisfies ObjectMetadata),
)

export type DebugConfig = v.InferOutput<typeof config>
