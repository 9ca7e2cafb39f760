import * as v from 'valibot'
import { rule, rules } from '../component/rule.ts'
import { byteSize, integer, secret } from '../component/schema.ts'
import { suggestion } from '../errors/suggest.ts'
import { compiledPattern } from '../regex/schema.ts'
import { detectorsByName, groups, isGroup } from './detectors/catalog.ts'
import { type RegionName, regions } from './detectors/phone-numbering.ts'
import { idleOptions } from './idle-options.ts'
import { namesPlace, places } from './otlp/places.ts'
import { PathFilter } from './path-filter.ts'
import { actions } from './rule.ts'
import { validators } from './validators.ts'

const oneOf = (names: readonly string[]) => `must be one of ${names.join(', ')}`

const action = v.picklist(actions, oneOf(actions))

const name = v.pipe(
  v.string('must be the name of a detector'),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed || detectorsByName.has(dataset.value) || isGroup(dataset.value)) return
    const hint =
      suggestion(dataset.value, [...detectorsByName.keys(), ...groups]) ??
      'one of your own needs a pattern'
    addIssue({ message: `there is no detector "${dataset.value}"; ${hint}` })
  }),
)

const regionNames = Object.keys(regions) as RegionName[]

/** What every detector can be told. */
const handling = {
  action: v.optional(
    v.pipe(
      action,
      v.description('What becomes of a finding; without it the action of all detectors.'),
    ),
  ),
  template: v.optional(
    v.pipe(
      v.string('must be a string'),
      v.description('For `mask`: what stands for a finding. Without it the name, as in `<email>`.'),
    ),
  ),
  keep_first: v.optional(
    v.pipe(
      integer(),
      v.description(
        'For `mask`: so many letters and digits stay at the beginning. Where more than two thirds of a finding would stay, nothing does.',
      ),
    ),
    0,
  ),
  keep_last: v.optional(
    v.pipe(
      integer(),
      v.description(
        'For `mask`: so many letters and digits stay at the end, e.g. 4 of a card number.',
      ),
    ),
    0,
  ),
  keep_format: v.optional(
    v.pipe(
      v.boolean('must be true or false'),
      v.description('For `mask`: each letter and digit becomes `*`, spaces and signs stay.'),
    ),
    false,
  ),
  min_confidence: v.optional(
    v.pipe(
      v.number('must be a number'),
      v.minValue(0, 'must be from 0 to 1'),
      v.maxValue(1, 'must be from 0 to 1'),
      v.description(
        'Findings less sure than this are left. 1 is a checksum or a unique structure, 0.8 a shape that its check or the words around it confirm, 0.4 a shape alone.',
      ),
    ),
  ),
}

/** Of an option that only the other kind of detector has. */
const strayOption =
  (message: string) =>
  (issue: v.StrictObjectIssue): string =>
    issue.expected === 'never' ? message : 'must be a map'

const knownOptions = v.strictObject(
  {
    name: v.pipe(
      name,
      v.description(
        'Which detector; see [detectors](../detectors.md). Or `all`, `pii` or `secrets`: all of them that no other entry names.',
      ),
    ),
    regions: v.optional(
      v.pipe(
        v.array(
          v.picklist(regionNames, ({ input }) =>
            input === 'UK' ? 'is written GB' : oneOf(regionNames),
          ),
          'must be a list',
        ),
        v.description('For `phone`: countries whose national numbers are found. Default: US.'),
      ),
    ),
    enabled: v.optional(
      v.pipe(
        v.boolean('must be true or false'),
        v.description('With false it finds nothing: beside `all` it is the one that is left out.'),
      ),
      true,
    ),
    ...handling,
  },
  strayOption('is for detectors of your own, which have a pattern'),
)

const known = v.pipe(
  knownOptions,
  rule<v.InferOutput<typeof knownOptions>, 'name' | 'regions'>(
    ['name', 'regions'],
    ({ name, regions }) => regions === undefined || name === 'phone',
    'are for phone only',
    ['regions'],
  ),
)

const customOptions = v.strictObject(
  {
    name: v.pipe(
      v.string('must be a string'),
      v.regex(/^[a-z][a-z0-9_]{0,63}$/, 'must be lower-case letters, digits and underscores'),
      v.check(
        (text) => !detectorsByName.has(text) && !isGroup(text),
        'is the name of a built-in detector',
      ),
      v.description('A name of your own, for templates and metrics.'),
    ),
    pattern: v.pipe(
      compiledPattern(),
      v.description(
        'In the syntax of RE2; it takes time in proportion to the text, whatever it is.',
      ),
    ),
    group: v.optional(
      v.pipe(integer(), v.description('The group of the pattern that is masked; 0 is all of it.')),
      0,
    ),
    validator: v.optional(
      v.pipe(
        v.picklist(Object.keys(validators), oneOf(Object.keys(validators))),
        v.description('A check that a match must pass.'),
      ),
    ),
    context: v.optional(
      v.pipe(
        v.array(v.string('must be a string'), 'must be a list'),
        v.description('Words of which one (in any case) must stand near a match or in the key.'),
      ),
      [],
    ),
    keywords: v.optional(
      v.pipe(
        v.array(
          v.pipe(v.string('must be a string'), v.minLength(2, 'must have at least 2 letters')),
          'must be a list',
        ),
        v.description(
          'Texts with none of these (in any case) in them or in their key are not searched, which saves most of the time.',
        ),
      ),
      [],
    ),
    ...handling,
  },
  strayOption('is for detectors that are built in, not for one with a pattern'),
)

