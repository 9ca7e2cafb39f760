/**
 * Every reason for which remora refuses, retries or drops data. The code is the stable name: it is the
 * `reason` label of metrics and of the ledger, it stands in logs and dead letters, and docs/reference/errors.md
 * is generated from this table.
 */
export type Retry = 'never' | 'backoff'

export interface CodeInfo {
  /** One sentence: what happened. */
  readonly summary: string
  /** Whether the same bytes may succeed later. */
  readonly retry: Retry
  /** What the operator does about it. */
  readonly action: string
}

export const codes = {
  queue_full: {
    summary: 'The sending queue of an exporter holds as much as it may.',
    retry: 'backoff',
    action:
      'Raise sending_queue.queue_size (max_size of the storage for a queue on disk), add consumers, or make the backend faster.',
  },
  memory_limited: {
    summary: 'The memory limiter refuses data because the process is close to its memory limit.',
    retry: 'backoff',
    action: 'Raise the memory limit, or send less at once.',
  },
  stopping: {
    summary: 'remora is shutting down and takes nothing new.',
    retry: 'backoff',
    action: 'Nothing: the sender tries again after the restart.',
  },
  shutdown: {
    summary: 'Data was still in a memory queue when the shutdown timeout passed.',
    retry: 'never',
    action: 'Raise service.shutdown_timeout, or give the queue a storage.',
  },
  unavailable: {
    summary: 'The backend cannot be reached or says that it is unavailable.',
    retry: 'backoff',
    action: 'Check the endpoint, the network and the backend.',
  },
  throttled: {
    summary: 'The backend asks to slow down (HTTP 429, RESOURCE_EXHAUSTED with RetryInfo).',
    retry: 'backoff',
    action: 'Lower the rate, or raise the limit of the backend.',
  },
  timeout: {
    summary: 'The backend gave no answer within the timeout.',
    retry: 'backoff',
    action: 'Raise the exporter timeout, or look for what slows the backend.',
  },
  retries_exhausted: {
    summary: 'The backend kept failing for longer than retry_on_failure.max_elapsed_time.',
    retry: 'never',
    action: 'Raise retry_on_failure.max_elapsed_time; 0 retries without end.',
  },
  backend_rejected: {
    summary: 'The backend refused the data for good (HTTP 4xx, INVALID_ARGUMENT, ...).',
    retry: 'never',
    action: 'Read the message of the backend in the log; the data or the endpoint is wrong.',
  },
  partial_success: {
    summary: 'The backend took the request but rejected some of its items.',
    retry: 'never',
    action: 'Read the message of the backend in the log; those items break one of its rules.',
  },
  unauthenticated: {
    summary:
      'The backend does not accept the credentials (HTTP 401/403, UNAUTHENTICATED, PERMISSION_DENIED).',
    retry: 'never',
    action: 'Check headers, tokens and certificates of the exporter.',
  },
  too_large: {
    summary: 'A request or a single item is larger than the limit.',
    retry: 'never',
    action: 'Raise the size limit on the receiving side, or send smaller batches.',
  },
  invalid_data: {
    summary: 'The bytes are not valid OTLP.',
    retry: 'never',
    action: 'Fix the sender; the message says where the data breaks.',
  },
  unsupported: {
    summary: 'The signal, encoding or compression is not supported here.',
    retry: 'never',
    action: 'Configure the sender to one of the supported ones named in the message.',
  },
  slow_sender: {
    summary: 'A request did not arrive whole within the time for it.',
    retry: 'backoff',
    action: 'Look for what slows the sender or the network, or raise read_timeout of the receiver.',
  },
  abandoned: {
    summary: 'A client left, or was told that it took too long, before its request was taken.',
    retry: 'backoff',
    action: 'Raise the timeout of the sender, send smaller requests, or give remora more CPU.',
  },
  receiver_busy: {
    summary: 'The requests that a receiver holds together are as large as they may be.',
    retry: 'backoff',
    action: 'Raise max_bytes_in_flight of the receiver, or send less at once.',
  },
  too_many_connections: {
    summary: 'A client connects while a receiver has as many connections as it may.',
    retry: 'backoff',
    action: 'Look who holds so many connections open, or raise max_connections of the receiver.',
  },
  accept_failed: {
    summary: 'A client connects while the process has nearly all the files open that it may.',
    retry: 'backoff',
    action: 'Raise the limit of open files (ulimit -n, LimitNOFILE), or lower max_connections.',
  },
  write_failed: {
    summary: 'A local file cannot be written.',
    retry: 'backoff',
    action: 'Check free space and permissions of the path in the message.',
  },
  damaged: {
    summary:
      'A record of a disk queue was damaged on the disk and cannot be read, or somebody has removed its file.',
    retry: 'never',
    action: 'Check the disk; the log names the files.',
  },
  parse_failed: {
    summary: 'An operator cannot parse a log entry, and its on_error says to drop it.',
    retry: 'never',
    action: 'Fix the operator, or set on_error to send.',
  },
  filtered: {
    summary: 'A rule of the configuration drops the item.',
    retry: 'never',
    action: 'Nothing, if the rule is meant so.',
  },
  internal: {
    summary: 'A bug in remora; the log has the stack.',
    retry: 'never',
    action: 'Please report it with the log line.',
  },
} as const satisfies Record<string, CodeInfo>

export type Code = keyof typeof codes
