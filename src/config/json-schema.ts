import { type JsonSchema, toJsonSchema } from '@valibot/to-json-schema'
import type { PipelineConfig } from '../component/configured.ts'
import type { AnyDefinition } from '../component/define.ts'
import type { Registry } from '../component/registry.ts'
import { type Section, sectionNames, sections } from './components.ts'
import { pipelineSchema, serviceSchema } from './service-schema.ts'
import { describe, pipeOf, type Schema } from './shape.ts'

/**
 * The JSON Schema of a whole configuration, for editors: what may stand where, which components exist, and which of
 * them a pipeline of a signal can name. Structure comes from walking the schemas, the limits of each scalar from
 * valibot's own converter.
 */
export type Json = Record<string, unknown>

const reference = { $ref: '#/definitions/reference' }

const scalars: Readonly<Record<string, Json>> = {
  reference: {
    description: 'A reference to an environment variable or a file, resolved when remora starts.',
    type: 'string',
    pattern: '\\$\\{[^}]+\\}',
  },
  duration: {
    description: 'A duration such as 200ms, 5s or 1h30m.',
    anyOf: [
      { type: 'string', pattern: '^(0|([0-9]+(\\.[0-9]*)?(ns|us|µs|ms|s|m|h))+)$' },
      { const: 0 },
    ],
  },
  byte_size: {
    description: 'A size such as 4MiB or 500kB, or a number of bytes.',
    anyOf: [
      {
        type: 'string',
        pattern: '^\\s*[0-9]+(\\.[0-9]+)?\\s*([bB]|[kKmMgG][bB]|[kKmMgG][iI][bB])?\\s*$',
      },
      { type: 'integer', minimum: 0 },
    ],
  },
}

export function configJsonSchema(registry: Registry): Json {
  const definitions: Record<string, Json> = { ...scalars }
  const properties: Record<string, Json> = {}
  for (const section of sectionNames) {
    properties[section] = sectionSchema(section, registry, definitions)
  }
  properties['service'] = wholeService(registry)
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'remora configuration',
    type: 'object',
    additionalProperties: false,
    required: ['service'],
    properties,
    definitions,
  }
}

function sectionSchema(
  section: Section,
  registry: Registry,
  definitions: Record<string, Json>,
): Json {
  const patternProperties: Record<string, Json> = {}
  for (const [definition, names] of namesByDefinition(section, registry)) {
    const key = `${definition.kind}.${definition.type}`
    definitions[key] = {
      ...nullable(convert(definition.config)),
      description: definition.summary,
    }
    patternProperties[idPattern(names)] = { $ref: `#/definitions/${key}` }
  }
  return orReference({ type: ['object', 'null'], patternProperties, additionalProperties: false })
}

/** A type and its aliases. */
function namesByDefinition(section: Section, registry: Registry): Map<AnyDefinition, string[]> {
  const names = new Map<AnyDefinition, string[]>()
  for (const [name, definition] of registry[sections[section]] as ReadonlyMap<
    string,
    AnyDefinition
  >) {
    names.set(definition, [...(names.get(definition) ?? []), name])
  }
  return names
}

function idPattern(names: readonly string[]): string {
  return `^(${names.join('|')})(/.+)?$`
}

function wholeService(registry: Registry): Json {
  const service = convert(serviceSchema)
  const properties = service['properties'] as Record<string, Json>
  const patternProperties: Record<string, Json> = {}
  for (const signal of ['logs', 'metrics', 'traces'] satisfies PipelineConfig['signal'][]) {
    patternProperties[`^${signal}(/.+)?$`] = pipelineSchemaOf(signal, registry)
  }
  return {
    ...service,
    required: ['pipelines'],
    properties: {
      ...properties,
      extensions: idList([...registry.extension.keys()], properties['extensions']),
      pipelines: orReference({
        description: properties['pipelines']?.['description'],
        type: 'object',
        minProperties: 1,
        patternProperties,
        additionalProperties: false,
      }),
    },
  }
}

function pipelineSchemaOf(signal: PipelineConfig['signal'], registry: Registry): Json {
  const lists: Record<string, Json> = {}
  const described = convert(pipelineSchema)['properties'] as Record<string, Json>
  for (const section of ['receivers', 'processors', 'exporters'] as const) {
    const names = [...(registry[sections[section]] as ReadonlyMap<string, AnyDefinition>)]
      .filter(([, { stability }]) => typeof stability !== 'string' && stability[signal])
      .map(([name]) => name)
    const least = section === 'processors' ? {} : { minItems: 1 }
    lists[section] = idList(names, { ...described[section], ...least })
  }
  return orReference({
    type: 'object',
    required: ['receivers', 'exporters'],
    properties: lists,
    additionalProperties: false,
  })
}

