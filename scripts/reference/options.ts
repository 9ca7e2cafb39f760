import { describe, pipeOf, type Schema } from '../../src/config/shape.ts'

/** One row of the table of options. */
export interface OptionRow {
  /** `sending_queue.queue_size`; `[]` stands for each entry of a list, `*` for any key. */
  readonly path: string
  readonly type: string
  /** As it would be written; empty if there is none. */
  readonly default: string
  readonly required: boolean
  readonly description: string
}

/** Every option of a schema, the nested ones behind the one they belong to. */
export function optionRows(schema: Schema, prefix = ''): OptionRow[] {
  const { shape } = describe(schema)
  switch (shape.kind) {
    case 'object':
      return Object.entries(shape.entries).flatMap(([key, entry]) => {
        const path = prefix === '' ? key : `${prefix}.${key}`
        return [rowOf(path, entry), ...optionRows(entry, path)]
      })
    case 'record':
      return optionRows(shape.value, `${prefix}.*`)
    case 'list':
      return optionRows(shape.item, `${prefix}[]`)
    case 'union':
      return once(shape.options.flatMap((option) => optionRows(option, prefix)))
    case 'variant':
      return variantRows(shape.key, shape.options, prefix)
    case 'scalar':
      return []
  }
}

/** A row of the table of options. */
export function cellsOf({
  path,
  type,
  required,
  default: fallback,
  description,
}: OptionRow): string[] {
  return [`\`${path}\``, type, required ? 'required' : fallback, description]
}

/** Alternatives of which there are more have a page of their own. */
const alternativesMax = 8

/** The options of the collector that a schema refuses by name, each once. */
export function unsupportedOptions(schema: Schema, prefix = ''): string[] {
  const { shape, unsupported } = describe(schema)
  const below = (key: string) => (prefix === '' ? key : `${prefix}.${key}`)
  const own = unsupported.map(below)
  switch (shape.kind) {
    case 'object':
      for (const [key, entry] of Object.entries(shape.entries)) {
        own.push(...unsupportedOptions(entry, below(key)))
      }
      return own
    case 'record':
      return unsupportedOptions(shape.value, below('*'))
    case 'list':
      return unsupportedOptions(shape.item, `${prefix}[]`)
    case 'union':
    case 'variant':
      if (shape.options.length > alternativesMax) return []
      return [...new Set(shape.options.flatMap((option) => unsupportedOptions(option, prefix)))]
    case 'scalar':
      return []
  }
}

/** Options that only some of the alternatives have say of which they are. */
function variantRows(key: string, options: readonly Schema[], prefix: string): OptionRow[] {
  const path = `${prefix}.${key}`
  if (options.length > alternativesMax) {
    const description = 'Which [operator](../operators.md) it is; the other options depend on it.'
    return [{ path, type: 'string', default: '', required: true, description }]
  }
  const tags: string[] = []
  const owners = new Map<string, { readonly row: OptionRow; readonly tags: string[] }>()
  for (const rows of options.map((option) => optionRows(option, prefix))) {
    const tag = rows.find((row) => row.path === path)?.type ?? ''
    tags.push(tag)
    for (const row of rows) {
      if (row.path === path) continue
      const id = JSON.stringify(row)
      const owner = owners.get(id)
      if (owner === undefined) owners.set(id, { row, tags: [tag] })
      else owner.tags.push(tag)
    }
  }
  const description = 'Which of these it is; the other options depend on it.'
  const chooser: OptionRow = {
    path,
    type: tags.join(', '),
    default: '',
    required: true,
    description,
  }
  const others = [...owners.values()].map(({ row, tags: own }) => {
    if (own.length === options.length) return row
    // The shorter of the two lists is the one that can be read.
    const rest = tags.filter((tag) => !own.includes(tag))
    const whose =
      rest.length < own.length ? `Not of ${rest.join(', ')}.` : `Only of ${own.join(', ')}.`
    return { ...row, description: `${row.description} ${whose}`.trim() }
  })
  return [chooser, ...others]
}

/** Alternatives share options. */
function once(rows: readonly OptionRow[]): OptionRow[] {
  return [...new Map(rows.map((row) => [JSON.stringify(row), row])).values()]
}

function rowOf(path: string, schema: Schema): OptionRow {
  const described = describe(schema)
  return {
    path,
    type: typeOf(schema),
    default: defaultText(described.default),
    required: !described.optional,
    description: described.description ?? '',
  }
}

function defaultText(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value === '' ? '`""`' : `\`${value}\``
  return `\`${JSON.stringify(value)}\``
}

/** What a person writes there: `duration`, `integer ≥ 1`, `"gzip" or "none"`, `list of string`. */
export function typeOf(schema: Schema): string {
  const { shape, scalar, inner } = describe(schema)
  if (scalar !== undefined) return scalar === 'byte_size' ? 'size' : scalar
  switch (shape.kind) {
    case 'object':
      return 'map'
    case 'record':
      return `map of ${typeOf(shape.value)}`
    case 'list':
      return `list of ${typeOf(shape.item)}`
    case 'union':
      return [...new Set(shape.options.map(typeOf))].join(' or ')
    case 'variant':
      return 'map'
    case 'scalar':
      return leafText(inner)
  }
}

function leafText(schema: Schema): string {
  const parts = pipeOf(schema)
  const choice = parts.find(({ options }) => options !== undefined)?.options
  if (choice !== undefined)
    return choice.map((option) => `\`${JSON.stringify(option)}\``).join(', ')
  const [first] = parts
  if (first?.type === 'literal') return `\`${JSON.stringify(first.literal)}\``
  if (schema.type === 'unknown' || schema.type === 'any') return 'any value'
  const base = parts.some(({ type }) => type === 'integer') ? 'integer' : schema.type
  const limit = (type: string) => parts.find((part) => part.type === type)?.requirement
  const [least, most] = [limit('min_value'), limit('max_value')]
  const bounds = [
    least === undefined ? '' : `≥ ${least}`,
    most === undefined || most === Number.MAX_SAFE_INTEGER ? '' : `≤ ${most}`,
  ]
  return [base, ...bounds].filter((part) => part !== '').join(' ')
}
