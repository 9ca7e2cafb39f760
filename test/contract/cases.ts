import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import * as v from 'valibot'
import { systemClock } from '../../src/component/clock.ts'
import type { AnyDefinition, Kind, Outputs, ReceiverSettings } from '../../src/component/define.ts'
import type { Component } from '../../src/component/lifecycle.ts'
import type { Storage } from '../../src/component/storage.ts'
import { loadRegistry } from '../../src/components.ts'
import { Application } from '../../src/process/application.ts'
import { ApplicationReceiver } from '../../src/receivers/application/application-receiver.ts'
import type { Consumer } from '../../src/signal/consumer.ts'
import { metrics } from '../../src/telemetry/metrics.ts'
import { RecordingIntake } from '../support/recording-intake.ts'
import { type TestSettings, testSettings } from '../support/settings.ts'

const registry = await loadRegistry()

/** Every definition once, aliases aside. */
export const definitions: readonly AnyDefinition[] = [
  ...new Set<AnyDefinition>(Object.values(registry).flatMap((byName) => [...byName.values()])),
]

/** One example of one definition, with nothing in it that another test or process could be in the way of. */
export interface Case {
  /** `exporter file: Rotated daily`. */
  readonly name: string
  readonly definition: AnyDefinition
  readonly example: object
}

export const cases: readonly Case[] = definitions.flatMap((definition) =>
  definition.examples.map(({ title, config }) => ({
    name: `${definition.kind} ${definition.type}: ${title}`,
    definition,
    example: config as object,
  })),
)

export function casesOf(kind: Kind): Case[] {
  return cases.filter(({ definition }) => definition.kind === kind)
}

export interface Instance {
  readonly component: Component & Partial<Consumer>
  readonly settings: TestSettings<object>
  /** What comes after a receiver or a processor. */
  readonly next: RecordingIntake
  readonly config: object
  readonly directory: string
  /** Removes its files. */
  clean(): void
}

/** A component of an example, on free ports and in a directory of its own, on the real clock. */
export function createInstance(
  { definition, example }: Case,
  next = new RecordingIntake(),
): Instance {
  const directory = mkdtempSync(join(tmpdir(), 'remora-contract-'))
  const parsed = v.parse(definition.config, example)
  const config = isolate(parsed, definition.kind, directory) as object
  const settings: TestSettings<object> = {
    ...testSettings(config, { id: definition.type, clock: systemClock }),
    storage: () => memoryStorage(directory),
  }
  return {
    component: create(definition, settings, next, directory),
    settings,
    next,
    config,
    directory,
    clean: () => rmSync(directory, { recursive: true, force: true }),
  }
}

function create(
  definition: AnyDefinition,
  settings: ReceiverSettings<object>,
  next: RecordingIntake,
  directory: string,
): Component & Partial<Consumer> {
  switch (definition.kind) {
    case 'receiver': {
      if (definition.type === 'application') {
        // What `remora exec` does.
        const application = new Application(['/bin/sh', '-c', commandOf(directory)])
        return new ApplicationReceiver(settings as never, next as never, application)
      }
      const outputs = Object.fromEntries(
        Object.keys(definition.stability).map((signal) => [signal, next]),
      )
      return definition.create(settings, outputs as Outputs)
    }
    case 'processor':
      return definition.create(settings, next)
    case 'exporter':
      return definition.create(settings)
    case 'extension':
      return definition.create(settings, { statuses: () => new Map() })
  }
}

/** A component uses the metrics of its definition and of the shared table, and no others. */
export function assertMetricsDeclared({ settings }: Instance, { definition }: Case): void {
  for (const name of settings.meter.names) {
    const known = name in metrics || name in definition.metrics
    assert.ok(known, `${name} is neither declared nor in the table of metrics`)
  }
}

/** What commands are replaced by: the content of a file, as soon as it is there. */
export function inputOf(directory: string): string {
  return join(directory, 'input')
}

function commandOf(directory: string): string {
  const path = inputOf(directory)
  return `while [ ! -e '${path}' ]; do sleep 0.02; done; cat '${path}'`
}

/** Options that are paths of files; the others that begin with a slash are paths of URLs. */
const fileOptions = new Set(['directory', 'include', 'exclude'])

/** The configuration with free ports to listen on, a closed port to send to, and files below `directory`. */
function isolate(value: unknown, kind: Kind, directory: string, option = ''): unknown {
  if (option === 'command') {
    const text = commandOf(directory)
    return Array.isArray(value) ? ['/bin/sh', '-c', text] : text
  }
  // The standard output of a test belongs to its runner.
  if (option === 'tee') return false
  if (Array.isArray(value)) return value.map((one) => isolate(one, kind, directory, option))
  if (typeof value === 'string') return isolateText(value, kind, directory, option)
  if (typeof value !== 'object' || value === null) return value
  if (Object.getPrototypeOf(value) !== Object.prototype) return value
  const entries = Object.entries(value).map(([key, inner]) => {
    return [key, isolate(inner, kind, directory, key)]
  })
  return Object.fromEntries(entries)
}

function isolateText(text: string, kind: Kind, directory: string, option: string): string {
  const isFile = fileOptions.has(option) || (kind === 'exporter' && option === 'path')
  if (isFile && text.startsWith('/')) {
    const path = join(directory, text)
    mkdirSync(dirname(path), { recursive: true })
    return path
  }
  if (!option.endsWith('endpoint')) return text
  if (text.startsWith('unix:')) return `unix://${join(directory, 'x.sock')}`
  if (kind === 'exporter') return text.replace(/^(https?:\/\/)?[^/:]+(?::\d+)?/, '$1127.0.0.1:9')
  return '127.0.0.1:0'
}

/** A storage that keeps nothing: the contract of file_storage has tests of its own. */
function memoryStorage(directory: string): Storage {
  return {
    queues: {
      maxSizeBytes: 8 * 1024 * 1024,
      segmentSizeBytes: undefined,
      fsync: false,
      syncIntervalMs: 0,
    },
    open: () => {
      const data = new Map<string, Uint8Array>()
      return Promise.resolve({
        get: (key) => data.get(key),
        keys: () => [...data.keys()],
        update: (changes) => {
          for (const [key, value] of changes) {
            if (value === undefined) data.delete(key)
            else data.set(key, value)
          }
          return Promise.resolve()
        },
        close: () => Promise.resolve(),
      })
    },
    directory: () => Promise.resolve(directory),
  }
}
