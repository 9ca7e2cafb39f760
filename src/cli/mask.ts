import type { ConfiguredService } from '../component/configured.ts'
import { compileMasking, type Masking } from '../masking/compile.ts'
import type { Sighting } from '../masking/examiner.ts'
import { PathFilter } from '../masking/path-filter.ts'
import type { MaskConfig } from '../masking/schema.ts'
import type { Arguments } from './arguments.ts'
import { checkConfig } from './check-config.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { Io } from './io.ts'

/**
 * `remora mask`: standard input, line by line, as the `mask` processors of a configuration would leave it as log bodies, paths and limits included. What was found
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
  for await (const line of linesOf(io.stdin ?? process.stdin)) {
    number++
    const explain = args.explain
      ? (text: string) => io.stderr(`line ${number}, ${text}\n`)
      : undefined
    const masked = maskLine(line, maskings, explain)
    if (masked === undefined) dropped++
    else io.stdout(masked.toString('utf8'))
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

const newline = 10

/** Lines with what ends them, which the last may lack. Only a line feed ends one: a carriage return may stand in a message. */
async function* linesOf(input: NodeJS.ReadableStream): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk)
    let from = 0
    for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, from)) {
      const end = bytes.subarray(from, at + 1)
      from = at + 1
      if (parts.length === 0) yield end
      else yield Buffer.concat([...parts, end])
      parts = []
    }
    if (from < bytes.length) parts.push(bytes.subarray(from))
  }
  if (parts.length > 0) yield Buffer.concat(parts)
}

/** Undefined where the record, or its body, would be dropped. */
function maskLine(
  line: Buffer,
  maskings: readonly Masking[],
  explain: ((text: string) => void) | undefined,
): Buffer | undefined {
  const end = line.at(-1) === newline ? line.length - 1 : line.length
  let text: Uint8Array = line.subarray(0, end)
  for (const { examiner, masker } of maskings) {
    // What is found in a text and in what it reads like without its escapes is told once.
    const told = new Set<string>()
    examiner.onSighting =
      explain === undefined
        ? undefined
        : (sighting) => {
            const account = accountOf(sighting)
            if (!told.has(account)) explain(account)
            told.add(account)
          }
    const masked = masker.maskBody(text)
    if (masked === undefined) return undefined
    text = masked
  }
  return Buffer.concat([text, line.subarray(end)])
}

/** `bytes 4 to 9: email, …`; inside of JSON they are those of the string at a path. */
function accountOf({ rule, path, start, end, confidence }: Sighting): string {
  const { detector, action } = rule
  const place = path === 'body' ? '' : `${path}, `
  return `${place}bytes ${start + 1} to ${end}: ${detector.name}, confidence ${confidence}, ${action}. ${detector.summary}`
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
