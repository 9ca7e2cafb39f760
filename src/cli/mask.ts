import { createInterface } from 'node:readline'
import type { ConfiguredService } from '../component/configured.ts'
import { compileMasking, type Masking } from '../masking/compile.ts'
import { verdict } from '../masking/examiner.ts'
import { PathFilter } from '../masking/path-filter.ts'
import type { MaskConfig } from '../masking/schema.ts'
import type { Arguments } from './arguments.ts'
import { checkConfig } from './check-config.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { Io } from './io.ts'

/**
 * `remora mask`: standard input, line by line, as the `mask` processors of a configuration would leave it as log bodies. What was found
 * goes to stderr: counts, or with `--explain` each finding and why. The found text itself is never printed.
 */
export async function mask(args: Arguments, io: Io): Promise<ExitCode> {
  const { loaded, plan, problemText, warningText } = await checkConfig(args, io)
  io.stderr(warningText)
  if (plan === undefined || loaded.service === undefined) {
    io.stderr(problemText)
    return exitCodes.failed.code
  }
  const processors = maskProcessors(loaded.service)
  if (processors.length === 0) {
    io.stderr('the configuration has no mask processor\n')
    return exitCodes.failed.code
  }
  const maskings: Masking[] = []
  for (const { id, config } of processors) {
    if (new PathFilter(config.include, config.exclude).allows('body')) {
      maskings.push(compileMasking(config))
    } else {
      io.stderr(
        `"${id}" leaves the bodies of log records as they are: see its include and exclude\n`,
      )
    }
  }
  let number = 0
  let dropped = 0
  const input = io.stdin ?? process.stdin
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++
    const explain = args.explain
      ? (text: string) => io.stderr(`line ${number}, ${text}\n`)
      : undefined
    const masked = maskLine(line, maskings, explain)
    if (masked === undefined) dropped++
    else io.stdout(`${masked}\n`)
  }
  io.stderr(summarise(maskings))
  if (dropped > 0) io.stderr(`${dropped} of ${number} ${number === 1 ? 'line' : 'lines'} dropped\n`)
  return exitCodes.ok.code
}

function maskProcessors(service: ConfiguredService): { id: string; config: MaskConfig }[] {
  return [...service.processors.values()]
    .filter(({ definition }) => definition.type === 'mask')
    .map(({ id, config }) => ({ id, config: config as MaskConfig }))
}

/** Undefined where the record, or its body, would be dropped. */
function maskLine(
  line: string,
  maskings: readonly Masking[],
  explain: ((text: string) => void) | undefined,
): string | undefined {
  let bytes = Buffer.from(line)
  for (const { examiner, prefilter } of maskings) {
    if (prefilter.hits(bytes) === 0) continue
    examiner.onSighting =
      explain === undefined
        ? undefined
        : ({ rule: { detector, action }, start, end, confidence }) =>
            explain(
              `bytes ${start + 1} to ${end}: ${detector.name}, confidence ${confidence}, ${action}. ${detector.summary}`,
            )
    const result = examiner.examine(bytes.toString('latin1'), '', -1, false, 'body')
    if (result === verdict.drop || result === verdict.dropRecord) return undefined
    if (result === verdict.replaced) bytes = Buffer.from(examiner.replacement, 'latin1')
  }
  return bytes.toString('utf8')
}

function summarise(maskings: readonly Masking[]): string {
  const lines = maskings.flatMap(({ examiner: { rules, counts } }) =>
    rules.flatMap(({ detector }, index) => {
      const count = counts[index] as number
      return count === 0 ? [] : [`${detector.name}: ${count}\n`]
    }),
  )
  return lines.length === 0 ? 'nothing found\n' : lines.join('')
}
