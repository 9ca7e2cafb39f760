import type { Warning } from '../component/define.ts'
import type { DeliveryConfig, QueueConfig } from './schema.ts'

/** What these are unless given; of another value somebody expects something. */
const defaults = {
  num_consumers: 10,
  queue_size: undefined,
  sizer: 'requests',
  batch: undefined,
} as const satisfies Partial<QueueConfig>

/** For `warnings` of an exporter: options that do nothing because the queue is off. */
export function queueWarnings({
  sending_queue: queue,
}: Pick<DeliveryConfig, 'sending_queue'>): Warning[] {
  if (queue.enabled) return []
  const names = Object.keys(defaults) as (keyof typeof defaults)[]
  return names
    .filter((name) => (queue[name] ?? undefined) !== defaults[name])
    .map((name) => ({
      option: ['sending_queue', name],
      message: 'has no effect, because sending_queue.enabled is false',
    }))
}
