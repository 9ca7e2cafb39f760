import { type Clock, sleep } from '../component/clock.ts'
import type { RootLogger } from '../telemetry/logger.ts'
import type { StatusBoard } from '../telemetry/status.ts'
import type { Graph, Node } from './build.ts'
import type { FanOut } from './fanout.ts'

/** After the abort a component only has to account for what is left: 1 s; one that takes longer is left behind. */
const graceMs = 1000

export interface LifecycleSettings {
  readonly clock: Clock
  readonly logger: RootLogger
  readonly board: StatusBoard
  readonly shutdownTimeoutMs: number
  /** So long receivers may go on taking in what still comes; 0 unless the user says so. */
  readonly drainMs: number
}

/**
 * Starts everything: extensions, exporters, processors (the last first), receivers. If one cannot start, those that
 * run are stopped again, newest first, and the error names it. The same when `abort` fires before the last has begun to start; then
 * the error is its reason.
 */
export async function startGraph(
  graph: Graph,
  settings: LifecycleSettings,
  abort?: AbortSignal,
): Promise<void> {
  const processors = graph.processors.flatMap((pipeline) => pipeline.toReversed())
  const order = [...graph.extensions, ...graph.exporters, ...processors, ...graph.receivers]
  const running: Node[] = []
  for (const node of order) {
    try {
      abort?.throwIfAborted()
      await node.component.start(abort)
    } catch (error) {
      await stopAll(running, settings)
      if (error === abort?.reason) throw error
      const reason = error instanceof Error ? error.message : String(error)
      throw new Error(`cannot start ${node.title}: ${reason}`, { cause: error })
    }
    settings.board.started(node.key)
    running.push(node)
  }
}

async function stopAll(running: readonly Node[], settings: LifecycleSettings): Promise<void> {
  const stopper = new Stopper(settings)
  for (const node of running.toReversed()) await stopper.stop(node)
  stopper.done()
}

/**
 * Stops everything in the direction of the data: receivers first, so that nothing new comes; then the processors of
 * each pipeline, front to back, so that what one hands on is still taken, and what stands at its end; then exporters,
 * which drain their queues;
 * extensions last, because others store in them. Never rejects.
 */
export async function stopGraph(graph: Graph, settings: LifecycleSettings): Promise<void> {
  const stopper = new Stopper(settings)
  // From now on readiness says no, while the queues drain.
  for (const node of [...graph.receivers, ...graph.processors.flat(), ...graph.exporters]) {
    settings.board.report(node.key, { state: 'stopping' })
  }
  await Promise.all(graph.receivers.map((node) => stopper.stopIntake(node)))
  await Promise.all(
    graph.processors.map(async (pipeline) => {
      for (const node of pipeline) await stopper.stop(node)
    }),
  )
  await Promise.all(graph.fanOuts.map((fanOut) => stopper.stopFanOut(fanOut)))
  await Promise.all(graph.exporters.map((node) => stopper.stop(node)))
  for (const node of graph.extensions.toReversed()) await stopper.stop(node)
  stopper.done()
}

/** One shutdown: its deadline, and what happens to components that do not keep it. */
class Stopper {
  readonly #settings: LifecycleSettings
  readonly #whole = new AbortController()
  /** Slow senders may not eat up the time that the queues need: intake has half of what is left after the drain. */
  readonly #intake = new AbortController()
  readonly #cancels: (() => void)[]

  constructor(settings: LifecycleSettings) {
    this.#settings = settings
    const { clock, shutdownTimeoutMs, drainMs } = settings
    this.#cancels = [
      clock.after(shutdownTimeoutMs, () => this.#whole.abort()),
      clock.after((shutdownTimeoutMs + drainMs) / 2, () => this.#intake.abort()),
    ]
  }

  stop(node: Node): Promise<void> {
    return this.#stop(node, this.#whole.signal)
  }

  stopIntake(node: Node): Promise<void> {
    return this.#stop(node, this.#intake.signal)
  }

  /** It settles everything by the abort, so nobody need leave it behind. */
  stopFanOut(fanOut: FanOut): Promise<void> {
    return fanOut.stop(this.#whole.signal)
  }

  done(): void {
    for (const cancel of this.#cancels) cancel()
  }

  async #stop({ key, component }: Node, abort: AbortSignal): Promise<void> {
    const { board, logger, clock } = this.#settings
    // Of its own, so that the rate limit counts for each component by itself.
    const ownLogger = logger.child({ component: key })
    board.report(key, { state: 'stopping' })
    const late = new AbortController()
    try {
      const stopped = component.stop(abort).then(() => true)
      const overdue = aborted(abort, late.signal)
        .then(() => sleep(clock, graceMs, late.signal))
        .then(() => false)
      if (!(await Promise.race([stopped, overdue]))) {
        ownLogger.error('a component does not stop; leaving it behind')
      }
    } catch (error) {
      ownLogger.error('a component failed while stopping', { error })
    } finally {
      late.abort()
    }
    board.report(key, { state: 'stopped' })
  }
}

/** Resolves when the first of the two fires. */
function aborted(signal: AbortSignal, other: AbortSignal): Promise<void> {
  const any = AbortSignal.any([signal, other])
  if (any.aborted) return Promise.resolve()
  return new Promise((resolve) => any.addEventListener('abort', () => resolve(), { once: true }))
}
