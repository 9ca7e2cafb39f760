import ts from 'typescript'
import type { SourceFile, Violation } from './violation.ts'

/**
 * Calls that are banned from shipped code (src without tests), each with the place that may and what to use instead.
 * Found in the syntax tree, so that comments and strings may speak about them.
 */
interface Ban {
  /** `process.exit` matches a property access, `setTimeout` a plain identifier. */
  readonly names: readonly string[]
  /** Where the ban holds, and where not. */
  readonly inside?: RegExp
  readonly allowed?: RegExp
  readonly instead: string
}

const bans: readonly Ban[] = [
  {
    names: ['process.exit'],
    allowed: /^src\/main\.ts$/,
    instead: 'return an exit code to src/main.ts',
  },
  {
    names: ['Date.now', 'performance.now', 'setTimeout', 'setInterval', 'process.hrtime'],
    allowed: /^src\/component\/clock\.ts$/,
    instead: 'use the injected Clock',
  },
  {
    names: [
      'gunzip',
      'gunzipSync',
      'createGunzip',
      'inflate',
      'inflateSync',
      'createInflate',
      'inflateRaw',
      'inflateRawSync',
      'createInflateRaw',
      'unzip',
      'unzipSync',
      'createUnzip',
      'brotliDecompress',
      'brotliDecompressSync',
      'createBrotliDecompress',
      'zstdDecompress',
      'zstdDecompressSync',
      'createZstdDecompress',
    ],
    allowed: /^src\/net\/decompress\.ts$/,
    instead: 'use src/net/decompress.ts, which caps the output',
  },
  {
    names: ['Buffer.concat', 'JSON.parse'],
    inside: /^src\/wire\//,
    instead: 'wire code walks bytes; join and parse at the edges',
  },
  {
    names: ['console'],
    instead: 'use the Logger of the settings, or process.stdout in the CLI',
  },
]

/** Functions of node:fs that block; only what runs before the start may. */
const blockingFs: Ban = {
  names: [],
  allowed: /^src\/(main\.ts|cli\/|config\/)/,
  instead: 'use node:fs/promises; blocking calls are for start-up (src/main.ts, cli, config)',
}

