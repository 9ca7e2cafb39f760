import type { AnyValue, KeyValue } from '../../wire/otlp/any-view.ts'
import { maskWhole } from './masking-patterns.ts'
import { fate, type Rules } from './rules.ts'
import type { Summary } from './summary.ts'
import { textOf } from './value-text.ts'

/**
 * The body with the rules applied at every depth, or the same object where nothing changed. Keys of the summary are paths:
 * `user.email`, `[0].token`; of a body that is no map or list, `body`.
 */
export function redactBody(body: AnyValue, rules: Rules, summary: Summary): AnyValue {
  if (body.kind === 'map') return redactMap(body, '', rules, summary)
  if (body.kind === 'array') return redactList(body, '', rules, summary)
  // The collector tells nothing of an allowed value that is the whole body.
  return rules.allowsValue(textOf(body)) ? body : redactScalar(body, 'body', rules, summary)
}

function redactValue(value: AnyValue, path: string, rules: Rules, summary: Summary): AnyValue {
  if (value.kind === 'map') return redactMap(value, `${path}.`, rules, summary)
  if (value.kind === 'array') return redactList(value, `${path}.`, rules, summary)
  return redactScalar(value, path, rules, summary)
}

type MapValue = Extract<AnyValue, { kind: 'map' }>
type ListValue = Extract<AnyValue, { kind: 'array' }>

function redactMap(map: MapValue, base: string, rules: Rules, summary: Summary): AnyValue {
  let changed = false
  const pairs: KeyValue[] = []
  const removed: string[] = []
  for (const pair of map.value) {
    const path = `${base}${pair.key}`
    const decided = rules.fateOf(pair.key)
    if (decided === fate.remove) {
      removed.push(path)
      changed = true
      continue
    }
    if (decided === fate.ignore) summary.ignored++
    const value =
      decided === fate.ignore
        ? pair.value
        : decided === fate.mask
          ? masked(pair.value, path, rules, summary)
          : redactValue(pair.value ?? empty, path, rules, summary)
    if (value === (pair.value ?? empty) || value === pair.value) pairs.push(pair)
    else {
      pairs.push({ ...pair, value })
      changed = true
    }
  }
  summary.removed.push(...removed)
  return changed ? { ...map, value: pairs } : map
}

const empty: AnyValue = { kind: 'empty' }

/** Only a string has a text here: numbers, maps and lists become the mask of the empty one. */
function masked(
  value: AnyValue | undefined,
  path: string,
  rules: Rules,
  summary: Summary,
): AnyValue {
  summary.masked.push(path)
  const text = value?.kind === 'string' ? value.value : ''
  return { kind: 'string', value: maskWhole(text, rules.replace) }
}

function redactList(list: ListValue, base: string, rules: Rules, summary: Summary): AnyValue {
  const values = list.value.map((value, index) =>
    redactValue(value, `${base}[${index}]`, rules, summary),
  )
  const changed = values.some((value, index) => value !== list.value[index])
  return changed ? { ...list, value: values } : list
}

function redactScalar(value: AnyValue, path: string, rules: Rules, summary: Summary): AnyValue {
  const text = textOf(value)
  if (rules.allowsValue(text)) {
    summary.allowed.push(path)
    return value
  }
  const examined = rules.examineBody(text)
  if (examined === text) return value
  summary.masked.push(path)
  return { kind: 'string', value: examined }
}
