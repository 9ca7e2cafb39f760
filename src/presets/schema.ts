import * as v from 'valibot'
import { parses } from '../component/schema.ts'
import { findTimeZone } from '../operators/time-zone.ts'
import { presetNames } from './catalogue.ts'

/** The options of a preset, for every receiver that reads lines. */
export const presetEntries = {
  preset: v.optional(
    v.pipe(
      v.picklist(presetNames, `must be one of ${presetNames.join(', ')}`),
      v.description(
        'How the lines look: time, level and attributes are read from them, in front of the operators; see [presets](../presets.md). `auto` sees it from the first lines of each file.',
      ),
    ),
  ),
  preset_location: v.optional(
    v.pipe(
      v.string('must be a string'),
      parses(findTimeZone),
      v.description(
        'The time zone of times without one, of a preset: `Local`, `UTC`, `Europe/Berlin`.',
      ),
    ),
    'Local',
  ),
  preset_body: v.optional(
    v.pipe(
      v.picklist(['record', 'message'], 'must be "record" or "message"'),
      v.description(
        'What becomes the body with a preset: the record as it was read, or only its message, where it has one.',
      ),
    ),
    'record',
  ),
}
