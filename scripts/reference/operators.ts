import { describe, type Schema } from '../../src/config/shape.ts'
import { operators } from '../../src/operators/schema.ts'
import { list, table } from './markdown.ts'
import { cellsOf, type OptionRow, optionRows, unsupportedOptions } from './options.ts'

const introduction = `Operators of the receivers [file_log](receivers/file_log.md), [stdin](receivers/stdin.md),
[application](receivers/application.md) and [exec](receivers/exec.md): what becomes of each record, one after the other. They
are those of the OpenTelemetry Collector; what differs stands on the page of file_log, with the expressions that \`if\` and
\`expr\` may use.

    operators:
      - type: json_parser
        timestamp: {parse_from: attributes.time, layout: '%Y-%m-%dT%H:%M:%S.%LZ'}
      - type: filter
        expr: attributes.path == "/healthz"

Fields are written \`body\`, \`attributes.user\`, \`attributes["user.name"]\` or \`resource.pod\`. \`remora tail FILE --config remora.yaml\`
shows what the operators make of a file.`

/** An option that so many operators have is told once. */
const sharedBy = 4

/** The page about operators: what several have, then each with its own. */
export function operatorSections(): string[] {
  const { shape } = describe(operators)
  const item = shape.kind === 'list' ? describe(shape.item).shape : shape
  const schemas: readonly Schema[] = item.kind === 'variant' ? item.options : []
  const all = schemas.map((schema) => ({ schema, rows: optionRows(schema) }))
  const owners = new Map<string, { row: OptionRow; types: string[] }>()
  for (const { rows } of all) {
    for (const row of rows) {
      const owner = owners.get(JSON.stringify(row)) ?? { row, types: [] }
      owner.types.push(typeOf(rows))
      owners.set(JSON.stringify(row), owner)
    }
  }
  const isShared = (row: OptionRow): boolean =>
    (owners.get(JSON.stringify(row))?.types.length ?? 0) >= sharedBy
  const parts = ['# Operators', introduction, '## Options of several']
  for (const group of Map.groupBy(
    [...owners.values()].filter(({ row }) => isShared(row)),
    ({ types }) =>
      whose(
        types,
        all.map(({ rows }) => typeOf(rows)),
      ),
  )) {
    const [who, shared] = group
    parts.push(`${who}:`, optionTable(shared.map(({ row }) => row)))
  }
  for (const { schema, rows } of all) {
    const own = rows.filter((row) => row.path !== 'type' && !isShared(row))
    parts.push(`## ${typeOf(rows)}`)
    parts.push(own.length === 0 ? 'No options of its own.' : optionTable(own))
    const refused = unsupportedOptions(schema)
    if (refused.length > 0)
      parts.push(`Options of the collector that remora refuses: ${list(refused)}.`)
  }
  return parts
}

function optionTable(rows: readonly OptionRow[]): string {
  return table(['option', 'type', 'default', 'what it does'], rows.map(cellsOf))
}

/** The name of an operator: all that its `type` may be. */
function typeOf(rows: readonly OptionRow[]): string {
  return rows.find(({ path }) => path === 'type')?.type.replaceAll(/[`"]/g, '') ?? ''
}

function whose(types: readonly string[], all: readonly string[]): string {
  if (types.length === all.length) return 'Of all'
  const others = all.filter((type) => !types.includes(type))
  return others.length < types.length ? `Of all but ${list(others)}` : `Of ${list(types)}`
}
