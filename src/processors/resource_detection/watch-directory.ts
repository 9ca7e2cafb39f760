import type { FSWatcher } from 'chokidar'
import type { Logger } from '../../component/telemetry.ts'

/** Calls `changed` for everything that happens in a directory, and returns the function that ends it. */
export async function watchDirectory(
  directory: string,
  logger: Logger,
  changed: () => void,
): Promise<() => Promise<void>> {
  let watcher: FSWatcher | undefined
  try {
    const { watch } = await import('chokidar')
    // The kubelet swaps the link `..data`; the names beside it never change.
    watcher = watch(directory, { ignoreInitial: true, depth: 1, ignorePermissionErrors: true })
    watcher.on('all', changed)
    watcher.on('error', (error) => {
      logger.debug('cannot watch a directory, looking now and then goes on', {
        path: directory,
        message: (error as Error).message,
      })
    })
  } catch (error) {
    logger.warn('cannot watch a directory, looking now and then goes on', {
      path: directory,
      message: (error as Error).message,
    })
  }
  return async () => watcher?.close()
}
