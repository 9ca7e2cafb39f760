export interface Instruction {
  readonly name: string
  /** Flags such as `--from=build`, without the dashes. */
  readonly flags: Readonly<Record<string, string>>
  /** The rest of the line, continuation lines joined. */
  readonly text: string
}

export interface Stage {
  readonly base: string
  readonly name: string | undefined
  readonly instructions: readonly Instruction[]
}

/** The stages of a Dockerfile. Knows what ours uses: comments, continued lines, flags; no heredocs, no ARG. */
export function parseDockerfile(text: string): Stage[] {
  const stages: { base: string; name: string | undefined; instructions: Instruction[] }[] = []
  const lines = text
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join('\n')
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
  for (const line of lines) {
    const { name, flags, rest } = parseLine(line)
    if (name === 'FROM') {
      const [base = '', , stageName] = rest.split(/\s+/)
      stages.push({ base, name: stageName, instructions: [] })
    } else {
      stages.at(-1)?.instructions.push({ name, flags, text: rest })
    }
  }
  return stages
}

function parseLine(line: string): { name: string; flags: Record<string, string>; rest: string } {
  const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line.trim()) ?? []
  const flags: Record<string, string> = {}
  let left = rest
  for (;;) {
    const flag = /^--(\w+)=(\S+)\s+/.exec(left)
    if (flag === null) return { name: name.toUpperCase(), flags, rest: left }
    flags[flag[1] as string] = flag[2] as string
    left = left.slice(flag[0].length)
  }
}
