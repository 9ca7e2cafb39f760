import { withPlaces } from '../config/graph-problems.ts'
import { type Loaded, loadConfig } from '../config/load.ts'
import { renderProblems, sortProblems } from '../config/render.ts'
import { secretOrigins } from '../config/secrets.ts'
import type { ConfigProblem } from '../errors/config-problem.ts'
import { type Plan, planGraph } from '../pipeline/plan.ts'
import type { Arguments } from './arguments.ts'
import type { Io } from './io.ts'
import { missingFiles } from './missing-files.ts'

/** More than anybody reads at once; a file of another program has thousands. */
const maxShown = 100

export interface CheckedConfig {
  readonly loaded: Loaded
  /** Undefined if there are problems. */
  readonly plan: Plan | undefined
  /** In the order of the files; those of the graph included. */
  readonly problems: readonly ConfigProblem[]
  /** For stderr; empty if there are none. */
  readonly problemText: string
  readonly warningText: string
}

/** Loads and plans what the command line names; `receiver`: see `LoadOptions`. Nothing is started. */
export async function checkConfig(
  { config, set }: Pick<Arguments, 'config' | 'set'>,
  io: Pick<Io, 'env' | 'readFile' | 'loadRegistry'>,
  receiver?: string,
): Promise<CheckedConfig> {
  const { env, readFile, loadRegistry } = io
  const loaded = await loadConfig({
    sources: config,
    sets: set,
    env,
    readFile,
    loadRegistry,
    ...(receiver === undefined ? {} : { receiver }),
  })
  const planned = loaded.service === undefined ? undefined : planGraph(loaded.service)
  const ofGraph = planned?.ok === false ? withPlaces(loaded, planned.problems) : []
  const missing = missingFiles(loaded, io)
  const problems = sortProblems([...loaded.problems, ...ofGraph, ...missing], loaded.sources)
  const secrets =
    loaded.document === undefined ? [] : secretOrigins(loaded.document, loaded.registry)
  const rendering = { sources: loaded.sources, secrets }
  return {
    loaded,
    plan: planned?.ok === true && problems.length === 0 ? planned.plan : undefined,
    problems,
    problemText:
      problems.length === 0
        ? ''
        : `${renderProblems(problems.slice(0, maxShown), rendering)}${total(problems)}`,
    warningText: renderProblems(
      sortProblems(loaded.warnings, loaded.sources).map(asWarning),
      rendering,
    ),
  }
}

function total({ length }: readonly ConfigProblem[]): string {
  if (length > maxShown)
    return `the configuration has ${length} problems; the first ${maxShown} are shown\n`
  return `the configuration has ${length === 1 ? 'a problem' : `${length} problems`}\n`
}

function asWarning(warning: ConfigProblem): ConfigProblem {
  return { ...warning, message: `warning: ${warning.message}` }
}
