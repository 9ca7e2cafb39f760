/**
 * The ways between operators: who gets what comes out of whom.
 *
 * Without `output` an operator leads to the one below it, the last one out of the list. An operator is named by its `id`; one
 * without has its type as name, and a number behind it where there are several (`move`, `move1`, `move2`).
 */
export interface Linked {
  readonly type: string
  readonly id?: string | undefined
  readonly output?: string | readonly string[] | undefined
  readonly routes?: readonly { readonly output: string | readonly string[] }[] | undefined
  readonly default?: string | readonly string[] | undefined
}

export interface Links {
  readonly name: string
  readonly outputs: readonly number[]
  readonly routes: readonly (readonly number[])[]
}

/** Indexes of operators, or the number of them for the way out. Throws an Error for a person. */
export function planOperators(operators: readonly Linked[]): readonly Links[] {
  const names = nameOperators(operators)
  const find = (output: string | readonly string[]): number[] =>
    [output].flat().map((name) => {
      const index = names.indexOf(name.replace(/^\$\./, ''))
      if (index < 0) throw new Error(`no operator has the id "${name}"`)
      return index
    })
  const links = operators.map((operator, index): Links => {
    const next = index + 1
    const routes = [...(operator.routes ?? []).map(({ output }) => output), operator.default]
    return {
      name: names[index] as string,
      outputs: operator.output === undefined ? [next] : find(operator.output),
      routes:
        operator.routes === undefined
          ? []
          : routes.flatMap((output) => (output === undefined ? [] : [find(output)])),
    }
  })
  refuseCycles(operators, links)
  return links
}

/** What is wrong, or undefined. */
export function findPlanProblem(operators: readonly Linked[]): string | undefined {
  try {
    planOperators(operators)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

function nameOperators(operators: readonly Linked[]): string[] {
  const given = new Set<string>()
  for (const { id } of operators) {
    if (id === undefined) continue
    if (given.has(id)) throw new Error(`two operators have the id "${id}"`)
    given.add(id)
  }
  const taken = new Set(given)
  return operators.map(({ id, type }) => {
    if (id !== undefined) return id
    let name = type
    for (let number = 1; taken.has(name); number++) name = `${type}${number}`
    taken.add(name)
    return name
  })
}

function refuseCycles(operators: readonly Linked[], links: readonly Links[]): void {
  const state = new Array<'open' | 'done' | undefined>(links.length)
  const visit = (index: number): void => {
    const link = links[index]
    if (link === undefined || state[index] === 'done') return
    if (state[index] === 'open')
      throw new Error(`the outputs go round in a circle at "${link.name}"`)
    state[index] = 'open'
    const routed = operators[index]?.routes !== undefined
    for (const target of routed ? link.routes.flat() : link.outputs) visit(target)
    state[index] = 'done'
  }
  for (const index of links.keys()) visit(index)
}
