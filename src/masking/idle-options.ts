import type { Fault } from '../component/rule.ts'
import type { Action } from './rule.ts'

/** What the list of detectors may say of one of them, as far as it can be at odds. */
interface Listed {
  readonly name: string
  readonly action?: Action | undefined
  readonly template?: string | undefined
  readonly keep_first?: number
  readonly keep_last?: number
  readonly keep_format?: boolean
  readonly enabled?: boolean
}

/** What changes nothing, and whoever wrote it believes that it does: a detector listed twice, options of another action. */
export function idleOptions({
  detectors,
  action,
}: {
  readonly detectors: string | readonly (string | Listed)[]
  readonly action: Action
}): Fault[] {
  if (typeof detectors === 'string') return []
  if (detectors.every((entry) => typeof entry !== 'string' && entry.enabled === false)) {
    return [{ message: 'must leave at least one detector enabled', at: ['detectors'] }]
  }
  const seen = new Set<string>()
  return detectors.flatMap((entry, index) => {
    const listed = typeof entry === 'string' ? { name: entry } : entry
    const at = ['detectors', index]
    const faults = idleHandling(listed, action).map((fault) => ({
      ...fault,
      at: [...at, ...fault.at],
    }))
    if (!seen.has(listed.name)) {
      seen.add(listed.name)
      return faults
    }
    const message = `detector "${listed.name}" is listed twice; put its options into one entry`
    return [{ message, at: typeof entry === 'string' ? at : [...at, 'name'] }, ...faults]
  })
}

/** Options of `mask` beside another action, and a template beside parts of the finding that stay. */
function idleHandling(listed: Listed, actionOfAll: Action): { message: string; at: string[] }[] {
  const { template, keep_first = 0, keep_last = 0, keep_format = false } = listed
  const written = [
    ['template', template !== undefined],
    ['keep_first', keep_first > 0],
    ['keep_last', keep_last > 0],
    ['keep_format', keep_format],
  ] as const
  const given = written.filter(([, isGiven]) => isGiven).map(([name]) => name)
  const action = listed.action ?? actionOfAll
  if (action !== 'mask') {
    return given.map((name) => ({
      message: `has no effect with "action: ${action}"; it is for mask`,
      at: [name],
    }))
  }
  const [first, second] = given
  if (first !== 'template' || second === undefined) return []
  return [
    { message: `has no effect beside ${second}, which leaves no place for it`, at: ['template'] },
  ]
}
