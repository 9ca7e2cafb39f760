import * as v from 'valibot'
import { rule } from '../component/rule.ts'
import {
  byteSize,
  duration,
  integer,
  type ObjectMetadata,
  sectionSwitch,
  storageId,
} from '../component/schema.ts'

const batch = v.pipe(
  v.strictObject({
    ...sectionSwitch,
    flush_timeout: v.optional(
      v.pipe(
        duration(),
        v.description('Send what has gathered this long after its first batch came.'),
      ),
      '200ms',
    ),
    min_size: v.optional(
      v.pipe(integer(0), v.description('Send as soon as this much has gathered.')),
      8192,
    ),
    max_size: v.optional(
      v.pipe(
        integer(0),
        v.description('No request is larger than this, except a single item; 0 sets no limit.'),
      ),
      0,
    ),
    sizer: v.optional(
      v.pipe(
        v.picklist(['items', 'bytes'], 'must be "items" or "bytes"'),
        v.description('What min_size and max_size count.'),
      ),
      'items',
    ),
  }),
  v.metadata({ unsupported: ['partition'] } satisfies ObjectMetadata),
  rule(
    ['min_size', 'max_size'],
    (c) => c.max_size === 0 || c.max_size >= c.min_size,
    'must be 0, or at least min_size',
    ['max_size'],
  ),
)

/** Smaller, a queue on disk would hardly hold one request. */
const storedBytesMin = 1024 * 1024

const sendingQueue = v.pipe(
  v.strictObject({
    enabled: v.optional(
      v.pipe(
        v.boolean(),
        v.description('Without a queue the sender waits until the backend has answered.'),
      ),
      true,
    ),
    num_consumers: v.optional(
      v.pipe(integer(1, 10_000), v.description('Requests that are sent at the same time.')),
      10,
    ),
    queue_size: v.optional(
      v.pipe(
        integer(1),
        v.description(
          'What the queue holds, in the unit of `sizer`, with what is being sent. In memory 1000 unless given; on disk only the bytes are bounded unless given.',
        ),
      ),
    ),
    sizer: v.optional(
      v.pipe(
        v.picklist(['requests', 'items', 'bytes'], 'must be "requests", "items" or "bytes"'),
        v.description('What queue_size counts.'),
      ),
      'requests',
    ),
    max_bytes: v.optional(
      v.pipe(
        byteSize(),
        v.description(
          'What the queue of one signal holds at most, whatever the sizer. 64MiB unless given, or an eighth of the memory limit of the container if that is less; on disk all files together, and max_size of the storage unless given.',
        ),
      ),
    ),
    wait_for_result: v.optional(
      v.pipe(v.boolean(), v.description('The sender waits until the backend has answered.')),
      false,
    ),
    block_on_overflow: v.optional(
      v.pipe(v.boolean(), v.description('A full queue makes the sender wait: `overflow: block`.')),
      false,
    ),
    overflow: v.optional(
      v.pipe(
        v.picklist(
          ['block', 'drop_oldest', 'drop_newest', 'reject'],
          'must be "block", "drop_oldest", "drop_newest" or "reject"',
        ),
        v.description(
          'What a full queue does: make the sender wait, drop (and count) the oldest or the newest, or refuse so that the sender tries again. Unless given, senders that keep their data (OTLP) are refused and readers (file_log) wait.',
        ),
      ),
    ),
    storage: v.optional(
      v.pipe(
        storageId(),
        v.description(
          'The storage extension that keeps the queue on disk: senders are answered once their data is fsynced there, nothing of it is lost to a restart or to max_elapsed_time, and the bytes are bounded by max_size of the storage.',
        ),
      ),
    ),
    batch: v.nullish(
      v.pipe(batch, v.description('Join what waits into larger requests; off unless given.')),
    ),
  }),
  rule(
    ['storage', 'wait_for_result'],
    (c) => c.storage === undefined || !c.wait_for_result,
    'must be false with a storage: senders are answered once their data is on the disk',
    ['wait_for_result'],
  ),
  rule(
    ['overflow', 'block_on_overflow'],
    (c) => !c.block_on_overflow || c.overflow === undefined || c.overflow === 'block',
    'says "overflow: block", and overflow says something else; remove one of the two',
    ['block_on_overflow'],
  ),
  rule(
    ['storage', 'enabled'],
    (c) => c.storage === undefined || c.enabled,
    'needs the queue: set enabled to true, or remove the storage',
    ['storage'],
  ),
  rule(
    ['storage', 'max_bytes'],
    (c) => c.storage === undefined || c.max_bytes === undefined || c.max_bytes >= storedBytesMin,
    'must be at least 1MiB with a storage',
    ['max_bytes'],
  ),
)

