import { createCustomDetector } from './custom-detector.ts'
import type { Detector } from './detector.ts'
import { detectors, detectorsByName, isGroup } from './detectors/catalog.ts'
import { createPhone } from './detectors/phone.ts'
import { anchorsOf, Examiner } from './examiner.ts'
import { utf8AsLatin1 } from './latin1.ts'
import { entriesOf, type Listed } from './listed.ts'
import { Masker } from './otlp/masker.ts'
import { PathFilter } from './path-filter.ts'
import { Prefilter } from './prefilter/prefilter.ts'
import { Pseudonyms } from './pseudonyms.ts'
import type { Rule } from './rule.ts'
import type { MaskConfig } from './schema.ts'

export interface Masking {
  readonly examiner: Examiner
  readonly prefilter: Prefilter
  readonly masker: Masker
}

interface Compiled {
  readonly rules: readonly Rule[]
  readonly prefilter: Prefilter
  readonly pseudonyms: Pseudonyms
}

/** A processor has an instance in each of its pipelines, and its tables are a start's most work: they are made once. */
const compiled = new WeakMap<MaskConfig, Compiled>()

/** The engine of one configuration. */
export function compileMasking(config: MaskConfig): Masking {
  const { rules, prefilter, pseudonyms } = compiled.get(config) ?? compileOnce(config)
  const examiner = new Examiner(rules, prefilter, pseudonyms, config.json_strings)
  const { include, exclude } = config
  const masker = new Masker({
    examiner,
    prefilter,
    pseudonyms,
    paths: include.length + exclude.length === 0 ? undefined : new PathFilter(include, exclude),
    maxFieldBytes: config.max_field_size,
    maxDepth: config.max_depth,
    onLimit: config.on_limit,
    onLabel: config.on_label_collision,
    tagAttribute: config.tag_attribute,
  })
  return { examiner, prefilter, masker }
}

function compileOnce(config: MaskConfig): Compiled {
  const rules = compileRules(config)
  const prefilter = new Prefilter(anchorsOf(rules, config.json_strings))
  const pseudonyms = new Pseudonyms(config.hash_key?.reveal())
  const made = { rules, prefilter, pseudonyms }
  compiled.set(config, made)
  return made
}

function compileRules(config: MaskConfig): Rule[] {
  const entries = entriesOf(config)
  const named = new Set(entries.map(({ name }) => name))
  return entries
    .filter((entry) => !('enabled' in entry && !entry.enabled))
    .flatMap((entry) => detectorsOf(entry, named).map((found) => toRule(found, entry, config)))
}

/** Of a group those that no entry of their own names, nor a smaller group. */
function detectorsOf(entry: Listed, named: ReadonlySet<string>): readonly Detector[] {
  if ('pattern' in entry) return [createCustomDetector({ ...entry, validator: entry.validator })]
  const { name } = entry
  if (isGroup(name)) {
    const isMeant = ({ group }: Detector) => (name === 'all' ? !named.has(group) : group === name)
    return detectors.filter((detector) => isMeant(detector) && !named.has(detector.name))
  }
  if (name === 'phone') return [createPhone(entry.regions ?? ['US'])]
  return [detectorsByName.get(name) as Detector]
}

type Handling = Partial<
  Pick<
    Listed,
    'action' | 'template' | 'keep_first' | 'keep_last' | 'keep_format' | 'min_confidence'
  >
>

function toRule(detector: Detector, handling: Handling, config: MaskConfig): Rule {
  const template = handling.template ?? `<${detector.name}>`
  return {
    detector,
    action: handling.action ?? config.action,
    template: utf8AsLatin1(template),
    keepFirst: handling.keep_first ?? 0,
    keepLast: handling.keep_last ?? 0,
    keepFormat: handling.keep_format ?? false,
    minConfidence: handling.min_confidence ?? config.min_confidence,
  }
}
