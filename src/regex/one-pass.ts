import { type CharSet, normalize, overlaps } from './char-set.ts'
import { first, isAnchored, mayBeEmpty } from './cost.ts'
import type { Node, Parsed } from './parse.ts'

/*
 * Patterns that never have to look back, run over the bytes of a line: at each choice the next byte decides.
 *
 *     ^(?P<ip>\S+) (?P<status>\d{3})$     save 2 · run \S · save 3 · byte ' ' · save 4 · run \d 3..3 · save 5 · end · match
 *
 * Groups come out as ranges of bytes, so that no string is made of them. That is most of what a parser of log lines does;
 * what such a pattern does not say, or what one byte cannot decide (part of a character outside of ASCII), is left to
 * the engines for strings.
 */
const match = 0
const byte = 1
const set = 2
const run = 3
const save = 4
const split = 5
const jump = 6
const end = 7
const begin = 8

const width = 4
const instructionsMax = 1000
const yes = 1
const unsure = 2

export type Outcome = 'match' | 'none' | 'unsure'

/** A compiled pattern. Undefined results of `compileOnePass` mean that the pattern has choices that one byte does not decide. */
export class OnePass {
  /** Bounds of group n at 2n and 2n + 1; -1 for a group that took no part. Of the last match. */
  readonly slots: Int32Array
  readonly #program: Int32Array
  readonly #tables: Uint8Array
  readonly #anchored: boolean

  constructor(program: Int32Array, tables: Uint8Array, slotCount: number, anchored: boolean) {
    this.#program = program
    this.#tables = tables
    this.slots = new Int32Array(slotCount)
    this.#anchored = anchored
  }

  /** Looks at `[from, to)` of `bytes`, which is valid UTF-8. */
  exec(bytes: Uint8Array, from: number, to: number): Outcome {
    const found = this.#run(bytes, from, to)
    if (found === yes) return 'match'
    // A match may begin further on.
    return found === unsure || !this.#anchored ? 'unsure' : 'none'
  }

  #run(bytes: Uint8Array, from: number, to: number): number {
    const program = this.#program
    const tables = this.#tables
    const slots = this.slots
    slots.fill(-1)
    let at = from
    let pc = 0
    for (;;) {
      switch (program[pc] as number) {
        case match:
          slots[0] = from
          slots[1] = at
          return yes
        case byte:
          if (at === to || bytes[at] !== program[pc + 1]) return 0
          at++
          break
        case set: {
          if (at === to) return 0
          const member = tables[(program[pc + 1] as number) + (bytes[at] as number)]
          if (member !== yes) return member as number
          at++
          break
        }
        case run: {
          const table = program[pc + 1] as number
          const max = program[pc + 3] as number
          const start = at
          const last = max < 0 || to - at < max ? to : at + max
          while (at < last && tables[table + (bytes[at] as number)] === yes) at++
          if (at < last && tables[table + (bytes[at] as number)] === unsure) return unsure
          if (at - start < (program[pc + 2] as number)) return 0
          break
        }
        case save:
          slots[program[pc + 1] as number] = at
          break
        case split: {
          const member = at === to ? 0 : tables[(program[pc + 1] as number) + (bytes[at] as number)]
          if (member === unsure) return unsure
          if (member !== yes) {
            pc = program[pc + 2] as number
            continue
          }
          break
        }
        case jump:
          pc = program[pc + 1] as number
          continue
        case end:
          if (at !== to) return 0
          break
        case begin:
          if (at !== from) return 0
          break
      }
      pc += width
    }
  }
}

/** What may stand behind a node. `open`: the match may end there, whatever follows. */
interface Follow {
  readonly set: CharSet
  readonly open: boolean
}

class NotOnePass extends Error {}

export function compileOnePass(parsed: Parsed): OnePass | undefined {
  try {
    return new Compiler(parsed).compile()
  } catch (error) {
    if (error instanceof NotOnePass) return undefined
    throw error
  }
}

class Compiler {
  readonly #parsed: Parsed
  readonly #code: number[] = []
  readonly #tables: number[] = []
  readonly #groups = new Map<Node, number>()
  /** Whether something that takes a byte was emitted. */
  #takesBytes = false

  constructor(parsed: Parsed) {
    this.#parsed = parsed
    this.#number(parsed.node)
  }

  compile(): OnePass {
    const { node, groupNames } = this.#parsed
    this.#emit(node, { set: [], open: true })
    this.#put(match)
    return new OnePass(
      Int32Array.from(this.#code),
      Uint8Array.from(this.#tables),
      groupNames.length * 2,
      isAnchored(node),
    )
  }

  #number(node: Node): void {
    if (node.kind === 'capture') this.#groups.set(node, this.#groups.size + 1)
    if (node.kind === 'capture' || node.kind === 'repeat') this.#number(node.node)
    if (node.kind === 'cat' || node.kind === 'alt')
      for (const part of node.nodes) this.#number(part)
  }

  #put(op: number, a = 0, b = 0, c = 0): number {
    if (this.#code.length >= instructionsMax * width) throw new NotOnePass()
    return this.#code.push(op, a, b, c) - width
  }

  /** The offset of a table: which bytes a set has. `counted`: each character must be one byte. */
  #table(chars: CharSet, counted: boolean): number {
    const high = coverage(chars)
    const start = this.#tables.length
    for (let value = 0; value < 256; value++) {
      if (value < 0x80) this.#tables.push(overlaps(chars, [value, value]) ? yes : 0)
      else this.#tables.push(high === yes && counted ? unsure : high)
    }
    return start
  }

