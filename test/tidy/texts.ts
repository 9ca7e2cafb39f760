import type { SourceFile, Violation } from './violation.ts'

const linesMax = 500
const testLinesMax = 800

/** Generated files may be as long as they are. */
const generated = /^(docs\/reference\/|package-lock\.json$)/

/** Files longer than a reader keeps in mind. */
export function findLongFiles(file: SourceFile): Violation[] {
  if (generated.test(file.path) || !file.path.endsWith('.ts')) return []
  const max = file.path.endsWith('.test.ts') ? testLinesMax : linesMax
  const lines = file.text.split('\n').length - 1
  if (lines <= max) return []
  return [{ file: file.path, line: 0, message: `${lines} lines; at most ${max}: split by idea` }]
}

interface TextBan {
  readonly pattern: RegExp
  readonly message: string
  /** Files it does not hold for. */
  readonly except?: RegExp
}

// The bracketed letters keep this file from finding itself.
const textBans: readonly TextBan[] = [
  {
    pattern: /\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b/,
    message: 'open end: finish it, or open an issue and name it',
    except: generated,
  },
  {
    pattern: /(?<![\w.])\/(wor[k]|roo[t])\/[\w.]/,
    message: 'path of one machine: make it relative, or let the reader set it',
  },
  {
    pattern:
      /\b(registry\.[\w-]+\.(?:com|org|io|dev|net)|deb\.debian\.[o]rg|proxy\.golang\.[o]rg|pypi\.[o]rg|files\.pythonhosted\.[o]rg)\b/,
    message: "host of a package registry: leave it to the client's settings",
  },
  {
    pattern: /\b(test|it|suite|describe)\.(onl[y]|tod[o])\(/,
    message: 'a test that hides others: remove it',
  },
  {
    pattern: /\.ski[p]\(\)/,
    message: 'a skip without a reason: say why, so that the reason is printed',
  },
]

/** Words and paths that no committed file may hold. */
export function findBannedText(file: SourceFile): Violation[] {
  const found: Violation[] = []
  const active = textBans.filter((ban) => !(ban.except?.test(file.path) ?? false))
  file.text.split('\n').forEach((line, index) => {
    for (const ban of active) {
      const match = ban.pattern.exec(line)
      if (match !== null) {
        found.push({ file: file.path, line: index + 1, message: `"${match[0]}": ${ban.message}` })
      }
    }
  })
  return found
}

/** Names that say nothing about what is inside. */
export function findVagueNames(file: SourceFile): Violation[] {
  const name =
    /(?:^|\/)((?:\w+-)?(?:utils?|helpers?|manager|misc|common))(?:\.test)?(?:\.ts$|\/)/.exec(
      file.path,
    )
  if (name === null || !/^(src|test|bench|scripts)\//.test(file.path)) return []
  const message = `"${name[1]}" says nothing about what is inside: name it after the one idea`
  return [{ file: file.path, line: 0, message }]
}
