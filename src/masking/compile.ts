import { createCustomDetector } from './custom-detector.ts'
import type { Detector } from './detector.ts'
import { detectors, detectorsByName } from './detectors/catalog.ts'
import { createPhone } from './detectors/phone.ts'
import { anchorsOf, Examiner } from './examiner.ts'
import { utf8AsLatin1 } from './latin1.ts'
import { Masker } from './otlp/masker.ts'
import { PathFilter } from './path-filter.ts'
import { Prefilter } from './prefilter/prefilter.ts'
import { Pseudonyms } from './pseudonyms.ts'
import type { Rule } from './rule.ts'
import type { MaskConfig } from './schema.ts'

type Listed = Exclude<MaskConfig['detectors'], string>[number]

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
  if (typeof config.detectors === 'string') {
    const group = config.detectors
    return detectors
      .filter((detector) => group === 'all' || detector.group === group)
      .map((detector) => toRule(detector, {}, config))
  }
  return config.detectors.map((listed) =>
    typeof listed === 'string'
      ? toRule(detectorsByName.get(listed) as Detector, {}, config)
      : toRule(toDetector(listed), listed, config),
  )
}

function toDetector(listed: Exclude<Listed, string>): Detector {
  if ('pattern' in listed) return createCustomDetector({ ...listed, validator: listed.validator })
  if (listed.name === 'phone') return createPhone(listed.regions ?? ['US'])
  return detectorsByName.get(listed.name) as Detector
}

type Handling = Partial<
  Pick<
    Exclude<Listed, string>,
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
