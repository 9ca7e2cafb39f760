import type { Loaded } from '../config/load.ts'
import { originAt } from '../config/node.ts'
import { problemAt } from '../config/problem.ts'
import { walkComponents } from '../config/secrets.ts'
import { isExistingFile } from '../config/shape.ts'
import type { ConfigProblem } from '../errors/config-problem.ts'
import type { Io } from './io.ts'

/** Files that used components need at the start, e.g. certificates, and that cannot be read. */
export function missingFiles(
  { document, service, registry }: Loaded,
  { readFile }: Pick<Io, 'readFile'>,
): ConfigProblem[] {
  if (document === undefined || service === undefined) return []
  const used: Readonly<Record<string, readonly string[]>> = {
    receivers: service.pipelines.flatMap((pipeline) => pipeline.receivers),
    processors: service.pipelines.flatMap((pipeline) => pipeline.processors),
    exporters: service.pipelines.flatMap((pipeline) => pipeline.exporters),
    extensions: service.enabledExtensions,
  }
  const problems: ConfigProblem[] = []
  walkComponents(document, registry, (schema, node, path) => {
    const [section, id] = path as [string, string]
    if (!isExistingFile(schema) || node.kind !== 'scalar' || node.text === '') return
    if (!(used[section] ?? []).includes(id)) return
    const reason = whyUnreadable(node.text, readFile)
    if (reason === undefined) return
    const message = `cannot read "${node.text}": ${reason}`
    problems.push(problemAt(originAt(document, path, 'value'), path, message))
  })
  return problems
}

/** Undefined also for a file whose content is no text: what it must hold is its reader's to say. */
function whyUnreadable(path: string, readFile: Io['readFile']): string | undefined {
  try {
    readFile(path)
    return undefined
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const { code } = (error.cause ?? {}) as NodeJS.ErrnoException
    return code?.startsWith('E') && !code.startsWith('ERR_') ? error.message : undefined
  }
}
