import * as v from 'valibot'
import type { ObjectMetadata, ScalarMetadata, SwitchMetadata } from '../component/schema.ts'

export type Schema = v.GenericSchema

/** What a person may write where a schema stands, as far as walking over it needs to know. */
export type Shape =
  | {
      readonly kind: 'object'
      readonly entries: Readonly<Record<string, Schema>>
      readonly open: boolean
    }
  | { readonly kind: 'record'; readonly value: Schema }
  | { readonly kind: 'list'; readonly item: Schema }
  | { readonly kind: 'union'; readonly options: readonly Schema[] }
  | { readonly kind: 'variant'; readonly key: string; readonly options: readonly Schema[] }
  | { readonly kind: 'scalar' }

export interface Described {
  readonly shape: Shape
  /** Which of the scalars of component/schema.ts it is, if any. */
  readonly scalar: ScalarMetadata['scalar'] | undefined
  readonly unsupported: readonly string[]
  /** What to do instead of some of the unsupported ones. */
  readonly instead: Readonly<Record<string, string>>
  /** Whether `enabled: false` takes it out of the configuration. */
  readonly hasSwitch: boolean
  readonly description: string | undefined
  /** As a person would write it. */
  readonly default: unknown
  readonly optional: boolean
  readonly nullable: boolean
  /** Without the wrappers `optional` and `nullable`. */
  readonly inner: Schema
}

/** The parts of valibot's schemas that are read here; a schema has those of its type. */
interface Parts {
  readonly type: string
  readonly wrapped?: Schema
  readonly default?: unknown
  readonly getter?: (input: unknown) => Schema
  readonly entries?: Readonly<Record<string, Schema>>
  readonly item?: Schema
  readonly value?: Schema
  readonly key?: string
  readonly options?: readonly Schema[]
}

const optionalTypes: ReadonlySet<string> = new Set([
  'optional',
  'exact_optional',
  'undefinedable',
  'nullish',
])
const nullableTypes: ReadonlySet<string> = new Set([
  'nullable',
  'nullish',
  'null',
  'any',
  'unknown',
])

const known = new WeakMap<Schema, Described>()

export function describe(schema: Schema): Described {
  let described = known.get(schema)
  if (described === undefined) {
    described = describeNew(schema)
    known.set(schema, described)
  }
  return described
}

function describeNew(schema: Schema): Described {
  let inner = schema
  let description: string | undefined
  let fallback: unknown
  let optional = false
  let nullable = false
  const metadata: Partial<ScalarMetadata & ObjectMetadata & SwitchMetadata> = {}
  for (;;) {
    const parts = inner as unknown as Parts
    description ??= v.getDescription(inner)
    Object.assign(metadata, { ...v.getMetadata(inner), ...metadata })
    optional ||= optionalTypes.has(parts.type)
    nullable ||= nullableTypes.has(parts.type)
    fallback ??= typeof parts.default === 'function' ? v.getDefault(inner) : parts.default
    const next = parts.wrapped ?? parts.getter?.(undefined)
    if (next === undefined) break
    inner = next
  }
  const shape = shapeOf(inner as unknown as Parts)
  return {
    shape,
    scalar: metadata.scalar,
    unsupported: metadata.unsupported ?? [],
    instead: metadata.instead ?? {},
    hasSwitch: shape.kind === 'object' && isSwitch(shape.entries['enabled']),
    description,
    default: fallback,
    optional,
    nullable,
    inner,
  }
}

function isSwitch(schema: Schema | undefined): boolean {
  const metadata: Partial<SwitchMetadata> = schema === undefined ? {} : v.getMetadata(schema)
  return metadata.sectionSwitch === true
}

function shapeOf(parts: Parts): Shape {
  switch (parts.type) {
    case 'strict_object':
      return { kind: 'object', entries: parts.entries ?? {}, open: false }
    case 'object':
    case 'loose_object':
    case 'object_with_rest':
      return { kind: 'object', entries: parts.entries ?? {}, open: true }
    case 'record':
      return { kind: 'record', value: parts.value ?? v.any() }
    case 'array':
      return { kind: 'list', item: parts.item ?? v.any() }
    case 'union':
      return { kind: 'union', options: parts.options ?? [] }
    case 'variant':
      return { kind: 'variant', key: parts.key ?? 'type', options: parts.options ?? [] }
    case 'intersect':
      return mergeObjects(parts.options ?? [])
    default:
      return { kind: 'scalar' }
  }
}

function mergeObjects(options: readonly Schema[]): Shape {
  const shapes = options.map((option) => describe(option).shape)
  const objects = shapes.filter((shape) => shape.kind === 'object')
  const entries = Object.assign({}, ...objects.map((shape) => shape.entries))
  return { kind: 'object', entries, open: objects.length < shapes.length }
}

/** Whether an empty map is a way to write it: then `grpc:` with nothing behind it means all defaults. */
export function acceptsMap(schema: Schema): boolean {
  const { shape } = describe(schema)
  if (shape.kind === 'union') return shape.options.some(acceptsMap)
  return shape.kind === 'object' || shape.kind === 'variant'
}

export function isSecret(schema: Schema): boolean {
  const { shape, scalar } = describe(schema)
  return scalar === 'secret' || (shape.kind === 'union' && shape.options.some(isSecret))
}

export function isEndpoint(schema: Schema): boolean {
  return describe(schema).scalar === 'endpoint'
}

export function isExistingFile(schema: Schema): boolean {
  return describe(schema).scalar === 'file'
}

/** Whether it takes a text and nothing else. */
export function wantsText(schema: Schema): boolean {
  const { inner, scalar } = describe(schema)
  return inner.type === 'string' || scalar === 'text'
}

/** Whether it is a map or a list of secrets, such as headers: a text written in its place is a secret too. */
export function isSecrets(schema: Schema): boolean {
  const { shape } = describe(schema)
  switch (shape.kind) {
    case 'record':
      return isSecret(shape.value)
    case 'list': {
      const item = describe(shape.item).shape
      return item.kind === 'object' && Object.values(item.entries).some(isSecret)
    }
    case 'union':
      return shape.options.some(isSecrets)
    default:
      return false
  }
}

/** Whether it is a map with secrets in it: a text or a list written in its place is a secret too. */
export function isMapOfSecrets(schema: Schema): boolean {
  const { shape } = describe(schema)
  if (shape.kind === 'record') return isSecret(shape.value)
  return shape.kind === 'object' && Object.values(shape.entries).some(isSecret)
}

/** A step of a pipe: a schema, or an action such as `min_value`, with the parts that are read of it. */
export interface PipePart {
  readonly type: string
  readonly options?: readonly unknown[]
  readonly literal?: unknown
  readonly requirement?: unknown
}

/** The steps of nested pipes in one list, the schema first. */
export function pipeOf(schema: Schema): PipePart[] {
  const { pipe } = schema as { readonly pipe?: readonly Schema[] }
  if (pipe === undefined) return [schema as PipePart]
  return pipe.flatMap((part, index) => (index === 0 ? pipeOf(part) : [part as PipePart]))
}
