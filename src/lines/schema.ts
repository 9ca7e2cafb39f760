import * as v from 'valibot'
import { type Fault, rule, rules } from '../component/rule.ts'
import { byteSize, duration, flag, parses, text } from '../component/schema.ts'
import { templateExpr } from '../operators/expr/template.ts'
import { operators } from '../operators/schema.ts'
import { presetEntries } from '../presets/schema.ts'
import { pattern } from '../regex/schema.ts'
import { findEncoding } from '../tail/encoding.ts'

const multiline = v.pipe(
  v.strictObject({
    line_start_pattern: v.optional(
      v.pipe(pattern(), v.description('A record begins where this matches. RE2 syntax.')),
    ),
    line_end_pattern: v.optional(
      v.pipe(pattern(), v.description('A record ends where this matches. RE2 syntax.')),
    ),
    omit_pattern: flag(false, 'Leave what the pattern matched out of the record.'),
  }),
  rule(
    ['line_start_pattern', 'line_end_pattern'],
    (m) => (m.line_start_pattern === undefined) !== (m.line_end_pattern === undefined),
    'must have either line_start_pattern or line_end_pattern',
  ),
)

/** How bytes are cut into records. */
export const recordOptions = {
  max_log_size: v.optional(
    v.pipe(
      byteSize(),
      v.minValue(16, 'must be at least 16 bytes'),
      v.maxValue(256 * 1024 * 1024, 'must be at most 256MiB'),
      v.description('The largest record; twice as much memory is needed while one is read.'),
    ),
    '1MiB',
  ),
  max_log_size_behavior: v.optional(
    v.pipe(
      v.picklist(['split', 'truncate'], 'must be "split" or "truncate"'),
      v.description('A larger record becomes several, or loses its end. Both are counted.'),
    ),
    'split',
  ),
  encoding: v.optional(
    v.pipe(
      v.string('must be a string'),
      parses(findEncoding),
      v.description(
        'utf-8, utf-8-raw, utf-16le, utf-16be, ascii, latin1, nop, or a name of the WHATWG encoding standard.',
      ),
    ),
    'utf-8',
  ),
  preserve_leading_whitespaces: flag(false, 'Keep blanks in front of a record.'),
  preserve_trailing_whitespaces: flag(false, 'Keep blanks behind a record.'),
  multiline: v.optional(v.pipe(multiline, v.description('Records of several lines.'))),
}

/** For a check of the object that holds `recordOptions`. */
export function multilineHasText(options: { encoding: string; multiline?: unknown }): boolean {
  return options.multiline === undefined || findEncoding(options.encoding).unitBytes > 0
}

export const multilineNeedsText = 'multiline needs an encoding with lines: nop has none'

const template = () => v.pipe(text(), parses(templateExpr))

/** What becomes of the records. */
export const contentOptions = {
  attributes: v.optional(
    v.pipe(
      v.record(v.string(), template()),
      v.description(
        'Attributes for every record; a value may hold expressions: `EXPR(env("POD"))`.',
      ),
    ),
    {},
  ),
  resource: v.optional(
    v.pipe(
      v.record(v.string(), template()),
      v.description('Attributes of the resource; a value may hold expressions.'),
    ),
    {},
  ),
  ...presetEntries,
  operators: v.optional(
    v.pipe(operators, v.description('What to do with each record, in order.')),
    [],
  ),
}

interface PresetInput {
  readonly preset?: string | undefined
  readonly multiline?: unknown
  readonly encoding: string
}

/** A preset knows where records begin, and reads bytes. For the schema of each receiver that has these options. */
export const presetFits = <T extends PresetInput>() =>
  rules<T, keyof PresetInput>(
    ['preset', 'multiline', 'encoding'],
    ({ preset, multiline, encoding }) => {
      if (preset === undefined) return []
      const faults: Fault[] = []
      if (multiline !== undefined) {
        faults.push({ message: 'preset says where records begin: leave out multiline' })
      }
      if (findEncoding(encoding).unitBytes !== 1) {
        faults.push({ message: 'preset needs an encoding of bytes, such as utf-8 or latin1' })
      }
      return faults
    },
  )

/** Further options of receivers that read streams. */
export const streamOptions = {
  force_flush_period: v.optional(
    v.pipe(
      duration(),
      v.description(
        'Take an unfinished record as it is when nothing came for this long; 0 waits for its end. 500ms with `multiline` or `preset`, else 0.',
      ),
    ),
  ),
}

/** What happens to a stream when the pipeline takes nothing. */
export function overflowOptions(fallback: 'block' | 'drop') {
  return {
    overflow: v.optional(
      v.pipe(
        v.picklist(['block', 'drop'], 'must be "block" or "drop"'),
        v.description(
          'When the queues are full: `block` lets whoever writes wait for as long as it takes; `drop` does so for `max_block`, then reads on and drops, counted, until there is room.',
        ),
      ),
      fallback,
    ),
    max_block: v.optional(
      v.pipe(
        duration(),
        v.description('With `overflow: drop`, how long whoever writes may have to wait.'),
      ),
      '5s',
    ),
  }
}

/** The longest time that a stream stands still. */
export function maxBlockMsOf(options: {
  readonly overflow: 'block' | 'drop'
  readonly max_block: number
}): number {
  return options.overflow === 'block' ? Number.POSITIVE_INFINITY : options.max_block
}

/** Their parsed values. */
export type LineOptions = v.InferOutput<
  v.StrictObjectSchema<typeof recordOptions & typeof contentOptions, undefined>
>
