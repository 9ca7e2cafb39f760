import * as v from 'valibot'
import { rule } from '../../component/rule.ts'
import {
  byteSize,
  duration,
  flag,
  integer,
  type ObjectMetadata,
  parses,
  storageId,
} from '../../component/schema.ts'
import {
  contentOptions,
  multilineHasText,
  multilineNeedsText,
  presetFits,
  recordOptions,
} from '../../lines/schema.ts'
import { operators } from '../../operators/schema.ts'
import { pattern } from '../../regex/schema.ts'
import { findEncoding } from '../../tail/encoding.ts'
import { compileGlob } from '../../tail/glob.ts'
import { orderingCriteria } from './ordering/schema.ts'

const glob = () =>
  v.pipe(v.string('must be a path'), v.nonEmpty('must not be empty'), parses(compileGlob))

const notForHeaders: readonly string[] = ['filter', 'router', 'recombine', 'container']

const retryOnFailure = v.strictObject({
  enabled: flag(
    true,
    'Accepted, and always on: what is refused is offered again, and reading waits.',
  ),
  initial_interval: v.optional(
    v.pipe(
      duration(),
      v.minValue(1, 'must be at least 1ms'),
      v.description('The wait after the first refusal; it doubles with each further one.'),
    ),
    '100ms',
  ),
  max_interval: v.optional(
    v.pipe(
      duration(),
      v.minValue(1, 'must be at least 1ms'),
      v.description('The longest wait. All files wait with it, so it is short.'),
    ),
    '5s',
  ),
  max_elapsed_time: v.optional(
    v.pipe(
      duration(),
      v.description('Accepted and not used: nothing is given up, because the file still has it.'),
    ),
  ),
})

const header = v.strictObject({
  pattern: v.pipe(
    pattern(),
    v.description('Every line of the header matches it; the first that does not is a record.'),
  ),
  metadata_operators: v.pipe(
    operators,
    v.minLength(1, 'must have at least one operator'),
    v.check(
      (list) => list.every(({ type }) => !notForHeaders.includes(type)),
      `must give each line on: ${notForHeaders.join(', ')} have no place here`,
    ),
    v.description(
      'What makes attributes of its lines; those of later lines replace those of earlier ones.',
    ),
  ),
})

