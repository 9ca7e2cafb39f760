import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { logOf, maskedRecord, maskedText } from '../../test/support/masked.ts'
import { compileMasking } from './compile.ts'
import { maskSchema } from './schema.ts'

suite('what hides a value does not save it:', () => {
  const rows: readonly (readonly [text: string, want: string])[] = [
    // JSON, also in JSON: the letter of an escape is none of the value.
    ['{"m":"card:\\n4111111111111111"}', '{"m":"card:\\n<credit_card>"}'],
    [
      '{"m":"\\t536-22-1234 \\u003c203.0.113.9\\u003e"}',
      '{"m":"\\t<us_ssn> \\u003c<ip_address>\\u003e"}',
    ],
    ['{"m":"from\\njane@example.com"}', '{"m":"from\\n<email>"}'],
    ['{"m":"\\u003cjane@example.com\\u003e"}', '{"m":"\\u003c<email>\\u003e"}'],
    ['INFO {"to":"jane\\u0040example.com"}', 'INFO {"to":"<email>"}'],
    ['{\\"to\\":\\"jane\\\\u0040example.com\\"}', '{\\"to\\":\\"<email>\\"}'],
    ['https:\\/\\/jane:hunter2x@db.example', 'https:\\/\\/jane:<email>'],
    ['"x\\nAKIAIOSFODNN7EXAMPLE"', '"x\\n<aws_key>"'],
    // URLs.
    ['q=jane%40example.com', 'q=<email>'],
    ['q%3Djane%40example.com', 'q%3D<email>'],
    ['jane%2540example.com', '<email>'],
    ['phone=%2B4915112345678', 'phone=<phone>'],
    ['card=%204111111111111111', 'card=%20<credit_card>'],
    ['card=4111+1111%201111+1111', 'card=<credit_card>'],
    ['iban=DE89%203704%200044%200532%200130%2000', 'iban=<iban>'],
    ['m=password%3Dhunter2x', 'm=password%3D<generic_secret>'],
    ['to=postgres%3A%2F%2Fu%3As3cretpw%40db.example', 'to=postgres%3A%2F%2Fu%3A<email>'],
    // A track of a magnetic stripe, no escape.
    ['%B4111111111111111^DOE/JANE^2512', '%B<credit_card>^DOE/JANE^2512'],
    // HTML and terminals.
    ['jane&#64;example.com', '<email>'],
    ['<b>jane&#x40;example.com</b>', '<b><email></b>'],
    [
      '&quot;password&quot;:&quot;hunter2x&quot;',
      '&quot;password&quot;:&quot;<generic_secret>&quot;',
    ],
    ['\x1b[31m4111111111111111\x1b[0m', '\x1b[31m<credit_card>\x1b[0m'],
    ['\x1b[1;32mjane@example.com\x1b[0m', '\x1b[1;32m<email>\x1b[0m'],
    ['\\u001b[35m203.0.113.9\\u001b[0m', '\\u001b[35m<ip_address>\\u001b[0m'],
    // Letters and signs beyond ASCII.
    ['４１１１１１１１１１１１１１１１ 円', '<credit_card> 円'],
    ['jane＠example.com', '<email>'],
    ['ja\u200bne@exam\u00adple.com!', '<email>!'],
    ['4111\u200b1111\u200b1111\u200b1111', '<credit_card>'],
    ['4111\u20091111\u20091111\u20091111', '<credit_card>'],
    ['536\u201122\u20111234', '<us_ssn>'],
    ['DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000', '<iban>'],
    ['call +49\u202f151\u202f12345678.', 'call <phone>.'],
    ['٤١١١١١١١١١١١١١١١', '<credit_card>'],
    ['4111\t1111\t1111\t1111', '<credit_card>'],
  ]
  for (const [text, want] of rows) {
    test(JSON.stringify(text), () => assert.equal(maskedText(text), want))
  }

  test('UTF-16 in a body of bytes', () => {
    const bytesValue = Buffer.from('to jane@example.com', 'utf16le')
    const out = maskedRecord({ body: { bytesValue } }).body
    assert.equal(
      Buffer.from(out.bytesValue, 'base64').toString('latin1').replaceAll('\0', ''),
      'to <email>',
    )
  })

  test('UTF-16 of three characters, and not the empty ids at the end of a record of the collector', () => {
    const { masker, prefilter } = compileMasking(
      v.parse(maskSchema, { detectors: [{ name: 'seat', pattern: '[A-K][0-9]{2}' }] }),
    )
    const seat = Buffer.from('F12', 'utf16le')
    assert.equal(Buffer.from(masker.maskBody(seat) ?? '').toString(), '<seat>\0')
    // trace_id and span_id, in either order, beside a severity and an attribute.
    for (const ids of ['J\0R\0', 'R\0J\0']) {
      assert.equal(prefilter.hits(Buffer.from(`\x1a\x04INFO${ids}2\x07\x0a\x03GET`)), 0)
    }
  })

  test('has one pseudonym with what is not hidden', () => {
    const config = { detectors: ['email'], action: 'hash' }
    const plain = maskedText('jane@example.com', config)
    for (const text of ['jane%40example.com', 'Jane\\u0040example.com', 'jane＠example.com']) {
      assert.equal(maskedText(text, config), plain)
    }
  })

  test('is counted once', () => {
    for (const action of ['mask', 'tag']) {
      const { masker, examiner } = compileMasking(
        v.parse(maskSchema, { detectors: ['email'], action }),
      )
      const body = { stringValue: '\\n jane@example.com \\njohn@example.com' }
      masker.mask('logs', logOf({ body }))
      assert.deepEqual(examiner.counts, [2])
    }
  })
})

suite('no character is cut in two:', () => {
  for (const [text, detector] of [
    [`${'漢'.repeat(30)}@example.com`, 'email'],
    ['jürgen@müller.de', { name: 'email', keep_first: 2, keep_last: 3 }],
    ['漢字漢字@example.jp', { name: 'email', keep_first: 3 }],
  ] as const) {
    test(text, () => {
      const { masker } = compileMasking(v.parse(maskSchema, { detectors: [detector] }))
      const body = { stringValue: text }
      const bytes = logOf({ body })
      const out = masker.mask('logs', bytes)
      assert.notEqual(out, bytes)
      // Behind the tags and lengths, which are all below 128.
      assert.ok(isUtf8(out.subarray(10)), Buffer.from(out).toString('latin1'))
    })
  }

  test('and a pattern of the configuration finds its place among bytes that are no UTF-8', () => {
    const config = { detectors: [{ name: 'customer', pattern: 'CUST-[0-9]{6}' }] }
    const bytesValue = Buffer.concat([
      Buffer.from('é'),
      Buffer.from([0xff]),
      Buffer.from(' CUST-123456 x'),
    ])
    const out = maskedRecord({ body: { bytesValue } }, config).body
    assert.equal(
      Buffer.from(out.bytesValue, 'base64').toString('latin1'),
      '\xc3\xa9\xff <customer> x',
    )
  })
})