const retryOnFailure = v.strictObject({
  enabled: v.optional(
    v.pipe(v.boolean(), v.description('Try again after failures that may pass.')),
    true,
  ),
  initial_interval: v.optional(
    v.pipe(duration(), v.description('Wait before the first retry.')),
    '5s',
  ),
  randomization_factor: v.optional(
    v.pipe(
      v.number(),
      v.minValue(0, 'must be from 0 to 1'),
      v.maxValue(1, 'must be from 0 to 1'),
      v.description('Each wait is random within this share of itself.'),
    ),
    0.5,
  ),
  multiplier: v.optional(
    v.pipe(
      v.number(),
      v.minValue(1, 'must be at least 1'),
      v.description('How much longer each wait is than the one before.'),
    ),
    1.5,
  ),
  max_interval: v.optional(v.pipe(duration(), v.description('No wait is longer.')), '30s'),
  max_elapsed_time: v.optional(
    v.pipe(duration(), v.description('Give up (and count) after this long; 0 never gives up.')),
    '300s',
  ),
})

/** `circuit_breaker: true` needs to know what a map of it looks like. */
const mapSuchAs =
  (example: string) =>
  (issue: v.StrictObjectIssue): string =>
    issue.expected === 'Object' ? `must be a map, e.g. ${example}` : issue.message

const circuitBreaker = v.strictObject(
  {
    enabled: v.optional(v.pipe(v.boolean(), v.description('Whether it works.')), true),
    failure_threshold: v.optional(
      v.pipe(integer(1), v.description('Opens after so many failures in a row.')),
      5,
    ),
    failure_ratio: v.optional(
      v.pipe(
        v.number('must be above 0 and at most 1'),
        v.gtValue(0, 'must be above 0 and at most 1'),
        v.maxValue(1, 'must be above 0 and at most 1'),
        v.description('Opens also when this share of the last `sample_size` requests has failed.'),
      ),
    ),
    sample_size: v.optional(
      v.pipe(integer(1, 10_000), v.description('The requests that failure_ratio looks at.')),
      20,
    ),
    open_duration: v.optional(
      v.pipe(
        duration(),
        v.description(
          'Send nothing for this long, or longer if the backend asks for it; then probe.',
        ),
      ),
      '30s',
    ),
    half_open_requests: v.optional(
      v.pipe(
        integer(1, 1000),
        v.description('Requests that go out as probes; when all of them succeed, it closes.'),
      ),
      1,
    ),
  },
  mapSuchAs('{ failure_threshold: 5 }'),
)

const rateLimit = v.pipe(
  v.strictObject(
    {
      items_per_second: v.optional(
        v.pipe(integer(1), v.description('Log records, data points and spans in a second.')),
      ),
      bytes_per_second: v.optional(
        v.pipe(
          byteSize(),
          v.minValue(1, 'must be at least 1'),
          v.description('Bytes in a second, before compression.'),
        ),
      ),
      burst: v.optional(
        v.pipe(
          byteSize(),
          v.minValue(1, 'must be at least 1'),
          v.description(
            'Items or bytes that may go at once after a quiet time; what one second brings unless given.',
          ),
        ),
      ),
    },
    mapSuchAs('{ items_per_second: 1000 }'),
  ),
  rule(
    ['items_per_second', 'bytes_per_second'],
    (c) => c.items_per_second !== undefined || c.bytes_per_second !== undefined,
    'needs items_per_second or bytes_per_second',
  ),
  rule(
    ['items_per_second', 'bytes_per_second'],
    (c) => c.items_per_second === undefined || c.bytes_per_second === undefined,
    'takes items_per_second or bytes_per_second, not both',
  ),
)