const custom = v.pipe(
  customOptions,
  rules<v.InferOutput<typeof customOptions>, 'pattern' | 'group'>(
    ['pattern', 'group'],
    ({ pattern, group }) => {
      const count = pattern.groupNames.length - 1
      if (group <= count) return []
      const has = count === 0 ? 'no groups' : count === 1 ? 'one group' : `${count} groups`
      return [{ message: `the pattern has ${has}, so nothing would be found`, at: ['group'] }]
    },
  ),
)

const notDetector =
  'must be the name of a detector, or a detector with options that it has (see the reference)'

const anyDetector = v.union([name, custom, known], notDetector)

/** By what is written, so that a mistake is told by the one alternative that is meant. */
const listed = v.lazy((input: unknown): typeof anyDetector => {
  if (typeof input === 'string') return name as never
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return anyDetector
  return ('pattern' in input ? custom : known) as never
})

function refusalOfDetectors(input: unknown): string {
  const message = `must be one of ${groups.join(', ')}, or a list of detectors`
  return typeof input === 'string' && detectorsByName.has(input)
    ? `${message}: [${input}]`
    : message
}

/** Places by which `include` and `exclude` go. One that OTLP does not have would leave everything unmasked. */
const path = v.pipe(
  v.string('must be a path'),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed || namesPlace(dataset.value)) return
    const hint = suggestion(dataset.value, places.keys())
    const message = 'is no place of logs, metrics or traces'
    addIssue({
      message: hint === undefined ? `${message} (see the reference)` : `${message}; ${hint}`,
    })
  }),
)

const collisions = ['hash', 'drop_series'] as const

/**
 * What is left of two series without their label is one: counters of both would have to be added, over batches and replicas,
 * and which of them kept the name would change with each start.
 */
function refusalOfCollision(input: unknown): string {
  return input === 'drop_label'
    ? 'cannot be drop_label: without the label two series become one, and their points cannot be added up here; use hash (a pseudonym keeps them apart), drop_series, or remove the label where the metric is made'
    : oneOf(collisions)
}

const maskOptions = v.strictObject({
  detectors: v.pipe(
    v.optional(
      v.union(
        [
          v.picklist(groups),
          v.pipe(v.array(listed), v.minLength(1, 'must name at least one detector')),
        ],
        ({ input }) => refusalOfDetectors(input),
      ),
      'all',
    ),
    v.description(
      '`all`, `pii`, `secrets`, or a list: names, these three among them, names with options, and detectors of your own (with `pattern`).',
    ),
  ),
  action: v.pipe(
    v.optional(action, 'mask'),
    v.description(
      'What becomes of a finding: `mask` it, `hash` it (a keyed pseudonym, so that joins still work), `drop` the field, `drop_record`, or `tag`: leave it, count it, and name the detector in an attribute.',
    ),
  ),
  min_confidence: v.pipe(
    v.optional(
      v.pipe(
        v.number('must be a number'),
        v.minValue(0, 'must be from 0 to 1'),
        v.maxValue(1, 'must be from 0 to 1'),
      ),
      0.5,
    ),
    v.description('For detectors that do not say their own.'),
  ),
  hash_key: v.optional(
    v.pipe(
      secret(),
      v.check((key) => key.reveal().length >= 16, 'must have at least 16 characters'),
      v.description(
        'Key of the pseudonyms, at least 16 characters. Replicas with the same key give the same ones; without it each process makes up its own.',
      ),
    ),
  ),
  include: v.pipe(
    v.optional(v.array(path, 'must be a list'), []),
    v.description(
      'Paths that are examined, with all below them; empty: everywhere. E.g. `body`, `attributes.http.*`, `resource.attributes`.',
    ),
  ),
  exclude: v.pipe(
    v.optional(v.array(path, 'must be a list'), []),
    v.description('Paths that are left as they are.'),
  ),
  json_strings: v.pipe(
    v.optional(v.boolean('must be true or false'), false),
    v.description(
      'Take apart texts that are JSON as a whole: their strings are examined one by one, escapes such as `\\u0040` resolved, their keys as context; the text stays JSON.',
    ),
  ),
  tag_attribute: v.pipe(
    v.optional(v.string('must be a string'), 'remora.mask.detectors'),
    v.description(
      'For `tag`: attribute of log records and spans that gets the names of the detectors that found something; empty: none.',
    ),
  ),
  on_label_collision: v.pipe(
    v.optional(
      v.picklist(collisions, ({ input }) => refusalOfCollision(input)),
      'hash',
    ),
    v.description(
      'Findings in what tells series apart (labels, resource, scope and name of metrics): a pseudonym, so that no two series become one, or the data point goes. There is no `drop_label`: without their label two series would be one.',
    ),
  ),
  on_limit: v.pipe(
    v.optional(
      v.picklist(['mask_field', 'drop_record'], oneOf(['mask_field', 'drop_record'])),
      'mask_field',
    ),
    v.description('What becomes of a field that is too large or nested too deep to be examined.'),
  ),
  max_field_size: v.pipe(
    v.optional(byteSize(), '4MiB'),
    v.description(
      'A longer text in which something may be found is not examined, but see `on_limit`.',
    ),
  ),
  max_depth: v.pipe(
    v.optional(integer(1, 100), 64),
    v.description('Maps and lists nested deeper are not examined, but see `on_limit`.'),
  ),
})

export const maskSchema = v.pipe(
  maskOptions,
  rule<v.InferOutput<typeof maskOptions>, 'include' | 'exclude'>(
    ['include', 'exclude'],
    ({ include, exclude }) => {
      const left = new PathFilter([], exclude)
      return include.length === 0 || include.some((path) => left.allows(path))
    },
    'takes out all that include names, so nothing would be masked',
    ['exclude'],
  ),
  rules<v.InferOutput<typeof maskOptions>, 'detectors' | 'action'>(
    ['detectors', 'action'],
    idleOptions,
  ),
)

export type MaskConfig = v.InferOutput<typeof maskSchema>