  #emit(node: Node, follow: Follow): void {
    switch (node.kind) {
      case 'set': {
        this.#takesBytes = true
        const [low, high] = node.set
        if (node.set.length === 2 && low === high && (low as number) < 0x80)
          this.#put(byte, low as number)
        else this.#put(set, this.#table(node.set, true))
        return
      }
      case 'assert':
        if (node.at !== 'begin' && node.at !== 'end') throw new NotOnePass()
        // Where bytes come before it, there is only one way to pass: to have taken none of them.
        if (node.at === 'begin' && this.#takesBytes) throw new NotOnePass()
        this.#put(node.at === 'begin' ? begin : end)
        return
      case 'capture': {
        const group = this.#groups.get(node) as number
        this.#put(save, 2 * group)
        this.#emit(node.node, follow)
        this.#put(save, 2 * group + 1)
        return
      }
      case 'cat':
        this.#emitSequence(node.nodes, follow)
        return
      case 'alt':
        this.#emitAlternatives(node.nodes, follow)
        return
      case 'repeat':
        this.#emitRepeat(node, follow)
        return
    }
  }

  #emitSequence(nodes: readonly Node[], follow: Follow): void {
    const follows: Follow[] = []
    let next = follow
    for (const node of nodes.toReversed()) {
      follows.unshift(next)
      next = before(node, next)
    }
    for (const [index, node] of nodes.entries()) this.#emit(node, follows[index] as Follow)
  }

  /** In any order, since one byte decides; the one that may be empty, also at the end, is taken where no byte chooses another. */
  #emitAlternatives(nodes: readonly Node[], follow: Follow): void {
    const empty = nodes.filter(mayBeEmpty)
    if (empty.length > 1) throw new NotOnePass()
    const ordered = [...nodes.filter((node) => !mayBeEmpty(node)), ...empty]
    const exits: number[] = []
    let seen: CharSet = []
    for (const [index, node] of ordered.entries()) {
      const last = index === ordered.length - 1
      const begins = before(node, follow)
      if (begins.open || overlaps(begins.set, seen)) throw new NotOnePass()
      seen = normalize([...seen, ...begins.set])
      const choice = last ? -1 : this.#put(split, this.#table(begins.set, false))
      this.#emit(node, follow)
      if (!last) exits.push(this.#put(jump))
      if (choice >= 0) this.#code[choice + 2] = this.#code.length
    }
    for (const exit of exits) this.#code[exit + 1] = this.#code.length
  }

  #emitRepeat(node: Extract<Node, { kind: 'repeat' }>, follow: Follow): void {
    const { node: body, min, max } = node
    if (node.lazy && min !== max) throw new NotOnePass()
    if (body.kind === 'set') {
      if (min !== max && overlaps(body.set, follow.set)) throw new NotOnePass()
      this.#takesBytes = true
      const endless = max === Number.POSITIVE_INFINITY
      const table = this.#table(body.set, !endless || min > 1)
      this.#put(run, table, min, endless ? -1 : max)
      return
    }
    if (mayBeEmpty(body)) throw new NotOnePass()
    const begins = first(body)
    if (min !== max && (follow.open || overlaps(begins.set, follow.set))) throw new NotOnePass()
    const again = {
      set: normalize([...begins.set, ...follow.set]),
      open: follow.open,
    }
    const table = this.#table(begins.set, false)
    for (let count = 0; count < min; count++) this.#emit(body, again)
    if (max === Number.POSITIVE_INFINITY) {
      const choice = this.#put(split, table)
      this.#emit(body, again)
      this.#put(jump, choice)
      this.#code[choice + 2] = this.#code.length
      return
    }
    const choices: number[] = []
    for (let count = min; count < max; count++) {
      choices.push(this.#put(split, table))
      this.#emit(body, again)
    }
    for (const choice of choices) this.#code[choice + 2] = this.#code.length
  }
}

function before(node: Node, follow: Follow): Follow {
  const begins = first(node)
  if (!begins.nullable) return { set: begins.set, open: false }
  return { set: normalize([...begins.set, ...follow.set]), open: follow.open }
}

/** Whether a set has all characters outside of ASCII, none, or some. */
function coverage(chars: CharSet): number {
  if (!overlaps(chars, [0x80, 0x10ffff])) return 0
  const high = chars.at(-1) === 0x10ffff && (chars.at(-2) as number) <= 0x80
  return high ? yes : unsure
}
