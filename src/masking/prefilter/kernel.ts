import { type Code, control, i8x16, i32, local, moduleOf, v128 } from './wasm.ts'
import { type Window, windowLength } from './windows.ts'

/*
 * Looks for places in bytes that fit one of many windows, sixteen places at a time, in WebAssembly. One instance with one memory
 * of 192 KiB serves all; nothing in it outlives a call.
 *
 *     memory = tables | low nibbles, written over the bytes | high nibbles | places found
 *
 * Windows are in banks of eight. A bank has two tables of sixteen bytes for each place of a window, by the low and by the high
 * nibble of a byte; a bit of both is set if the byte may stand at that place of that window. So two look-ups (`swizzle`) say it for
 * sixteen bytes and eight windows. Only where the first four places of a window fit are the others looked at.
 */

/** Places of one call: requests are seldom longer, and the number of a place fits in two bytes. */
export const chunkLength = 32_768
export const windowsMax = 64

const block = 16
const windowsOfBank = 8
const bankLength = 2 * block * windowLength
/** Behind the last place windows read on, there zeros. */
const margin = 2 * block

const lowAt = (windowsMax / windowsOfBank) * bankLength
const highAt = lowAt + chunkLength + margin
const placesAt = highAt + chunkLength + margin
const pages = Math.ceil((placesAt + 2 * chunkLength) / 65_536)

const [tablesEnd, stop, at, bank, bits, out, found, spare, nibbles] = [0, 1, 2, 3, 4, 5, 6, 7, 8]
/** Places of the window that are looked at at once. Those of the first step are looked at in each block. */
const step = 4

const plus = (variable: number, value: number): Code => [
  ...[...local.get(variable), ...i32.const(value)],
  ...[...i32.add, ...local.tee(variable)],
]

const splitBlocks = control.loop([
  ...[...local.get(at), ...local.get(at), ...v128.load(lowAt), ...local.tee(spare)],
  ...[...i8x16.const(15), ...v128.and, ...v128.store(lowAt)],
  ...[...local.get(at), ...local.get(spare), ...i32.const(4), ...i8x16.shiftRight],
  ...v128.store(highAt),
  ...[...plus(at, block), ...local.get(stop), ...i32.const(block), ...i32.add, ...i32.lessThan],
])

/** Which windows of the bank the nibbles at a place leave, for each byte of the block. */
const lookUp = (place: number, table: number, from: number, kept: number): Code => [
  ...[...local.get(bank), ...v128.load(2 * block * place + table)],
  ...(place < step ? local.get(kept) : [...local.get(at), ...v128.load(from + place)]),
  ...i8x16.swizzle,
]

const lookUpAll = (first: number, end: number): Code =>
  Array.from({ length: end - first }, (_, index) => first + index).flatMap((place) => [
    ...lookUp(place, 0, lowAt, nibbles + 2 * place),
    ...[...lookUp(place, block, highAt, nibbles + 2 * place + 1), ...v128.and],
    ...(place === first ? [] : v128.and),
  ])

/** Adds to `found` the places that fit from `first` on, of those that did in front of it (`spare`), a step at a time while any is left. */
const lookOn = (first: number): Code => {
  if (first === windowLength) {
    return [...local.get(found), ...local.get(spare), ...v128.or, ...local.set(found)]
  }
  const looked = lookUpAll(first, first + step)
  const left = first === 0 ? looked : [...local.get(spare), ...looked, ...v128.and]
  return control.when([...left, ...local.tee(spare), ...v128.anyTrue], lookOn(first + step))
}

const eachBank = control.loop([
  ...lookOn(0),
  ...[...plus(bank, bankLength), ...local.get(tablesEnd), ...i32.lessThan],
])

const eachPlace = control.loop([
  ...[...local.get(out), ...local.get(at), ...local.get(bits), ...i32.ctz, ...i32.add],
  ...[...i32.store16(placesAt), ...local.get(out), ...i32.const(2), ...i32.add, ...local.set(out)],
  ...[...local.get(bits), ...local.get(bits), ...i32.const(1), ...i32.sub, ...i32.and],
  ...local.tee(bits),
])

const nothing = i8x16.const(0)

const eachBlock = control.loop([
  ...Array.from({ length: step }, (_, place) => [
    ...[...local.get(at), ...v128.load(lowAt + place), ...local.set(nibbles + 2 * place)],
    ...[...local.get(at), ...v128.load(highAt + place), ...local.set(nibbles + 2 * place + 1)],
  ]).flat(),
  ...[...nothing, ...local.set(found), ...i32.const(0), ...local.set(bank), ...eachBank],
  ...control.when(
    [...local.get(found), ...nothing, ...i8x16.notEqual, ...i8x16.bitmask, ...local.tee(bits)],
    eachPlace,
  ),
  ...[...plus(at, block), ...local.get(stop), ...i32.lessThan],
])

const program = moduleOf({
  pages,
  parameters: 2,
  integers: 4,
  vectors: 2 + 2 * step,
  body: [...splitBlocks, ...[...i32.const(0), ...local.set(at), ...eachBlock], ...local.get(out)],
})

export interface Kernel {
  /**
   * Looks at the first `length` places of `bytes` from `from` on, no more than a chunk. Returns how many it has put into `places`,
   * in order and counted from `from`; the last may be behind the end of `bytes`.
   */
  find(tables: Uint8Array, bytes: Uint8Array, from: number, length: number): number
  readonly places: Uint16Array
}

/** What is used of it; the types of Node leave it out. */
const { WebAssembly } = globalThis as unknown as {
  readonly WebAssembly?: {
    validate(bytes: Uint8Array): boolean
    readonly Module: new (bytes: Uint8Array) => object
    readonly Instance: new (module: object) => { readonly exports: Exports }
  }
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer }
  run(tablesEnd: number, stop: number): number
}

let opened: Kernel | undefined | null = null

/** Undefined where there is no kernel: the machine has no vectors, the process no room for the memory, or (`--jitless`) no WebAssembly. */
export function kernelOf(): Kernel | undefined {
  if (opened === null) opened = open()
  return opened
}

function open(): Kernel | undefined {
  if (WebAssembly?.validate(program) !== true) return undefined
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(program))
    const { run, memory } = exports
    const { buffer } = memory
    const tables = new Uint8Array(buffer, 0, lowAt)
    const input = new Uint8Array(buffer, lowAt, chunkLength + margin)
    return {
      places: new Uint16Array(buffer, placesAt, chunkLength),
      find: (banks, bytes, from, length) => {
        const copied = Math.min(bytes.length - from, length + margin)
        tables.set(banks)
        input.set(
          from === 0 && copied === bytes.length ? bytes : bytes.subarray(from, from + copied),
        )
        input.fill(0, copied, length + margin)
        return run(banks.length, length) / 2
      },
    }
  } catch (error) {
    // Under a limit on address space (`ulimit -v`) there is no room for the guards that V8 puts around a memory.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** The tables of some windows, bank by bank. */
export function tablesOf(windows: readonly Window[]): Uint8Array {
  const tables = new Uint8Array(Math.ceil(windows.length / windowsOfBank) * bankLength)
  for (const [index, window] of windows.entries()) {
    const bankAt = Math.floor(index / windowsOfBank) * bankLength
    for (const [half, nibbleSet] of window.entries()) {
      for (let nibble = 0; nibble < block; nibble++) {
        if (((nibbleSet >> nibble) & 1) === 0) continue
        const entry = bankAt + half * block + nibble
        tables[entry] = (tables[entry] as number) | (1 << (index % windowsOfBank))
      }
    }
  }
  return tables
}
