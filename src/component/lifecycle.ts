/** What every component is. */
export interface Component {
  /**
   * Acquires what the component needs: sockets, files, timers. Rejects with an Error whose message names the
   * resource (`cannot listen on "localhost:4317": the address is already in use`); then nothing is left open.
   * Called once, after everything downstream has started. `abort` fires when a stop is asked for before everything has started:
   * a start that may wait for seconds then rejects with its reason.
   */
  start(abort?: AbortSignal): Promise<void>
  /**
   * Stops intake, hands on or delivers what is held, and releases everything. Called at most once, also without a
   * start. `abort` fires when the time for it is over: then return quickly and account for what is left. Never rejects
   * for data that cannot be delivered.
   */
  stop(abort: AbortSignal): Promise<void>
}
