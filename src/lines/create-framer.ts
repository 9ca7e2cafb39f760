import type { Preset } from '../presets/preset.ts'
import { PresetFramer } from '../presets/preset-framer.ts'
import { compilePattern } from '../regex/pattern.ts'
import { findEncoding } from '../tail/encoding.ts'
import type { Framer, FramerCounts } from '../tail/framer.ts'
import { MultilineFramer } from '../tail/multiline-framer.ts'
import { NewlineFramer, NopFramer } from '../tail/newline-framer.ts'
import { inContainer } from './create-preset.ts'
import type { LineOptions } from './schema.ts'

/** The framer that the options ask for. */
export function createFramer(
  options: LineOptions,
  counts: FramerCounts,
  preset: Preset | undefined,
): Framer {
  const encoding = findEncoding(options.encoding)
  // A blank at the end of a line of a container may be one inside of a line of its program.
  const keepBlanks = inContainer(options)
  const settings = {
    encoding,
    maxLogSizeBytes: options.max_log_size,
    oversize: options.max_log_size_behavior,
    preserveLeading: keepBlanks || options.preserve_leading_whitespaces,
    preserveTrailing: keepBlanks || options.preserve_trailing_whitespaces,
    counts,
  }
  if (preset !== undefined && !inContainer(options)) return new PresetFramer(preset, settings)
  const { multiline } = options
  if (multiline !== undefined) {
    const source = multiline.line_start_pattern ?? multiline.line_end_pattern ?? ''
    return new MultilineFramer({
      ...settings,
      // As in the collector, `^` and `$` of these patterns mean lines.
      pattern: compilePattern(`(?m)${source}`),
      matches: multiline.line_start_pattern === undefined ? 'end' : 'start',
      omitPattern: multiline.omit_pattern,
    })
  }
  return encoding.unitBytes === 0 ? new NopFramer(settings) : new NewlineFramer(settings)
}
