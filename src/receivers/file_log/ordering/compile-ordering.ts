import { compileTimeFormat } from '../../../operators/time.ts'
import { compilePattern } from '../../../regex/pattern.ts'
import type { OrderingSettings, OrderRule } from '../../../tail/ordering.ts'
import type { OrderingConfig } from './schema.ts'

export function compileOrdering(config: OrderingConfig): OrderingSettings {
  const { regex, group_by: groupBy, top_n: topCount, sort_by: sortBy } = config
  return {
    pattern: regex === undefined ? undefined : compilePattern(regex),
    groupBy: groupBy === undefined ? undefined : compilePattern(groupBy),
    topCount,
    rules: sortBy.map(
      (rule): OrderRule => ({
        key: rule.sort_type === 'mtime' ? undefined : rule.regex_key,
        ascending: rule.ascending,
        value: reader(rule),
      }),
    ),
  }
}

function reader(rule: OrderingConfig['sort_by'][number]): OrderRule['value'] {
  if (rule.sort_type === 'numeric') {
    return (text) => (/^\d+$/.test(text) ? BigInt(text) : undefined)
  }
  if (rule.sort_type !== 'timestamp') return (text) => text
  const format = compileTimeFormat('strptime', rule.layout ?? '', rule.location)
  return (text) => format.read(text, 0)
}
