import { type Entry, isMap, setKey, type Value, type Values } from '../entry.ts'
import { heldBytesMax, type Joiner } from '../operator.ts'
import { OperatorError } from '../operator-error.ts'
import { compileTimeFormat } from '../time.ts'

/*
 * What container runtimes write for the standard output of a container, a line for each line of the program:
 *
 *   docker      {"log":"text\n","stream":"stdout","time":"2024-01-01T00:00:00.000000000Z"}
 *   crio        2024-01-01T00:00:00.000000000+01:00 stdout F text
 *   containerd  2024-01-01T00:00:00.000000000Z stdout F text
 *
 * They cut long lines into parts: marked P, with an F for the last one; docker leaves out the newline. The parts of each
 * stream are put together again.
 */
export type ContainerFormat = 'auto' | 'docker' | 'crio' | 'containerd'

export interface ContainerSettings {
  readonly format: ContainerFormat
  readonly addMetadataFromPath: boolean
  /** A joined line is given up in pieces of about this size; 0 for no limit. */
  readonly maxLogSizeBytes: number
}

const criLine = /^(\d{4}-\d\d-\d\dT[^ ]{1,40}) (stdout|stderr) ([^ ]{0,64}) ?/
const podPath =
  /(?:^|[/\\])([^_/\\]+)_([^_/\\]+)_([0-9a-f-]+)[/\\]([^/\\]+)[/\\](\d+)\.log(?:\.[\d-]+)?$/

const time = compileTimeFormat('gotime', '2006-01-02T15:04:05.999999999Z07:00', 'UTC')
const flushMs = 5000
const streamsMax = 1000

interface Partial {
  readonly entry: Entry
  readonly parts: string[]
  sizeBytes: number
  readonly sinceMs: number
}

export class ContainerParser implements Joiner {
  readonly #settings: ContainerSettings
  readonly #partials = new Map<string, Partial>()
  #heldBytes = 0
  #path = ''
  #base: Readonly<Values> = {}
  #merged: Readonly<Values> | undefined

  constructor(settings: ContainerSettings) {
    this.#settings = settings
  }

  take(entry: Entry, nowMs: number, out: (entry: Entry) => void): void {
    const { body } = entry
    if (typeof body !== 'string') throw new OperatorError('body is not a string')
    const complete = this.isDocker(body.startsWith('{'))
      ? readDocker(entry, body)
      : readCri(entry, body)
    const known = this.#addMetadata(entry)
    const key = streamOf(String(entry.attributes['log.iostream']), entry.path)
    const partial = this.#partials.get(key)
    if (!complete || partial !== undefined) {
      this.#join(key, partial, entry, complete, nowMs, out)
      return
    }
    // Nothing has gone out yet: the line goes on with what was read of it, and with the reason.
    if (!known) throw new OperatorError('the path of the file is not that of a pod')
    out(entry)
  }

  flush(nowMs: number, everything: boolean, out: (entry: Entry) => void): void {
    for (const [key, partial] of this.#partials) {
      if (everything || nowMs - partial.sinceMs >= flushMs) this.#release(key, partial, out)
    }
  }

