import * as v from 'valibot'
import { defineExtension } from '../../component/define.ts'
import { duration } from '../../component/schema.ts'
import { FileStorage } from './file-storage.ts'

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
    'Keeps the state of other components, such as the offsets of tailed files, in a directory.',
  stability: 'beta',
  providesStorage: true,
  config,
  metrics: {
    remora_storage_files_set_aside:
      'Files that could not be read (damaged, empty, of a newer version) and were renamed.',
  },
  examples: [{ title: 'Offsets that survive a restart', config: { directory: '/var/lib/remora' } }],
  create: (settings) => {
    const { config, logger, meter, clock } = settings
    return new FileStorage(
      {
        directory: config.directory,
        createDirectory: config.create_directory,
        directoryMode: Number.parseInt(config.directory_permissions, 8),
        timeoutMs: config.timeout,
        fsync: config.fsync,
      },
      logger,
      clock,
      meter.counter('remora_storage_files_set_aside'),
    )
  },
})
