import * as v from 'valibot'
import { rules } from './rule.ts'
import { Secret } from './secret.ts'

/**
 * The typed scalars of the configuration. Each is a valibot schema whose output is what the code uses (ms, bytes,
 * Secret) and whose input is what a person writes. The metadata `remora` says which scalar it is: the JSON Schema,
 * the docs and the redaction of `print-config` read it.
 */
export interface ScalarMetadata {
  readonly scalar: 'duration' | 'byte_size' | 'secret' | 'endpoint' | 'text' | 'file'
}

/**
 * Metadata of an object schema: options that the collector has and remora has not. They are refused with a message
 * that says so, instead of `unknown option`.
 */
export interface ObjectMetadata {
  readonly unsupported: readonly string[]
  /** What to do instead of some of them. */
  readonly instead?: Readonly<Record<string, string>>
}

/** Metadata of an option: see `sectionSwitch`. */
export interface SwitchMetadata {
  readonly sectionSwitch: true
}

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/** Milliseconds of a Go duration (`1h30m`, `200ms`, `1.5s`, `0`), or undefined if it is none. */
export function parseDurationMs(text: string): number | undefined {
  if (text === '0') return 0
  if (!/^(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined
  let totalMs = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g)) {
    totalMs += Number(amount) * (unitMs[unit as string] as number)
  }
  return totalMs
}

const unitBytes: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
}

/** Bytes of a size (`4MiB`, `1.5kB`, `512`), or undefined if it is none. */
export function parseByteSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim())
  const factor = unitBytes[match?.[2]?.toLowerCase() ?? '?']
  return match === null || factor === undefined ? undefined : Math.floor(Number(match[1]) * factor)
}

const durationMessage = 'must be a duration such as "200ms", "5s" or "1h30m"'
const sizeMessage = 'must be a size such as "4MiB", "500kB" or a number of bytes'

/** `200ms` → 200. Input: a Go duration; a bare number other than 0 is refused, because its unit is unknown. */
export function duration() {
  return v.pipe(
    v.union([v.string(), v.literal(0)], durationMessage),
    v.metadata({ scalar: 'duration' } satisfies ScalarMetadata),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const ms = parseDurationMs(String(dataset.value))
      if (ms !== undefined) return ms
      addIssue({ message: durationMessage })
      return NEVER
    }),
  )
}

/** `4MiB` → 4194304. Input: a size with a unit, or bytes. */
export function byteSize() {
  return v.pipe(
    v.union(
      [v.string(), v.pipe(v.number(), v.integer(sizeMessage), v.minValue(0, sizeMessage))],
      sizeMessage,
    ),
    v.metadata({ scalar: 'byte_size' } satisfies ScalarMetadata),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const bytes = parseByteSize(String(dataset.value))
      if (bytes !== undefined) return bytes
      addIssue({ message: sizeMessage })
      return NEVER
    }),
  )
}

/** A string that never prints. */
export function secret() {
  return v.pipe(
    v.string('must be a string'),
    v.metadata({ scalar: 'secret' } satisfies ScalarMetadata),
    v.transform((text) => new Secret(text)),
  )
}

/** The path of a file that must be there at the start; `validate` looks. The output is the path. */
export function existingFile() {
  return v.pipe(v.string('must be a path'), v.metadata({ scalar: 'file' } satisfies ScalarMetadata))
}

/** The id of an extension that is a storage. */
export function storageId() {
  return v.string('must be the id of a storage extension, such as file_storage')
}

/** A string; numbers and booleans of the YAML are taken as their text, so that `value: 5` needs no quotes. */
export function text() {
  return v.pipe(
    v.union([v.string(), v.number(), v.boolean()], 'must be a string'),
    v.metadata({ scalar: 'text' } satisfies ScalarMetadata),
    v.transform(String),
  )
}

