import * as v from 'valibot'
import { duration, integer, type ObjectMetadata } from '../../component/schema.ts'

const rotation = v.strictObject({
  max_megabytes: v.optional(
    v.pipe(
      integer(1),
      v.description('The file is set aside before it would become larger; no record is split.'),
    ),
    100,
  ),
  max_days: v.optional(
    v.pipe(integer(0), v.description('Files set aside are deleted after so many days; 0 never.')),
    0,
  ),
  max_backups: v.optional(
    v.pipe(integer(0), v.description('So many files set aside are kept; 0 keeps all.')),
    100,
  ),
  localtime: v.optional(
    v.pipe(
      v.boolean(),
      v.description('The time in the names of files set aside is local instead of UTC.'),
    ),
    false,
  ),
})

const createDirectory = v.strictObject({
  enabled: v.optional(
    v.pipe(v.boolean(), v.description('Create the directory of `path` if it is missing.')),
    true,
  ),
  directory_permissions: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^0?[0-7]{3}$/, 'must be octal permissions such as "0755"'),
      v.description('Of a directory that is created.'),
    ),
    '0755',
  ),
})

export const config = v.pipe(
  v.strictObject({
    path: v.pipe(
      v.string(),
      v.minLength(1, 'must not be empty'),
      v.description('The file to write.'),
    ),
    format: v.optional(
      v.pipe(
        v.picklist(['json', 'proto'], 'must be "json" or "proto"'),
        v.description(
          '`json`: a line of OTLP/JSON for each batch. `proto`: OTLP protobuf, each batch behind its length as four bytes, most significant first.',
        ),
      ),
      'json',
    ),
    append: v.optional(
      v.pipe(
        v.boolean(),
        v.description('Keep what the file holds at the start; with `rotation` always so.'),
      ),
      false,
    ),
    compression: v.optional(
      v.pipe(
        v.picklist(['zstd', 'none'], 'must be "zstd" or "none"'),
        v.description('zstd compresses each batch, and sets the length before it in any format.'),
      ),
      'none',
    ),
    rotation: v.nullish(v.pipe(rotation, v.description('Off unless given.'))),
    flush_interval: v.optional(
      v.pipe(
        duration(),
        v.description('Accepted for the collector; nothing is acknowledged before it is written.'),
      ),
      '1s',
    ),
    fsync: v.optional(
      v.pipe(
        v.boolean(),
        v.description('Batches are acknowledged only when they are on the disk itself.'),
      ),
      false,
    ),
    create_directory: v.optional(
      v.pipe(createDirectory, v.description('Whether the directory is created.')),
      {},
    ),
  }),
  v.metadata({ unsupported: ['encoding', 'group_by'] } satisfies ObjectMetadata),
)

export type FileConfig = v.InferOutput<typeof config>
export type RotationConfig = v.InferOutput<typeof rotation>
