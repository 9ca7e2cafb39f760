import type { AnyValue, KeyValue } from '../../wire/otlp/any-view.ts'
import { maskWhole } from './masking-patterns.ts'
import { fate, type Rules } from './rules.ts'
import type { Summary } from './summary.ts'
import { textOf } from './value-text.ts'

/** How a body is looked at: `bits` are those of the blocked values that may be in it. */
export interface Look {
  readonly rules: Rules
  readonly summary: Summary
  readonly bits: number
}

/**
 * The body with the rules applied at every depth, or the same object where nothing changed. Keys of the summary are paths:
 * `user.email`, `[0].token`; of a body that is no map or list, `body`.
 */
export function redactBody(body: AnyValue, look: Look): AnyValue {
  if (body.kind === 'map') return redactMap(body, '', look)
  if (body.kind === 'array') return redactList(body, '', look)
  // The collector tells nothing of an allowed value that is the whole body.
  return look.rules.allowsValue(textOf(body)) ? body : redactScalar(body, 'body', look)
}

function redactValue(value: AnyValue, path: string, look: Look): AnyValue {
  if (value.kind === 'map') return redactMap(value, `${path}.`, look)
  if (value.kind === 'array') return redactList(value, `${path}.`, look)
  return redactScalar(value, path, look)
}

type MapValue = Extract<AnyValue, { kind: 'map' }>
type ListValue = Extract<AnyValue, { kind: 'array' }>

function redactMap(map: MapValue, base: string, look: Look): AnyValue {
  let changed = false
  const pairs: KeyValue[] = []
  const removed: string[] = []
  for (const pair of map.value) {
    const path = `${base}${pair.key}`
    const decided = look.rules.fateOf(pair.key)
    if (decided === fate.remove) {
      removed.push(path)
      changed = true
      continue
    }
    if (decided === fate.ignore) look.summary.ignored++
    const value =
      decided === fate.ignore
        ? pair.value
        : decided === fate.mask
          ? masked(pair.value, path, look)
          : redactValue(pair.value ?? empty, path, look)
    if (value === (pair.value ?? empty) || value === pair.value) pairs.push(pair)
    else {
      pairs.push({ ...pair, value })
      changed = true
    }
  }
  look.summary.removed.push(...removed)
  return changed ? { ...map, value: pairs } : map
}

const empty: AnyValue = { kind: 'empty' }

/** Only a string has a text here: numbers, maps and lists become the mask of the empty one. */
function masked(value: AnyValue | undefined, path: string, look: Look): AnyValue {
  look.summary.masked.push(path)
  const text = value?.kind === 'string' ? value.value : ''
  return { kind: 'string', value: maskWhole(text, look.rules.replace) }
}

function redactList(list: ListValue, base: string, look: Look): AnyValue {
  const values = list.value.map((value, index) => redactValue(value, `${base}[${index}]`, look))
  const changed = values.some((value, index) => value !== list.value[index])
  return changed ? { ...list, value: values } : list
}

function redactScalar(value: AnyValue, path: string, look: Look): AnyValue {
  const text = textOf(value)
  if (look.rules.allowsValue(text)) {
    look.summary.allowed.push(path)
    return value
  }
  const examined = look.rules.examineBody(text, look.bits)
  if (examined === text) return value
  look.summary.masked.push(path)
  return { kind: 'string', value: examined }
}