export function findBanned(file: SourceFile): Violation[] {
  if (!file.path.startsWith('src/') || file.path.endsWith('.test.ts')) return []
  const source = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true)
  const active = bans.filter(
    (ban) => (ban.inside?.test(file.path) ?? true) && !(ban.allowed?.test(file.path) ?? false),
  )
  const found: Violation[] = []
  const report = (node: ts.Node, what: string, instead: string) =>
    found.push({ file: file.path, line: lineOf(source, node), message: `${what}: ${instead}` })

  const visit = (node: ts.Node): void => {
    const name = nameOf(node)
    if (name !== undefined) {
      for (const ban of active) if (ban.names.includes(name)) report(node, name, ban.instead)
    }
    if (blockingCall(node) && !blockingFs.allowed?.test(file.path)) {
      report(node, node.getText(source), blockingFs.instead)
    }
    if (isNowDate(node) && !file.path.endsWith('/clock.ts')) {
      report(node, 'new Date()', 'use the injected Clock')
    }
    if (ts.isCatchClause(node) && node.block.statements.length === 0) {
      report(node, 'empty catch', 'handle the error, or test for the one that is expected')
    }
    if (ts.isImportDeclaration(node) && importsTimers(node)) {
      report(node, 'timers/promises', 'use the injected Clock')
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/**
 * Fields of log lines: snake_case, and `reason` is a code of src/errors/codes.ts. Found at calls of a logger whose
 * fields are written there.
 */
export function findLogFields(file: SourceFile): Violation[] {
  if (!file.path.startsWith('src/') || file.path.endsWith('.test.ts')) return []
  const source = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true)
  const found: Violation[] = []
  const visit = (node: ts.Node): void => {
    for (const property of logFields(node)) {
      const name = property.name?.getText(source) ?? ''
      const line = lineOf(source, property)
      if (/[A-Z]/.test(name)) {
        found.push({ file: file.path, line, message: `log field "${name}": use snake_case` })
      }
      const value = ts.isPropertyAssignment(property) ? property.initializer.getText(source) : ''
      if (name === 'reason' && /message/i.test(value)) {
        const message = 'log field "reason" is a code: put the text into "message"'
        found.push({ file: file.path, line, message })
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/**
 * The message of a log line is one written text: the rate limit counts by it, and people search for it. What varies
 * stands in the fields.
 */
export function findLogMessages(file: SourceFile): Violation[] {
  if (!file.path.startsWith('src/') || file.path.endsWith('.test.ts')) return []
  const source = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true)
  const found: Violation[] = []
  const visit = (node: ts.Node): void => {
    const message = logCall(node)?.arguments[0]
    if (message !== undefined && !ts.isStringLiteral(message)) {
      const text = 'log message is no written text: put what varies into the fields'
      found.push({ file: file.path, line: lineOf(source, message), message: text })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function logCall(node: ts.Node): ts.CallExpression | undefined {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression))
    return undefined
  const { name, expression } = node.expression
  const isLog = /^(debug|info|warn|error)$/.test(name.text) && /logger$/i.test(expression.getText())
  return isLog ? node : undefined
}

function logFields(node: ts.Node): readonly ts.ObjectLiteralElementLike[] {
  const fields = logCall(node)?.arguments[1]
  return fields !== undefined && ts.isObjectLiteralExpression(fields) ? fields.properties : []
}

/** `a.b` for a property access on a name, `a` for a name that is read; undefined for declarations and keys. */
function nameOf(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node)) {
    return ts.isIdentifier(node.expression)
      ? `${node.expression.text}.${node.name.text}`
      : undefined
  }
  if (!ts.isIdentifier(node)) return undefined
  const parent = node.parent
  if (ts.isPropertyAccessExpression(parent))
    return parent.expression === node ? node.text : undefined
  if (ts.isImportSpecifier(parent)) {
    return (parent.propertyName ?? parent.name) === node ? node.text : undefined
  }
  const isKey =
    (ts.isPropertyAssignment(parent) ||
      ts.isMethodDeclaration(parent) ||
      ts.isMethodSignature(parent) ||
      ts.isPropertySignature(parent) ||
      ts.isPropertyDeclaration(parent)) &&
    parent.name === node
  return isKey ? undefined : node.text
}

function blockingCall(node: ts.Node): boolean {
  if (!ts.isIdentifier(node) || !/^[a-z]\w+Sync$/.test(node.text)) return false
  if (
    !/^(open|close|read|write|stat|lstat|fstat|access|exists|mkdir|rm|unlink|rename|copy|append|f?datasync|fsync|truncate|ftruncate|realpath|symlink|readlink|chmod|watch)/.test(
      node.text,
    )
  ) {
    return false
  }
  // Imports are reported where they are used.
  return !ts.isImportSpecifier(node.parent)
}

function isNowDate(node: ts.Node): boolean {
  return (
    ts.isNewExpression(node) &&
    ts.isIdentifier(node.expression) &&
    node.expression.text === 'Date' &&
    (node.arguments?.length ?? 0) === 0
  )
}

function importsTimers(node: ts.ImportDeclaration): boolean {
  return (
    ts.isStringLiteral(node.moduleSpecifier) && /^(node:)?timers/.test(node.moduleSpecifier.text)
  )
}

function lineOf(source: ts.SourceFile, node: ts.Node): number {
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1
}

const functionLinesMax = 70

/** Functions over 70 lines, in shipped code, scripts and benches; a suite of tests is one call, so tests are free. */
export function findLongFunctions(file: SourceFile): Violation[] {
  if (!file.path.endsWith('.ts') || file.path.endsWith('.test.ts') || file.path.startsWith('test/'))
    return []
  const source = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true)
  const found: Violation[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      const start = lineOf(source, node)
      const lines = source.getLineAndCharacterOfPosition(node.end).line + 2 - start
      if (lines > functionLinesMax) {
        const message = `function of ${lines} lines; at most ${functionLinesMax}: give its parts names`
        found.push({ file: file.path, line: start, message })
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}
