import { templateExpr } from '../operators/expr/template.ts'
import type { LineOptions } from './schema.ts'

/*
 * Values of `attributes` and `resource` may hold expressions, as in the collector: `EXPR(env("POD"))`, `pod-EXPR(body)`.
 * They are worked out for each record, by `add` operators in front of those of the user. Plain values are not, so that
 * records without operators keep the short way from bytes to bytes.
 */

/** The options with their templates as operators. */
export function withTemplates<O extends LineOptions>(options: O): O {
  const attributes = split('attributes', options.attributes)
  const resource = split('resource', options.resource)
  const adds = [...attributes.adds, ...resource.adds]
  if (adds.length === 0) return options
  return {
    ...options,
    attributes: attributes.plain,
    resource: resource.plain,
    operators: [...adds, ...options.operators],
  }
}

type Adds = LineOptions['operators']

function split(
  root: 'attributes' | 'resource',
  values: Readonly<Record<string, string>>,
): { plain: Record<string, string>; adds: Adds } {
  const plain: Record<string, string> = {}
  const adds: Adds = []
  for (const [key, value] of Object.entries(values)) {
    const expr = templateExpr(value)
    if (expr === undefined) {
      plain[key] = value
      continue
    }
    const field = `${root}[${JSON.stringify(key)}]`
    adds.push({ type: 'add', id: field, on_error: 'send', field, value: `EXPR(${expr})` })
  }
  return { plain, adds }
}
