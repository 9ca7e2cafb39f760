import { toPlain } from '../config/node.ts'
import { resolvePlainScalar } from '../config/scalar.ts'
import { redact, withTexts } from '../config/secrets.ts'
import type { Arguments } from './arguments.ts'
import { checkConfig } from './check-config.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { Io } from './io.ts'

/**
 * `remora print-config`: the configuration as remora understands it. Only one without problems is shown redacted:
 * in any other, a secret could stand behind an option that no schema knows.
 */
export async function printConfig(args: Arguments, io: Io): Promise<ExitCode> {
  const { loaded, problems, problemText } = await checkConfig(args, io)
  if (problems.length > 0) io.stderr(problemText)
  const { document, registry } = loaded
  const readable = document !== undefined && (args.mode === 'unredacted' || problems.length === 0)
  if (readable) {
    const shown = args.mode === 'unredacted' ? document : redact(document, registry)
    const plain = toPlain(withTexts(shown, registry))
    io.stdout(args.format === 'json' ? toJson(plain) : await toYaml(plain))
  }
  return problems.length > 0 ? exitCodes.failed.code : exitCodes.ok.code
}

/** A `$` that would be read as a reference or an escape is doubled, so that the output means the same when read. */
function escapeDollars(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll(/\$(?=[${])/g, '$$$$') : value
}

function toJson(plain: unknown): string {
  return `${JSON.stringify(plain, escapeDollars, 2)}\n`
}

async function toYaml(plain: unknown): Promise<string> {
  // `default`, because esbuild gives a CommonJS package that is loaded on demand no other names.
  const { Document, visit } = (await import('yaml')).default
  const document = new Document(JSON.parse(toJson(plain)), { aliasDuplicateObjects: false })
  visit(document, {
    Scalar(_key, node) {
      const { value } = node
      // Texts that another reader, ours and the collector's, would take for a number.
      if (typeof value === 'string' && resolvePlainScalar(value) !== value) {
        node.type = 'QUOTE_DOUBLE'
      }
    },
  })
  return document.toString({ lineWidth: 0, nullStr: '' })
}