  *held(): Iterable<Entry> {
    for (const { entry } of this.#partials.values()) yield entry
  }

  /** Whether parts wait for their end, of any stream. */
  get holds(): boolean {
    return this.#partials.size > 0
  }

  /** Whether parts of this stream do. */
  holdsOf(iostream: string, path: string): boolean {
    return this.#partials.has(streamOf(iostream, path))
  }

  /** Whether the parts of `count` more streams can be held. */
  hasRoomFor(count: number): boolean {
    return this.#partials.size + count <= streamsMax
  }

  isFull(sizeBytes: number): boolean {
    const { maxLogSizeBytes } = this.#settings
    return maxLogSizeBytes > 0 && sizeBytes >= maxLogSizeBytes
  }

  /** Goes on with parts that were put together elsewhere; there is room for them. */
  adopt(
    iostream: string,
    entry: Entry,
    sizeBytes: number,
    nowMs: number,
    out: (entry: Entry) => void,
  ): void {
    const parts = [entry.body as string]
    const partial = { entry, parts, sizeBytes, sinceMs: nowMs }
    this.#partials.set(streamOf(iostream, entry.path), partial)
    this.#hold(sizeBytes, out)
  }

  /** Whether a line is one of docker; `inBraces` tells where the settings leave it open. */
  isDocker(inBraces: boolean): boolean {
    const { format } = this.#settings
    return format === 'auto' ? inBraces : format === 'docker'
  }

  /** The resource of what comes from this file; undefined where its path does not tell, and should. */
  resourceOf(path: string, base: Readonly<Values>): Readonly<Values> | undefined {
    if (!this.#settings.addMetadataFromPath) return base
    if (path !== this.#path || base !== this.#base) {
      const metadata = metadataOf(path)
      this.#path = path
      this.#base = base
      // One object for all lines of a file, so that they are seen to have the same resource.
      this.#merged = metadata && { ...base, ...metadata }
    }
    return this.#merged
  }

  #join(
    key: string,
    known: Partial | undefined,
    entry: Entry,
    complete: boolean,
    nowMs: number,
    out: (entry: Entry) => void,
  ): void {
    const text = entry.body as string
    const partial = known ?? { entry: entry.clone(), parts: [], sizeBytes: 0, sinceMs: nowMs }
    if (known === undefined) {
      if (this.#partials.size >= streamsMax) this.#releaseOldest(out)
      this.#partials.set(key, partial)
    }
    partial.parts.push(text)
    const textBytes = Buffer.byteLength(text)
    partial.sizeBytes += textBytes
    this.#hold(textBytes, out)
    // What was given up for its size is gone.
    if ((complete || this.isFull(partial.sizeBytes)) && this.#partials.has(key))
      this.#release(key, partial, out)
  }

  #hold(moreBytes: number, out: (entry: Entry) => void): void {
    this.#heldBytes += moreBytes
    while (this.#heldBytes > heldBytesMax) this.#releaseOldest(out)
  }

  #releaseOldest(out: (entry: Entry) => void): void {
    const [oldest] = this.#partials
    if (oldest !== undefined) this.#release(oldest[0], oldest[1], out)
  }

  #release(key: string, partial: Partial, out: (entry: Entry) => void): void {
    this.#partials.delete(key)
    this.#heldBytes -= partial.sizeBytes
    const { entry, parts } = partial
    entry.body = parts.join('')
    out(entry)
  }

  /** False where the path does not tell. */
  #addMetadata(entry: Entry): boolean {
    if (!this.#settings.addMetadataFromPath) return true
    const merged = this.resourceOf(entry.path, entry.baseResource)
    if (merged === undefined) return false
    if (entry.resource === undefined) entry.baseResource = merged
    else entry.resource = { ...entry.resource, ...metadataOf(entry.path) }
    return true
  }
}

function streamOf(iostream: string, path: string): string {
  return `${iostream}\n${path}`
}

/** `…/namespace_pod_uid/container/restarts.log` */
export function metadataOf(path: string): Values | undefined {
  const match = podPath.exec(path)
  if (match === null) return undefined
  return {
    'k8s.namespace.name': match[1],
    'k8s.pod.name': match[2],
    'k8s.pod.uid': match[3],
    'k8s.container.name': match[4],
    'k8s.container.restart_count': match[5],
  }
}

/** Whether the line ends with this part. */
function readCri(entry: Entry, body: string): boolean {
  const match = criLine.exec(body)
  if (match === null) throw new OperatorError('it is no line of a container')
  const timeUnixNano = time.read(match[1] as string, 0)
  if (timeUnixNano === undefined) throw new OperatorError('its time cannot be read')
  const tag = match[3] as string
  entry.timeUnixNano = timeUnixNano
  entry.attributes['log.iostream'] = match[2]
  entry.attributes['logtag'] = tag
  entry.body = body.slice(match[0].length)
  return !(tag === 'P' || tag.startsWith('P:'))
}

/** The same of the tag `[start, end)`. */
export function isPartTag(bytes: Uint8Array, start: number, end: number): boolean {
  return bytes[start] === 0x50 && start < end && (end === start + 1 || bytes[start + 1] === 0x3a)
}

function parseDocker(body: string): Values {
  try {
    const line = JSON.parse(body) as Value
    return isMap(line) ? line : {}
  } catch (error) {
    if (error instanceof SyntaxError) throw new OperatorError('it is no line of a container')
    throw error
  }
}

function readDocker(entry: Entry, body: string): boolean {
  const line = parseDocker(body)
  const { log, stream, time: written } = line
  if (typeof log !== 'string' || typeof written !== 'string') {
    throw new OperatorError('it is no line of a container')
  }
  const timeUnixNano = time.read(written, 0)
  if (timeUnixNano === undefined) throw new OperatorError('its time cannot be read')
  entry.timeUnixNano = timeUnixNano
  if (typeof stream === 'string') entry.attributes['log.iostream'] = stream
  // What the options of docker's log driver add: labels and the like, in `attrs`.
  for (const key in line) {
    if (key !== 'log' && key !== 'stream' && key !== 'time')
      setKey(entry.attributes, key, line[key])
  }
  const complete = log.endsWith('\n') || log.length < dockerPartMin
  entry.body = log.endsWith('\n') ? log.slice(0, log.length - (log.endsWith('\r\n') ? 2 : 1)) : log
  return complete
}

// Docker cuts at 16 KiB; a shorter text without a newline is the last of a program that ended.
export const dockerPartMin = 16_000
