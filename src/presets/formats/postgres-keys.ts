import { Key } from '../found.ts'

/** Attributes of what PostgreSQL logs, in its text and in its CSV. */
export const userName = new Key('user.name')
export const database = new Key('db.namespace')
export const clientAddress = new Key('client.address')
export const clientPort = new Key('client.port')
export const application = new Key('postgresql.application_name')
export const queryText = new Key('db.query.text')
export const durationMs = new Key('postgresql.duration_ms')

/** Numbers of the log data model. */
export const severities: Readonly<Record<string, number>> = {
  DEBUG5: 1,
  DEBUG4: 2,
  DEBUG3: 3,
  DEBUG2: 4,
  DEBUG1: 5,
  DEBUG: 5,
  LOG: 9,
  INFO: 9,
  NOTICE: 10,
  WARNING: 13,
  ERROR: 17,
  FATAL: 21,
  PANIC: 22,
}
