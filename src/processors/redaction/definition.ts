import { defineProcessor } from '../../component/define.ts'
import { RedactionProcessor } from './redaction-processor.ts'
import { redactionSchema } from './schema.ts'

export const redaction = defineProcessor({
  type: 'redaction',
  summary:
    'Removes attributes that are not on a list, and masks values by patterns, as the processor of that name in the OpenTelemetry Collector does.',
  masks: true,
  stability: { logs: 'beta', metrics: 'beta', traces: 'beta' },
  config: redactionSchema,
  metrics: {},
  examples: [
    {
      title: 'Only known attributes, and no card numbers in them',
      config: {
        allowed_keys: ['http.method', 'http.route', 'notes'],
        blocked_values: ['\\b4[0-9]{12}(?:[0-9]{3})?\\b'],
        summary: 'info',
      },
    },
    {
      title:
        'All attributes; tokens by their key, addresses as keyed hashes that can still be joined',
      config: {
        allow_all_keys: true,
        blocked_key_patterns: ['(?i)token|api_?key'],
        blocked_values: ['[\\w.+-]+@[\\w-]+(?:\\.[\\w-]+)+'],
        hash_function: 'hmac-sha256',
        hmac_key: '0123456789abcdef0123456789abcdef',
      },
    },
  ],
  create: (settings, next) => new RedactionProcessor(settings, next),
})
