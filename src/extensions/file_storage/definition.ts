import * as v from 'valibot'
import { defineExtension } from '../../component/define.ts'
import { byteSize, duration } from '../../component/schema.ts'
import { directoryOf, FileStorage } from './file-storage.ts'

const ignored = (what: string) => v.pipe(v.optional(v.unknown()), v.description(what))

const config = v.strictObject({
  directory: v.pipe(
    v.optional(
      v.pipe(v.string('must be a path'), v.nonEmpty('must not be empty')),
      '/var/lib/remora/file_storage',
    ),
    v.description('Where the files lie. One process at a time may use a directory.'),
  ),
  create_directory: v.pipe(
    v.optional(v.boolean('must be true or false'), true),
    v.description('Create the directory, with its parents, if it is missing.'),
  ),
  directory_permissions: v.pipe(
    v.optional(
      v.pipe(v.string(), v.regex(/^0?[0-7]{3}$/, 'must be an octal mode such as "0750"')),
      '0750',
    ),
    v.description('Mode of a directory that is created, in octal.'),
  ),
  timeout: v.pipe(
    v.optional(duration(), '1s'),
    v.description('How long to wait at start for another process to leave the directory.'),
  ),
  fsync: v.pipe(
    v.optional(v.boolean('must be true or false'), true),
    v.description('Force every change to the disk before it counts as stored.'),
  ),
  max_size: v.pipe(
    v.optional(v.pipe(byteSize(), v.minValue(1024 * 1024, 'must be at least 1MiB')), '256MiB'),
    v.description(
      'What the disk queue of one exporter and signal may take, all its files together. It grows only as it fills.',
    ),
  ),
  segment_size: v.optional(
    v.pipe(
      byteSize(),
      v.minValue(64 * 1024, 'must be at least 64KiB'),
      v.description(
        'Size of the files of a disk queue: space comes back file by file. At most a sixteenth of max_size, which it is unless given (and no more than 16MiB).',
      ),
    ),
  ),
  sync_interval: v.pipe(
    v.optional(duration(), '0s'),
    v.description(
      'With `fsync`, the least time between two syncs of a disk queue: longer means larger groups and slower answers. 0 syncs as soon as the sync before is through. Without `fsync`, how often the disk is told to write.',
    ),
  ),
  recreate: ignored(
    "Accepted for the collector's files: a damaged file is always set aside, so that the start goes on.",
  ),
  compaction: ignored(
    "Accepted for the collector's files, and not needed: every change writes the whole, small file anew.",
  ),
})

export const fileStorage = defineExtension({
  type: 'file_storage',
  summary:
    'Keeps the state of other components in a directory: the offsets of tailed files, the queues of exporters, dead letters.',
  stability: 'beta',
  providesStorage: true,
  storagePath: ({ directory }, name) => directoryOf(directory, name),
  claims: ({ directory }) => [{ kind: 'directory', path: directory, option: ['directory'] }],
  config,
  warnings: ({ max_size, segment_size = 0 }) =>
    segment_size > max_size / 16
      ? [
          {
            option: ['segment_size'],
            message:
              'is more than a sixteenth of max_size: a disk queue of that size takes a sixteenth of it, and 16MiB at most',
          },
        ]
      : [],
  metrics: {
    remora_storage_files_set_aside:
      'Files that could not be read (damaged, empty, of a newer version) and were renamed.',
  },
  examples: [
    { title: 'Offsets that survive a restart', config: { directory: '/var/lib/remora' } },
    {
      title: 'Disk queues for a small volume',
      config: { directory: '/var/lib/remora', max_size: '32MiB' },
    },
  ],
  create: (settings) => {
    const { config, logger, meter, clock } = settings
    return new FileStorage(
      {
        directory: config.directory,
        createDirectory: config.create_directory,
        directoryMode: Number.parseInt(config.directory_permissions, 8),
        timeoutMs: config.timeout,
        fsync: config.fsync,
        queues: {
          maxSizeBytes: config.max_size,
          segmentSizeBytes: config.segment_size,
          fsync: config.fsync,
          syncIntervalMs: config.sync_interval,
        },
      },
      logger,
      clock,
      meter.counter('remora_storage_files_set_aside'),
    )
  },
})
