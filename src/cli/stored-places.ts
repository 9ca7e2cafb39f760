import { join } from 'node:path'
import type { Configured, ConfiguredService } from '../component/configured.ts'
import type { ExporterDefinition } from '../component/define.ts'
import { deadLetterName } from '../delivery/dead-letters.ts'
import type { DeliveryConfig } from '../delivery/schema.ts'
import { queueDirectoryName } from '../delivery/stored-queue.ts'
import type { Signal } from '../signal/signal.ts'

type Exporter = Configured<ExporterDefinition>

/** Where an exporter keeps its dead letters; undefined if it keeps none. */
export function deadLetterDirectory(
  service: ConfiguredService,
  exporter: Exporter,
): string | undefined {
  const { dead_letter: letters } = exporter.config as Partial<DeliveryConfig>
  if (!letters) return undefined
  const name = deadLetterName(exporter.id)
  if (letters.directory !== undefined) return join(letters.directory, name)
  return storageDirectory(service, letters.storage, name)
}

/** Where an exporter keeps its disk queue for a signal; undefined if its queue is in memory. */
export function queueDirectory(
  service: ConfiguredService,
  exporter: Exporter,
  signal: Signal,
): string | undefined {
  const { sending_queue: queue } = exporter.config as Partial<DeliveryConfig>
  return storageDirectory(service, queue?.storage, queueDirectoryName(exporter.id, signal))
}

function storageDirectory(
  service: ConfiguredService,
  storage: string | undefined,
  name: string,
): string | undefined {
  const extension = storage === undefined ? undefined : service.extensions.get(storage)
  return extension?.definition.storagePath?.(extension.config, name)
}
