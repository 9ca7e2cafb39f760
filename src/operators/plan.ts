import { suggestion } from '../errors/suggest.ts'

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

/** What is wrong with the ways, and where: an operator by its index, then the option. */
export interface LinkProblem {
  readonly path: readonly [operator: number, ...option: (string | number)[]]
  readonly message: string
}

/** Where an operator says that others come next. */
interface Output {
  readonly at: LinkProblem['path']
  readonly names: string | readonly string[] | undefined
}

/** Indexes of operators, or the number of them for the way out. Of operators in which `findLinkProblems` finds nothing. */
export function planOperators(operators: readonly Linked[]): readonly Links[] {
  const names = nameOperators(operators)
  return operators.map((operator, index): Links => {
    const ways = outputsOf(operator, index).map(({ names: to }) => targetsOf(to, names, index + 1))
    const routed = operator.routes !== undefined
    return {
      name: names[index] as string,
      outputs: routed ? [index + 1] : (ways[0] as number[]),
      routes: routed ? ways : [],
    }
  })
}

/** All that is wrong with the names of operators and the ways between them. */
export function findLinkProblems(operators: readonly Linked[]): readonly LinkProblem[] {
  const problems = [...twice(operators)]
  const names = nameOperators(operators)
  const known = new Set(names)
  for (const [index, operator] of operators.entries()) {
    for (const { at, names: to = [] } of outputsOf(operator, index)) {
      for (const [place, name] of [to].flat().entries()) {
        if (known.has(idOf(name))) continue
        const path: LinkProblem['path'] = Array.isArray(to) ? [...at, place] : at
        const hint = suggestion(idOf(name), known)
        const message = `no operator has the id "${name}"${hint === undefined ? '' : `; ${hint}`}`
        problems.push({ path, message })
      }
    }
  }
  return [...problems, ...circles(operators, names)]
}

function* twice(operators: readonly Linked[]): Iterable<LinkProblem> {
  const given = new Set<string>()
  for (const [index, { id }] of operators.entries()) {
    if (id === undefined) continue
    if (given.has(id)) yield { path: [index, 'id'], message: `two operators have the id "${id}"` }
    given.add(id)
  }
}

/** Those of a router are its routes, the default last. */
function outputsOf({ output, routes, default: rest }: Linked, index: number): readonly Output[] {
  if (routes === undefined) return [{ at: [index, 'output'], names: output }]
  const ways = routes.map(
    (route, at): Output => ({ at: [index, 'routes', at, 'output'], names: route.output }),
  )
  return rest === undefined ? ways : [...ways, { at: [index, 'default'], names: rest }]
}

function targetsOf(to: Output['names'], names: readonly string[], next: number): number[] {
  if (to === undefined) return [next]
  return [to].flat().map((name) => names.indexOf(idOf(name)))
}

/** As the collector writes it in some places: `$.name`. */
function idOf(name: string): string {
  return name.replace(/^\$\./, '')
}

function nameOperators(operators: readonly Linked[]): string[] {
  const taken = new Set(operators.flatMap(({ id }) => (id === undefined ? [] : [id])))
  return operators.map(({ id, type }) => {
    if (id !== undefined) return id
    let name = type
    for (let number = 1; taken.has(name); number++) name = `${type}${number}`
    taken.add(name)
    return name
  })
}

/** Each circle once, where it closes. */
function circles(operators: readonly Linked[], names: readonly string[]): LinkProblem[] {
  const problems: LinkProblem[] = []
  const state = new Array<'open' | 'done' | undefined>(operators.length)
  const visit = (index: number): void => {
    const operator = operators[index]
    if (operator === undefined) return
    state[index] = 'open'
    for (const { at, names: to } of outputsOf(operator, index)) {
      for (const target of targetsOf(to, names, index + 1)) {
        if (state[target] === 'open') {
          const message = `the outputs go round in a circle, back to "${names[target]}"`
          problems.push({ path: at, message })
        } else if (state[target] === undefined) visit(target)
      }
    }
    state[index] = 'done'
  }
  for (const index of operators.keys()) if (state[index] === undefined) visit(index)
  return problems
}