const drain = v.strictObject({
  quiet_period: v.optional(
    v.pipe(
      duration(),
      v.description(
        'Stop reading when nothing new came for this long; 0 stops at once, and what is not read is left for the next start.',
      ),
    ),
    '2s',
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

export const fileLogConfig = v.pipe(
  v.strictObject({
    include: v.pipe(
      v.array(glob(), 'must be a list of paths'),
      v.minLength(1, 'must name at least one path'),
      v.description('Paths to read: `*`, `?`, `[a-z]`, `{a,b}`, and `**` for any directories.'),
    ),
    exclude: v.optional(
      v.pipe(v.array(glob()), v.description('Paths not to read, of those that `include` finds.')),
      [],
    ),
    exclude_older_than: v.optional(
      v.pipe(
        duration(),
        v.description('Leave out files that were not changed for this long; 0 for none.'),
      ),
      0,
    ),
    ordering_criteria: v.optional(
      v.pipe(orderingCriteria, v.description('Read only the first files of those found.')),
    ),
    polls_to_archive: v.optional(
      v.pipe(
        integer(0),
        v.description(
          'Accepted and not used: positions of files that are gone are kept for a day.',
        ),
      ),
    ),
    start_at: v.optional(
      v.pipe(
        v.picklist(['beginning', 'end'], 'must be "beginning" or "end"'),
        v.description(
          'Where to begin in files found at the first start. Later ones are read whole.',
        ),
      ),
      'end',
    ),
    poll_interval: v.optional(
      v.pipe(
        duration(),
        v.minValue(1, 'must be at least 1ms'),
        v.description(
          'How often to look for new files and lines. After five quiet seconds less often, if `watch` is on: every ten seconds where events tell of every change (local file systems, no links, no pattern in a directory), otherwise once a second.',
        ),
      ),
      '200ms',
    ),
    compression: v.optional(
      v.pipe(
        v.picklist(['', 'none', 'auto', 'gzip', 'zstd'], 'must be one of none, auto, gzip, zstd'),
        v.description(
          'Read what is in compressed files; `auto` sees from the first bytes which are. A file that was read before it was compressed is not read again.',
        ),
      ),
      'auto',
    ),
    delete_after_read: flag(
      false,
      'Delete a file when all of it is read and acknowledged. Needs `start_at: beginning`.',
    ),
    on_truncate: v.optional(
      v.pipe(
        v.picklist(
          ['read_whole_file', 'read_new', 'ignore'],
          'must be one of read_whole_file, read_new, ignore',
        ),
        v.description(
          'What to read of a file that was cut or replaced: all of it, or only what comes after that was seen. `ignore` is the same as `read_new`.',
        ),
      ),
      'read_whole_file',
    ),
    allowed_roots: v.optional(
      v.pipe(
        v.array(v.pipe(v.string('must be a path'), v.nonEmpty('must not be empty'))),
        v.description(
          'Directories outside of those of `include` where links may lead. Other links are refused.',
        ),
      ),
      [],
    ),
    max_concurrent_files: v.optional(
      v.pipe(integer(1), v.description('Files that are kept open at a time.')),
      1024,
    ),
    max_batches: v.optional(
      v.pipe(
        integer(0),
        v.description(
          "Accepted for the collector's files and not used: files take turns, so there are no batches of them.",
        ),
      ),
    ),
    acquire_fs_lock: flag(
      false,
      'Take a shared lock (flock) on a file while it is read, and leave it alone while a writer has locked it. Needs the program `flock` (util-linux, BusyBox).',
    ),
    file_cache_advise: flag(
      false,
      "Accepted for the collector's files and not used: Node has no such call.",
    ),
    fingerprint_size: v.optional(
      v.pipe(
        byteSize(),
        v.minValue(16, 'must be at least 16 bytes'),
        v.maxValue(1024 * 1024, 'must be at most 1MiB'),
        v.description('The first bytes by which a file is known, beside its inode.'),
      ),
      '1kb',
    ),
    ...recordOptions,
    initial_buffer_size: v.optional(
      v.pipe(byteSize(), v.description("Accepted for the collector's files and not used.")),
    ),
    force_flush_period: v.optional(
      v.pipe(
        duration(),
        v.description(
          'Take an unfinished record as it is after it has not grown for this long; 0 never.',
        ),
      ),
      '500ms',
    ),
    include_file_name: flag(true, 'Add the attribute `log.file.name`.'),
    include_file_path: flag(false, 'Add the attribute `log.file.path`.'),
    include_file_name_resolved: flag(false, 'Add `log.file.name_resolved`: links followed.'),
    include_file_path_resolved: flag(false, 'Add `log.file.path_resolved`: links followed.'),
    include_file_owner_name: flag(false, 'Add `log.file.owner.name`.'),
    include_file_owner_group_name: flag(false, 'Add `log.file.owner.group.name`.'),
    include_file_permissions: flag(false, 'Add `log.file.permissions`, such as `644`.'),
    include_file_record_number: flag(
      false,
      'Add `log.file.record_number`, from 1; empty lines count.',
    ),
    include_file_record_offset: flag(
      false,
      'Add `log.file.record_offset`, the first byte of the record.',
    ),
    ...contentOptions,
    header: v.optional(
      v.pipe(
        header,
        v.description(
          'Lines at the beginning of a file that say something of all its records; they become attributes, not records. Needs `start_at: beginning`.',
        ),
      ),
    ),
    storage: v.optional(
      v.pipe(
        storageId(),
        v.description(
          'The extension that keeps the positions over a restart, e.g. `file_storage`.',
        ),
      ),
    ),
    retry_on_failure: v.optional(
      v.pipe(
        retryOnFailure,
        v.description('What becomes of records that are refused for now, e.g. for want of memory.'),
      ),
      {},
    ),
    drain: v.optional(
      v.pipe(
        drain,
        v.description(
          'At a stop (SIGTERM), go on reading until the files are quiet: the application that stops at the same time writes its last lines then.',
        ),
      ),
      {},
    ),
    exit_when_idle: v.optional(
      v.pipe(
        duration(),
        v.minValue(1, 'must be at least 1ms'),
        v.description(
          'For jobs: end remora, with 0, when everything is read and delivered and nothing new came for this long, counted from the start. Other receivers with such an end are waited for.',
        ),
      ),
    ),
    watch: flag(
      true,
      'Let changes in the directories start a poll early. Polling goes on in any case.',
    ),
  }),
  rule(
    ['delete_after_read', 'start_at'],
    (c) => !c.delete_after_read || c.start_at === 'beginning',
    'delete_after_read needs start_at: beginning',
  ),
  rule(
    ['header', 'start_at'],
    (c) => c.header === undefined || c.start_at === 'beginning',
    'header needs start_at: beginning',
  ),
  rule(
    ['header', 'encoding'],
    (c) => c.header === undefined || findEncoding(c.encoding).unitBytes > 0,
    'header needs an encoding with lines: nop has none',
  ),
  rule(['encoding', 'multiline'], (c) => multilineHasText(c), multilineNeedsText),
  presetFits(),
  v.metadata({
    unsupported: ['output', 'id', 'type'],
  } satisfies ObjectMetadata),
)

export type FileLogConfig = v.InferOutput<typeof fileLogConfig>
