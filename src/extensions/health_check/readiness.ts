import type { TimedStatus } from '../../component/telemetry.ts'

export interface Readiness {
  readonly ready: boolean
  readonly components: Readonly<Record<string, ComponentHealth>>
}

export interface ComponentHealth {
  readonly state: TimedStatus['state']
  readonly reason?: string
  readonly since_seconds: number
  /** Why this component keeps the process from being ready. */
  readonly blocks: boolean
}

/**
 * Ready means that every pipeline can take data, and deliver or store it. A component that starts, stops or needs a
 * person says no at once. Trouble that ends by itself says no only after `recoveryMs`: until then queues hold the data,
 * and a pod that flaps with each hiccup of its backend helps nobody.
 */
export function judgeReadiness(
  statuses: ReadonlyMap<string, TimedStatus>,
  nowMs: number,
  recoveryMs: number,
): Readiness {
  const components: Record<string, ComponentHealth> = {}
  let ready = true
  for (const [component, status] of statuses) {
    const forMs = nowMs - status.sinceMs
    const blocks = doesBlock(status, forMs, recoveryMs)
    ready &&= !blocks
    components[component] = {
      state: status.state,
      ...('reason' in status ? { reason: status.reason } : {}),
      since_seconds: Math.round(forMs / 1000),
      blocks,
    }
  }
  return { ready, components }
}

function doesBlock({ state }: TimedStatus, forMs: number, recoveryMs: number): boolean {
  switch (state) {
    case 'ok':
      return false
    case 'recoverable_error':
      return forMs > recoveryMs
    case 'starting':
    case 'permanent_error':
    case 'stopping':
    case 'stopped':
      return true
  }
}
