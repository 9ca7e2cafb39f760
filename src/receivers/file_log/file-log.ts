import type { ReceiverSettings } from '../../component/define.ts'
import type { Component } from '../../component/lifecycle.ts'
import { createFramer } from '../../lines/create-framer.ts'
import { createPreset } from '../../lines/create-preset.ts'
import { createTarget } from '../../lines/create-target.ts'
import { withTemplates } from '../../lines/templates.ts'
import { decompressStream } from '../../net/decompress.ts'
import { compileOperators } from '../../operators/compile.ts'
import { compilePattern } from '../../regex/pattern.ts'
import type { Intake } from '../../signal/consumer.ts'
import { Checkpoints } from '../../tail/checkpoints.ts'
import type { Decompress } from '../../tail/compressed-source.ts'
import { Discovery } from '../../tail/discover.ts'
import { findEncoding } from '../../tail/encoding.ts'
import { readFileAttributes } from '../../tail/file-attributes.ts'
import { FileLocks } from '../../tail/file-locks.ts'
import { FileOpener } from '../../tail/file-opener.ts'
import type { TailEvents } from '../../tail/file-set.ts'
import { type FileSystem, systemFiles } from '../../tail/file-system.ts'
import type { TailSettings } from '../../tail/tail-settings.ts'
import { Tailer } from '../../tail/tailer.ts'
import { DeliveryWindow } from '../../tail/window.ts'
import { HeaderReader } from './header.ts'
import { compileOrdering } from './ordering/compile-ordering.ts'
import type { FileLogConfig } from './schema.ts'

// What may be read ahead of the acknowledgements: some twelve blocks, more than an exporter sends at a time.
const windowBytes = 4 * 1024 * 1024

/** What is outside of remora; a test may be it. */
export interface System {
  readonly files: FileSystem
  readonly decompress: Decompress
}

const realSystem: System = { files: systemFiles, decompress: decompressStream }

/** Ties the tail engine to one configuration. */
export class FileLogReceiver implements Component {
  readonly #settings: ReceiverSettings<FileLogConfig>
  readonly #intake: Intake<'logs'> | undefined
  readonly #system: System
  readonly #ended: () => void
  #tailer: Tailer | undefined

  constructor(
    settings: ReceiverSettings<FileLogConfig>,
    intake: Intake<'logs'> | undefined,
    system: System = realSystem,
  ) {
    this.#system = system
    this.#settings = { ...settings, config: withTemplates(settings.config) }
    this.#intake = intake
    const ends = intake !== undefined && settings.config.exit_when_idle !== undefined
    this.#ended = ends ? settings.endsByItself() : () => undefined
  }

  async start(): Promise<void> {
    if (this.#intake === undefined) return
    const tailer = await this.#createTailer(this.#intake)
    this.#tailer = tailer
    const { meter } = this.#settings
    meter.gauge('otelcol_fileconsumer_open_files', {}, () => tailer.openFiles)
    meter.gauge('otelcol_fileconsumer_reading_files', {}, () => tailer.readingFiles)
    await tailer.start()
    this.#settings.status({ state: 'ok' })
  }

  async stop(abort: AbortSignal): Promise<void> {
    await this.#tailer?.stop(abort)
  }

  async #createTailer(intake: Intake<'logs'>): Promise<Tailer> {
    const { id, config, logger, meter, clock } = this.#settings
    const storage =
      config.storage === undefined
        ? undefined
        : await this.#settings.storage(config.storage).open(`receiver_${id.replace('/', '_')}`)
    const checkpoints = new Checkpoints(
      storage,
      logger,
      clock,
      JSON.stringify([config.include, config.exclude]),
    )
    const preset = createPreset(config, clock, logger)
    const counts = {
      split: meter.counter('remora_file_log_split_records'),
      truncated: meter.counter('remora_file_log_truncated_records'),
      undecodable: meter.counter('remora_file_log_undecodable_records'),
    }
    const framer = createFramer(config, counts, preset)
    const window = this.#createWindow(intake, checkpoints)
    meter.gauge('remora_file_log_window_bytes', {}, () => window.bytes)
    const criteria = config.ordering_criteria
    const ordering = criteria === undefined ? undefined : compileOrdering(criteria)
    const discovery = new Discovery(
      this.#system.files,
      config.include,
      config.exclude,
      ordering,
      (directory, error) => {
        logger.warn('cannot list a directory', { path: directory, message: error.message })
      },
    )
    return new Tailer(tailSettings(config, this.#settings.shutdownTimeoutMs), {
      system: this.#system.files,
      discovery,
      opener: this.#createOpener(discovery),
      framer,
      target: createTarget({
        options: config,
        preset,
        includeRecordNumber: config.include_file_record_number,
        includeRecordOffset: config.include_file_record_offset,
        intake,
        meter,
        logger,
        clock,
      }),
      window,
      header: this.#createHeader(),
      locks: config.acquire_fs_lock ? new FileLocks() : undefined,
      checkpoints,
      events: this.#events(),
      clock,
      logger,
      ended: () => {
        logger.info('all files are read and delivered, and nothing new came', {
          exit_when_idle_ms: config.exit_when_idle,
        })
        this.#ended()
      },
    })
  }

