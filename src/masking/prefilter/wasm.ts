/**
 * As much of an assembler for WebAssembly as one function on a memory of its own needs (core specification 3.0, sections 5.4
 * and 5.5). Code is a list of bytes, written as the text format would be, operands before their operator.
 */

export type Code = readonly number[]

function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]
}

/** Of numbers from 0 to 63: the sign is the seventh bit. */
function small(value: number): number[] {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...small(value >>> 7)]
}

const vector = (operator: number, ...operands: number[]): Code => [
  0xfd,
  ...unsigned(operator),
  ...operands,
]

export const local = {
  get: (index: number): Code => [0x20, ...unsigned(index)],
  set: (index: number): Code => [0x21, ...unsigned(index)],
  tee: (index: number): Code => [0x22, ...unsigned(index)],
} as const

export const i32 = {
  const: (value: number): Code => [0x41, ...small(value)],
  add: [0x6a],
  sub: [0x6b],
  and: [0x71],
  ctz: [0x68],
  lessThan: [0x49],
  store16: (offset: number): Code => [0x3b, 1, ...unsigned(offset)],
} as const

export const v128 = {
  load: (offset: number): Code => vector(0x00, 0, ...unsigned(offset)),
  store: (offset: number): Code => vector(0x0b, 0, ...unsigned(offset)),
  and: vector(0x4e),
  or: vector(0x50),
  anyTrue: vector(0x53),
} as const

export const i8x16 = {
  const: (value: number): Code => vector(0x0c, ...new Array<number>(16).fill(value)),
  /** Relaxed: what it does with indices above 15 is up to the machine. */
  swizzle: vector(0x100),
  shiftRight: vector(0x6d),
  notEqual: vector(0x24),
  bitmask: vector(0x64),
} as const

const end = 0x0b
const empty = 0x40

export const control = {
  /** Runs `body`, and again for as long as it leaves true. */
  loop: (body: Code): Code => [0x03, empty, ...body, 0x0d, 0, end],
  when: (condition: Code, body: Code): Code => [...condition, 0x04, empty, ...body, end],
} as const

const types = { i32: 0x7f, v128: 0x7b } as const

/** Exports the memory as `memory` and the function as `run`; its parameters and its result are i32. */
export function moduleOf(settings: {
  readonly pages: number
  readonly parameters: number
  /** Local variables, numbered behind the parameters. */
  readonly integers: number
  readonly vectors: number
  readonly body: Code
}): Uint8Array<ArrayBuffer> {
  const { pages, parameters, integers, vectors, body } = settings
  const code = [
    2,
    ...[...unsigned(integers), types.i32],
    ...[...unsigned(vectors), types.v128],
    ...body,
    end,
  ]
  const section = (id: number, content: Code): Code => [id, ...unsigned(content.length), ...content]
  const name = (text: string): Code => [text.length, ...Buffer.from(text)]
  return Uint8Array.from([
    ...[0, ...Buffer.from('asm'), 1, 0, 0, 0],
    ...section(1, [
      1,
      0x60,
      parameters,
      ...new Array<number>(parameters).fill(types.i32),
      1,
      types.i32,
    ]),
    ...section(3, [1, 0]),
    ...section(5, [1, 1, pages, pages]),
    ...section(7, [2, ...name('memory'), 2, 0, ...name('run'), 0, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ])
}
