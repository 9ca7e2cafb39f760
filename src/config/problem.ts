import type { ConfigProblem } from '../errors/config-problem.ts'
import type { Path } from './node.ts'
import { type Origin, placeOf } from './source.ts'

export function problemAt(
  origin: Origin | undefined,
  path: Path,
  message: string,
  suggestion?: string,
): ConfigProblem {
  return {
    path,
    message,
    ...(suggestion === undefined ? {} : { suggestion }),
    ...(origin === undefined ? {} : { place: placeOf(origin) }),
  }
}

/** `exporters.otlp.headers`, `service.pipelines.logs.receivers[0]`. */
export function formatPath(path: Path): string {
  let text = ''
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`
    else text += text === '' ? key : `.${key}`
  }
  return text
}