const deadLetter = v.pipe(
  v.strictObject(
    {
      directory: v.optional(
        v.pipe(
          v.string('must be a path'),
          v.nonEmpty('must not be empty'),
          v.description('Where they lie; each exporter has a directory of its own in there.'),
        ),
      ),
      storage: v.optional(
        v.pipe(
          storageId(),
          v.description(
            'The storage extension in whose directory they lie, instead of `directory`.',
          ),
        ),
      ),
      max_size: v.optional(
        v.pipe(
          byteSize(),
          v.minValue(64 * 1024, 'must be at least 64KiB'),
          v.description(
            'What they may take, in at most 10000 files; the oldest are removed, and counted, for new ones.',
          ),
        ),
        '64MiB',
      ),
    },
    mapSuchAs('{ storage: file_storage }'),
  ),
  rule(
    ['directory', 'storage'],
    (c) => c.directory !== undefined || c.storage !== undefined,
    'needs a directory or a storage',
  ),
  rule(
    ['directory', 'storage'],
    (c) => c.directory === undefined || c.storage === undefined,
    'takes a directory or a storage, not both',
  ),
)

/**
 * The options of the delivery path, to be spread into the configuration of an exporter:
 * `v.strictObject({ endpoint: …, ...deliveryOptions('5s') })`.
 */
export function deliveryOptions(timeout: string) {
  return {
    ...queueOptions(),
    timeout: v.optional(
      v.pipe(duration(), v.description('How long one attempt may take; 0 sets no limit.')),
      timeout,
    ),
  }
}

/** The same without `timeout`, for exporters that do not talk to a network. */
export function queueOptions() {
  return {
    sending_queue: v.optional(
      v.pipe(sendingQueue, v.description('What waits for the backend.')),
      {},
    ),
    retry_on_failure: v.optional(
      v.pipe(retryOnFailure, v.description('What happens after a failure that may pass.')),
      {},
    ),
    circuit_breaker: v.nullish(
      v.pipe(
        circuitBreaker,
        v.description('Spares a backend that is down, each signal by itself; off unless given.'),
      ),
    ),
    rate_limit: v.nullish(
      v.pipe(
        rateLimit,
        v.description(
          'The most that is sent, all signals and retries together; no limit unless given.',
        ),
      ),
    ),
    dead_letter: v.nullish(
      v.pipe(
        deadLetter,
        v.description(
          'Keeps what the backend refused for good, or what ran out of retries, for `remora dead-letters`; such data is dropped (and counted) unless given. Of a request of which only some items were rejected no data is kept: OTLP does not say which ones.',
        ),
      ),
    ),
  }
}

export type BatchConfig = v.InferOutput<typeof batch>
export type QueueConfig = v.InferOutput<typeof sendingQueue>
export type RetryConfig = v.InferOutput<typeof retryOnFailure>
export type CircuitBreakerConfig = v.InferOutput<typeof circuitBreaker>
export type RateLimitConfig = v.InferOutput<typeof rateLimit>
export type DeadLetterConfig = v.InferOutput<typeof deadLetter>

/** What every exporter's configuration holds. */
export interface DeliveryConfig {
  readonly sending_queue: QueueConfig
  readonly retry_on_failure: RetryConfig
  /** Milliseconds. */
  readonly timeout: number
  readonly circuit_breaker?: CircuitBreakerConfig | null | undefined
  readonly rate_limit?: RateLimitConfig | null | undefined
  readonly dead_letter?: DeadLetterConfig | null | undefined
}
