import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { compileMasking } from './compile.ts'
import { maskSchema } from './schema.ts'

suite('what stays of a finding', () => {
  const card = '4111-1111-1111-1111'
  const rows: readonly (readonly [text: string, options: object, want: string])[] = [
    [card, { name: 'credit_card', keep_last: 4 }, '************1111'],
    [card, { name: 'credit_card', keep_last: 4, keep_format: true }, '****-****-****-1111'],
    // The most that PCI DSS lets be shown.
    [card, { name: 'credit_card', keep_first: 6, keep_last: 4 }, '411111******1111'],
    ['378282246310005', { name: 'credit_card', keep_first: 6, keep_last: 4 }, '378282*****0005'],
    // More than two thirds would stay.
    [card, { name: 'credit_card', keep_first: 6, keep_last: 5 }, '*'.repeat(16)],
    ['password=abc', { name: 'generic_secret', keep_first: 3 }, 'password=***'],
  ]
  for (const [text, options, want] of rows) {
    test(`${text} ${JSON.stringify(options)}`, () => {
      const config = { detectors: [options], min_confidence: 0.4 }
      const { masker } = compileMasking(v.parse(maskSchema, config))
      const masked = masker.maskBody(Buffer.from(text))
      assert.equal(masked && Buffer.from(masked).toString(), want)
    })
  }
})