  #createOpener(discovery: Discovery): FileOpener {
    const { config, meter, logger, clock } = this.#settings
    const damaged = meter.counter('remora_file_log_damaged_archives')
    return new FileOpener(
      {
        roots: [...discovery.bases, ...config.allowed_roots],
        compression: config.compression === '' ? 'none' : config.compression,
        decompress: this.#system.decompress,
        fingerprintBytes: config.fingerprint_size,
        damaged: (path, error) => {
          damaged.add(1)
          logger.warn('cannot decompress all of a file', { path, message: error.message })
        },
      },
      clock,
      this.#system.files,
    )
  }

  #createHeader(): HeaderReader | undefined {
    const { config, meter, logger, clock } = this.#settings
    const { header } = config
    if (header === undefined) return undefined
    return new HeaderReader({
      pattern: compilePattern(header.pattern),
      // No record is lost with a line of a header.
      chain: compileOperators(header.metadata_operators, meter, logger, clock, () => undefined),
      encoding: findEncoding(config.encoding),
      maxLogSizeBytes: config.max_log_size,
    })
  }

  #createWindow(intake: Intake<'logs'>, checkpoints: Checkpoints): DeliveryWindow {
    const { config, logger, meter, clock } = this.#settings
    const { retry_on_failure: retry } = config
    return new DeliveryWindow({
      intake,
      clock,
      logger,
      counters: {
        accepted: meter.counter('otelcol_receiver_accepted_log_records', { transport: 'file' }),
        refused: meter.counter('otelcol_receiver_refused_log_records', { transport: 'file' }),
      },
      limitBytes: windowBytes,
      until: 'delivered',
      backoff: { initialMs: retry.initial_interval, maxMs: retry.max_interval },
      committed: (file) => checkpoints.changed(file),
    })
  }

  #events(): TailEvents {
    const { config, meter } = this.#settings
    const rotations = meter.counter('remora_file_log_rotations')
    const truncations = meter.counter('remora_file_log_truncations')
    const deletions = meter.counter('remora_file_log_deletions')
    const lostBytes = meter.counter('remora_file_log_lost_bytes')
    const holeBytes = meter.counter('remora_file_log_hole_bytes')
    const attributes = {
      name: config.include_file_name,
      path: config.include_file_path,
      nameResolved: config.include_file_name_resolved,
      pathResolved: config.include_file_path_resolved,
      ownerName: config.include_file_owner_name,
      ownerGroupName: config.include_file_owner_group_name,
      permissions: config.include_file_permissions,
      fixed: config.attributes,
    }
    return {
      opened: async (file, stats) => {
        file.attributes = await readFileAttributes(file.path, stats, attributes)
      },
      rotated: () => rotations.add(1),
      truncated: () => truncations.add(1),
      deleted: () => deletions.add(1),
      lostBytes: (count) => lostBytes.add(count),
      holeBytes: (count) => holeBytes.add(count),
    }
  }
}

function tailSettings(config: FileLogConfig, shutdownTimeoutMs: number): TailSettings {
  return {
    fingerprintBytes: config.fingerprint_size,
    maxConcurrentFiles: config.max_concurrent_files,
    startAt: config.start_at,
    excludeOlderThanMs: config.exclude_older_than,
    onTruncate: config.on_truncate === 'read_whole_file' ? 'read_whole_file' : 'read_new',
    deleteAfterRead: config.delete_after_read,
    pollIntervalMs: config.poll_interval,
    forceFlushPeriodMs: config.force_flush_period,
    maxLogSizeBytes: config.max_log_size,
    unitBytes: findEncoding(config.encoding).unitBytes,
    watch: config.watch,
    drain: {
      quietMs: config.drain.quiet_period,
      // Without a word of the user the drain leaves most of the time to what was read.
      deadlineMs: config.drain.deadline ?? shutdownTimeoutMs / 4,
    },
    exitWhenIdleMs: config.exit_when_idle,
  }
}