/** A list of `type` or `type/name`; the plain types are listed, so that an editor can offer them. */
function idList(names: readonly string[], { description, minItems }: Json = {}): Json {
  const id = { type: 'string', pattern: idPattern(names) }
  const list: Json = {
    type: 'array',
    ...(minItems === undefined ? {} : { minItems }),
    uniqueItems: true,
    items: names.length === 0 ? reference : anyOf([{ enum: names }, id, reference]),
  }
  return { description, ...orReference(list) }
}

/** What a person may write where `schema` stands. */
export function convert(schema: Schema): Json {
  const { description, default: fallback, shape } = describe(schema)
  const json = convertShape(schema)
  const isEmptyMap = shape.kind === 'object' && JSON.stringify(fallback) === '{}'
  return {
    ...(description === undefined ? {} : { description }),
    ...json,
    ...(fallback === undefined || fallback === null || isEmptyMap ? {} : { default: fallback }),
  }
}

function convertShape(schema: Schema): Json {
  const { shape, scalar, inner, nullable: mayBeNull } = describe(schema)
  switch (shape.kind) {
    case 'object':
      return convertObject(shape.entries, shape.open)
    case 'record':
      return orReference({ type: 'object', additionalProperties: convert(shape.value) })
    case 'list':
      return orReference({ type: 'array', items: convert(shape.item) })
    case 'variant':
      return anyOf([...shape.options.map(convert), reference])
    case 'union':
      if (scalar !== undefined) return convertScalar(scalar)
      return anyOf([...shape.options.map(convert), reference])
    case 'scalar': {
      if (scalar !== undefined) return convertScalar(scalar)
      const leaf = convertLeaf(inner)
      return mayBeNull ? anyOf([leaf, { type: 'null' }, reference]) : orReference(leaf)
    }
  }
}

function convertObject(entries: Readonly<Record<string, Schema>>, open: boolean): Json {
  const properties: Record<string, Json> = {}
  const required: string[] = []
  for (const [key, entry] of Object.entries(entries)) {
    const described = describe(entry)
    const json = convert(entry)
    // `grpc:` with nothing behind it means all defaults.
    properties[key] = described.shape.kind === 'object' ? nullable(json) : json
    if (!described.optional) required.push(key)
  }
  return {
    type: 'object',
    properties,
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: open,
  }
}

function convertScalar(scalar: string): Json {
  switch (scalar) {
    case 'duration':
    case 'byte_size':
      return { anyOf: [{ $ref: `#/definitions/${scalar}` }, reference] }
    case 'text':
      return { type: ['string', 'number', 'boolean'] }
    default:
      // A secret or an endpoint: any text, a reference as well.
      return { type: 'string', ...(scalar === 'secret' ? { writeOnly: true } : {}) }
  }
}

/** A scalar of valibot with its limits. A choice behind a `toLowerCase` is offered in lower case, and any case taken. */
function convertLeaf(schema: Schema): Json {
  const choice = pipeOf(schema)
    .slice(1)
    .find(({ type }) => type === 'picklist')
  if (choice !== undefined) return { anyOf: [{ enum: choice.options }, { type: 'string' }] }
  const {
    $schema: _,
    description: __,
    ...leaf
  } = toJsonSchema(schema, {
    typeMode: 'input',
    errorMode: 'ignore',
  }) as JsonSchema & Json
  if (leaf['maximum'] === Number.MAX_SAFE_INTEGER) delete leaf['maximum']
  return leaf
}

/** A text without limits takes a reference anyway. */
function orReference(json: Json): Json {
  const keys = Object.keys(json).filter((key) => key !== 'description')
  if (json['type'] === 'string' && keys.length === 1) return json
  return anyOf([json, reference])
}

/** Flat, and each alternative once. */
function anyOf(options: readonly Json[]): Json {
  const flat = options.flatMap((option) => {
    const keys = Object.keys(option)
    return keys.length === 1 && keys[0] === 'anyOf' ? (option['anyOf'] as Json[]) : [option]
  })
  return { anyOf: [...new Map(flat.map((json) => [JSON.stringify(json), json])).values()] }
}

function nullable(json: Json): Json {
  return json['type'] === 'object' ? { ...json, type: ['object', 'null'] } : json
}
