import { openDiskQueue } from '../buffer/disk/open.ts'
import { defaultBytesInMemory } from '../buffer/queue-bytes.ts'
import { StoredQueue, type StoredQueueOptions } from '../buffer/stored-queue.ts'
import type { Settings } from '../component/define.ts'
import { itemNames, type Signal } from '../signal/signal.ts'
import type { DeliveryConfig } from './schema.ts'
import { warnOfFullQueue } from './warn-of-full-queue.ts'

/** After a crash, what was delivered within this time is sent again. Under one load a kill -9 cost 740 duplicates with it, 2,600 with 1 s. */
const cursorIntervalMs = 250

export type StoredQueueEvents = Pick<
  StoredQueueOptions,
  'onReadable' | 'onRoom' | 'onRefused' | 'onFailing'
>

/** The directory of the queue of an exporter for a signal within a storage. */
export function queueDirectoryName(exporterId: string, signal: Signal): string {
  return `queue_${exporterId}_${signal}`
}

/** Opens the disk queue of one signal of an exporter. Rejects with an Error for a person, or as `abort` says while it waits. */
export async function openStoredQueue(
  signal: Signal,
  settings: Settings<DeliveryConfig>,
  events: StoredQueueEvents,
  abort?: AbortSignal,
): Promise<StoredQueue> {
  const { id, config, clock, logger, meter } = settings
  const { storage: storageId, max_bytes: bytesMax, queue_size: size, sizer } = config.sending_queue
  const storage = settings.storage(storageId ?? '')
  const labels = { data_type: signal }
  const enqueueFailed = meter.counter(`otelcol_exporter_enqueue_failed_${itemNames[signal]}`)
  const damaged = meter.counter('remora_queue_damaged_records', labels)
  const { maxSizeBytes, segmentSizeBytes, fsync, syncIntervalMs } = storage.queues
  const directory = await storage.directory(queueDirectoryName(id, signal))
  const queue = await StoredQueue.open(
    {
      capacity: size ?? Infinity,
      sizer,
      clock,
      ...events,
      accountOf: (pipeline) => settings.ledger(pipeline, signal),
      onDropped: (reason, { items, records }) => {
        if (reason === 'damaged') damaged.add(records)
        else {
          enqueueFailed.add(items)
          warnOfFullQueue(logger, 'dropped', { signal, reason, items })
        }
      },
    },
    (diskEvents) =>
      openDiskQueue(
        {
          directory,
          maxSizeBytes: bytesMax ?? maxSizeBytes,
          ...(segmentSizeBytes === undefined ? {} : { segmentSizeBytes }),
          fsync,
          syncIntervalMs,
          cursorIntervalMs,
          memoryBytes: defaultBytesInMemory(process.constrainedMemory()),
        },
        clock,
        logger,
        diskEvents,
        abort,
      ),
  )
  const { disk } = queue
  meter.gauge('remora_queue_file_bytes', labels, () => disk.fileBytes)
  meter.gauge('remora_queue_file_bytes_max', labels, () => disk.maxSizeBytes)
  meter.gauge('remora_queue_files_set_aside', labels, () => disk.setAsideFiles)
  meter.gauge('remora_queue_files_unreadable', labels, () => disk.unreadableFiles)
  if (disk.waiting.items > 0) {
    logger.info('found items in the disk queue', { signal, items: disk.waiting.items })
  }
  return queue
}
