import { defineProcessor } from '../../component/define.ts'
import { wantsPseudonyms } from '../../masking/listed.ts'
import { maskSchema } from '../../masking/schema.ts'
import { MaskProcessor } from './mask-processor.ts'

export const mask = defineProcessor({
  type: 'mask',
  summary:
    'Finds personal data and secrets everywhere in logs, metrics and traces, checks them, and masks them.',
  masks: true,
  stability: { logs: 'beta', metrics: 'beta', traces: 'beta' },
  config: maskSchema,
  metrics: {
    remora_mask_findings:
      'Findings by detector, action and signal, those that are only counted included.',
    remora_mask_unexamined_fields:
      'Fields that were too large or nested too deep to be examined; see on_limit.',
  },
  examples: [
    { title: 'Everything known', config: { detectors: 'all' } },
    {
      title: 'A few, each in its own way',
      config: {
        detectors: [
          'email',
          { name: 'credit_card', keep_last: 4 },
          { name: 'phone', regions: ['US', 'DE'], action: 'hash' },
          { name: 'customer_id', pattern: '\\bCUST-(\\d{6})\\b', group: 1, keywords: ['cust-'] },
        ],
        hash_key: '0123456789abcdef',
      },
    },
  ],
  warnings: (config) =>
    config.hash_key === undefined && wantsPseudonyms(config)
      ? [
          {
            option: ['hash_key'],
            message:
              'is not given: pseudonyms of "action: hash" change with each start and differ between replicas; give all of them the same key, from a secret',
          },
        ]
      : [],
  create: (settings, next) => new MaskProcessor(settings, next),
})