/** `true` or `false`. */
export function flag(fallback: boolean, description: string) {
  return v.optional(
    v.pipe(v.boolean('must be true or false'), v.description(description)),
    fallback,
  )
}

/**
 * The option `enabled` of the sections that a configuration may leave out: with false it is as if the section were not
 * there, whatever else stands in it (configoptional of the collector). The code behind a schema never sees false.
 */
export const sectionSwitch = {
  enabled: v.pipe(
    flag(true, 'With false it is as if this section were not there.'),
    v.metadata({ sectionSwitch: true } satisfies SwitchMetadata),
  ),
}

/** A whole number from `min` to `max`, both included. */
export function integer(min = 0, max = Number.MAX_SAFE_INTEGER) {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
  const message = `must be a whole number ${range}`
  return v.pipe(
    v.number(message),
    v.integer(message),
    v.minValue(min, message),
    v.maxValue(max, message),
  )
}

const addressMessage = 'must be "host:port", or ":port" for all addresses'
// A host name may hold what DNS and Kubernetes allow, and no space.
const hostPort = /^(?:\[[0-9a-fA-F:.%a-z]+\]|[^\s:/[\]]*):(\d{1,5})$/

const portMessage = 'the port must be from 0 to 65535'

/** The message for an address that is none: that of its port, where that is all that is wrong, else `message`. */
export function wrongAddress(text: string, message: string): string {
  const port = /:(\d+)\/?$/.exec(text)?.[1]
  return port !== undefined && Number(port) > 65_535 ? portMessage : message
}

function isHostPort(text: string): boolean {
  const port = hostPort.exec(text)?.[1]
  return port !== undefined && Number(port) <= 65_535
}

/** Where to listen: `localhost:4317`, `[::1]:4317`, `:4317` for all addresses; the output is the text as written. */
export function listenAddress() {
  return v.pipe(
    v.string(addressMessage),
    v.metadata({ scalar: 'endpoint' } satisfies ScalarMetadata),
    v.check(isHostPort, ({ input }) => wrongAddress(input, addressMessage)),
  )
}

/** What is wrong with a header, if anything: a message that goes on after its name, and never holds the value. */
export type HeaderRule = (name: string, value: string) => string | undefined

/**
 * Headers of requests: `name: value`, or the collector's list of `{name, value}`. The values are secrets, because
 * tokens travel in them.
 */
export function headers(ruleOf: HeaderRule = () => undefined) {
  const listed = v.array(
    v.pipe(
      v.strictObject({
        name: v.pipe(v.string(), v.description('The name of a header.')),
        value: v.pipe(secret(), v.description('What it says.')),
      }),
      rules(['name', 'value'], ({ name, value }) => {
        const message = ruleOf(name, value.reveal())
        return message === undefined ? [] : [{ message, at: ['name'] }]
      }),
    ),
  )
  const mapped = v.pipe(
    v.record(v.string(), secret()),
    v.rawCheck(({ dataset, addIssue }) => {
      const { value: input } = dataset
      for (const [key, value] of Object.entries((input ?? {}) as Record<string, unknown>)) {
        const message = value instanceof Secret ? ruleOf(key, value.reveal()) : undefined
        if (message === undefined) continue
        addIssue({ message, path: [{ type: 'unknown', origin: 'key', input, key, value }] })
      }
    }),
  )
  // The list becomes a map behind the union: within it a faulty list would count as no list at all.
  return v.pipe(
    v.union([mapped, listed]),
    v.transform((given): Record<string, Secret> => {
      if (!Array.isArray(given)) return given
      return Object.fromEntries(given.map(({ name, value }) => [name, value]))
    }),
  )
}

/** A check that says why `parse` threw. */
export function parses<T>(parse: (written: string) => T) {
  return v.rawCheck<string>(({ dataset, addIssue }) => {
    if (!dataset.typed) return
    try {
      parse(dataset.value)
    } catch (error) {
      addIssue({ message: (error as Error).message })
    }
  })
}
