import type { Logger } from '../component/telemetry.ts'

/**
 * Calls `wake` when something below the directories changes, so that the next poll need not wait. Only a hint: events
 * get lost on network file systems, Kubernetes mounts and full queues, and polling alone finds everything. Where
 * watching is impossible nothing happens but a line in the log.
 */
export async function watchDirectories(
  directories: readonly string[],
  wake: () => void,
  logger: Logger,
): Promise<() => Promise<void>> {
  const { watch } = await import('chokidar')
  const watcher = watch([...directories], {
    ignoreInitial: true,
    depth: 0,
    ignorePermissionErrors: true,
  })
  watcher.on('all', wake)
  watcher.on('error', (error) => {
    logger.debug(`cannot watch directories, polling goes on: ${(error as Error).message}`)
  })
  return () => watcher.close()
}
