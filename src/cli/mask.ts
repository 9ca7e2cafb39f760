import type { Configured } from '../component/configured.ts'
import type { ProcessorDefinition } from '../component/define.ts'
import { compileMasking, type Masking } from '../masking/compile.ts'
import type { Sighting } from '../masking/examiner.ts'
import { PathFilter } from '../masking/path-filter.ts'
import type { MaskConfig } from '../masking/schema.ts'
import { redactText } from '../processors/redaction/redact-text.ts'
import { Redactor } from '../processors/redaction/redactor.ts'
import { Rules } from '../processors/redaction/rules.ts'
import type { RedactionConfig } from '../processors/redaction/schema.ts'
import type { Arguments } from './arguments.ts'
import { checkConfig } from './check-config.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { Io } from './io.ts'

/**
 * `remora mask`: standard input, line by line, as the `mask` and `redaction` processors of a configuration would leave it as log
 * bodies, paths and limits included. What was found goes to stderr: counts, or with `--explain` each finding and why. The found
 * text itself is never printed, and bytes that are no UTF-8 stay what they are.
 */
export async function mask(args: Arguments, io: Io): Promise<ExitCode> {
  const { loaded, plan, problemText, warningText } = await checkConfig(args, io)
  io.stderr(warningText)
  if (plan === undefined || loaded.service === undefined) {
    io.stderr(problemText)
    return exitCodes.failed.code
  }
  const processors = [...loaded.service.processors.values()].filter(
    ({ definition }) => definition.masks === true,
  )
  if (processors.length === 0) {
    io.stderr('the configuration has no mask or redaction processor\n')
    return exitCodes.failed.code
  }
  const steps = processors
    .map((processor) => stepOf(processor, io))
    .filter((step) => step !== undefined)
  let number = 0
  let dropped = 0
  for await (const line of linesOf(io.stdin ?? process.stdin)) {
    number++
    const explain = args.explain
      ? (text: string) => io.stderr(`line ${number}, ${text}\n`)
      : undefined
    const masked = maskLine(line, steps, explain)
    if (masked === undefined) dropped++
    else io.stdout(masked)
  }
  const found = steps.map((step) => step.summary(args.explain === true)).join('')
  io.stderr(found === '' ? 'nothing found\n' : found)
  if (dropped > 0) io.stderr(`${dropped} of ${number} ${number === 1 ? 'line' : 'lines'} dropped\n`)
  return exitCodes.ok.code
}

type Explain = (text: string) => void

/** One processor, as it treats the body of a log record. */
interface Step {
  /** Undefined where the record, or its body, would be dropped. */
  leave(text: Uint8Array, explain: Explain | undefined): Uint8Array | undefined
  /** What was found, a line each; with why, if the findings were explained. */
  summary(why: boolean): string
}

/** Undefined where the processor leaves bodies as they are. */
function stepOf(
  { id, definition, config }: Configured<ProcessorDefinition>,
  io: Io,
): Step | undefined {
  if (definition.type === 'redaction') return redactionStep(id, config as RedactionConfig)
  const options = config as MaskConfig
  if (new PathFilter(options.include, options.exclude).allows('body')) {
    return maskStep(compileMasking(options))
  }
  io.stderr(`"${id}" leaves the bodies of log records as they are: see its include and exclude\n`)
  return undefined
}

function maskStep({ examiner, masker }: Masking): Step {
  return {
    leave: (text, explain) => {
      // What is found in a text and in what it reads like without its escapes is told once.
      const told = new Set<string>()
      examiner.onSighting =
        explain &&
        ((sighting) => {
          const account = accountOf(sighting)
          if (!told.has(account)) explain(account)
          told.add(account)
        })
      return masker.maskBody(text)
    },
    summary: (why) =>
      examiner.rules
        .map(({ detector }, index) => ({ detector, count: examiner.counts[index] as number }))
        .filter(({ count }) => count > 0)
        .map(({ detector, count }) => {
          const reason = why ? `. ${detector.summary}` : ''
          return `${detector.name}: ${count}${reason}\n`
        })
        .join(''),
  }
}

/** Its rules count nothing: a line is told that they change. */
function redactionStep(id: string, config: RedactionConfig): Step {
  const redactor = new Redactor('logs', new Rules(config), 'silent')
  let changed = 0
  return {
    leave: (text, explain) => {
      const left = redactText(redactor, text)
      if (left === text) return text
      changed++
      explain?.(`changed by the rules of "${id}"`)
      return left
    },
    summary: () =>
      changed === 0 ? '' : `${id}: ${changed} ${changed === 1 ? 'line' : 'lines'} changed\n`,
  }
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

function maskLine(
  line: Buffer,
  steps: readonly Step[],
  explain: Explain | undefined,
): Buffer | undefined {
  const end = line.at(-1) === newline ? line.length - 1 : line.length
  let text: Uint8Array = line.subarray(0, end)
  for (const step of steps) {
    const left = step.leave(text, explain)
    if (left === undefined) return undefined
    text = left
  }
  return Buffer.concat([text, line.subarray(end)])
}

/** `bytes 4 to 9: email, …`; inside of JSON they are those of the string at a path. */
function accountOf({ rule, path, start, end, confidence }: Sighting): string {
  const { detector, action } = rule
  const place = path === 'body' ? '' : `${path}, `
  return `${place}bytes ${start + 1} to ${end}: ${detector.name}, confidence ${confidence}, ${action}`
}
