/** An entry cannot be handled. Never carries the entry itself: logs are not written into logs. */
export class OperatorError extends Error {
  constructor(message: string) {
    // Where it was thrown nobody looks at, and finding out takes longer than all the rest of a line.
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = 0
    super(message)
    Error.stackTraceLimit = limit
    this.name = 'OperatorError'
  }
}
