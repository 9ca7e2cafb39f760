import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { compileMasking } from '../compile.ts'
import type { Sighting } from '../examiner.ts'
import { maskSchema } from '../schema.ts'
import { detectors } from './catalog.ts'

const whole = compileMasking(v.parse(maskSchema, { detectors: 'all' }))

/** What the detector of that name, alone, finds in a text. The prefilter must let the text through to it. */
function findIn(name: string, text: string, key = ''): string[] {
  const { examiner } = compileMasking(v.parse(maskSchema, { detectors: [name] }))
  const seen: string[] = []
  examiner.onSighting = ({ text: examined, start, end }: Sighting) =>
    seen.push(Buffer.from(examined.slice(start, end), 'latin1').toString('utf8'))
  examiner.examine(Buffer.from(text).toString('latin1'), key, -1, false, '')
  return seen
}

// Numbers and tokens here are the examples of manuals, or made up with right check digits.
const found: readonly (readonly [name: string, text: string, want: string, key?: string])[] = [
  ['email', 'from jane.doe+x@mail.example.co.uk, ok', 'jane.doe+x@mail.example.co.uk'],
  ['email', '<jane@example.com>', 'jane@example.com'],
  ['email', "to='o.brien@example.org'", 'o.brien@example.org'],
  ['email', '/u?mail=jane@example.com&x=1', 'jane@example.com'],
  ['email', '/u?mail=jane%40example.com&x=1', 'jane%40example.com'],
  ['email', 'grüße an jürgen@müller.de.', 'jürgen@müller.de'],
  ['email', 'ivan@firma.md and a@b.rs'.slice(0, 13), 'ivan@firma.md'],
  ['email', 'to jane@[192.0.2.1] now', 'jane@[192.0.2.1]'],
  ['email', 'jane.@docomo.example.jp', 'jane.@docomo.example.jp'],
  ['phone', 'fax 0044 20 7946 0958', '0044 20 7946 0958'],
  ['phone', 'call 011 44 7700 900123', '011 44 7700 900123'],
  ['credit_card', '%B4111111111111111^DOE/JANE^2512', '4111111111111111'],
  ['credit_card', 'card 4111 1111 1111 1111 declined', '4111 1111 1111 1111'],
  ['credit_card', 'card 4111-1111-1111-1111', '4111-1111-1111-1111'],
  ['credit_card', '"pan":"378282246310005"', '378282246310005'],
  ['credit_card', '5555555555554444', '5555555555554444'],
  ['credit_card', 'uatp 120873540963175', '120873540963175'],
  ['credit_card', '3782 822463 10005 12/27', '3782 822463 10005'],
  ['credit_card', '4111 1111 1111 1111 2027', '4111 1111 1111 1111'],
  ['credit_card', '6011000990139424', '6011000990139424'],
  ['credit_card', '4111 1111 1111 1111', '4111 1111 1111 1111'],
  ['iban', 'to DE89 3704 0044 0532 0130 00 now', 'DE89 3704 0044 0532 0130 00'],
  ['iban', 'GB82WEST12345698765432', 'GB82WEST12345698765432'],
  ['iban', 'FR1420041010050500013M02606', 'FR1420041010050500013M02606'],
  ['iban', 'DZ580002100001113000000570', 'DZ580002100001113000000570'],
  ['us_ssn', 'ssn 536.22.1234', '536.22.1234'],
  ['us_ssn', 'applicant 536-22-1234', '536-22-1234'],
  ['us_ssn', 'ssn=536221234', '536221234'],
  ['us_ssn', '536221234', '536221234', 'user.ssn'],
  ['phone', 'call +1 202-555-0143 now', '+1 202-555-0143'],
  ['phone', '+44 20 7946 0958', '+44 20 7946 0958'],
  ['phone', '+49 (0)30 901820', '+49 (0)30 901820'],
  ['phone', '(202) 555-0143', '(202) 555-0143'],
  ['phone', '202.555.0143', '202.555.0143'],
  ['phone', '2025550143', '2025550143', 'user.phone'],
  ['phone', 'call +677 21234', '+677 21234'],
  ['fr_insee', 'nir 1 85 05 2A 123 456 33', '1 85 05 2A 123 456 33'],
  ['iban', 'DE89-370-400-440-532-013-000', 'DE89-370-400-440-532-013-000'],
  ['ip_address', 'from 203.0.113.7:8080', '203.0.113.7'],
  ['ip_address', 'net 10.0.0.0/8', '10.0.0.0/8'],
  ['ip_address', 'peer [2001:db8::8a2e:370:7334]:443', '2001:db8::8a2e:370:7334'],
  ['ip_address', '::ffff:192.0.2.128', '::ffff:192.0.2.128'],
  ['ip_address', 'fe80::1ff:fe23:4567:890a%eth0', 'fe80::1ff:fe23:4567:890a%eth0'],
  [
    'ip_address',
    '2001:0db8:85a3:0000:0000:8a2e:0370:7334',
    '2001:0db8:85a3:0000:0000:8a2e:0370:7334',
  ],
  ['mac_address', 'hw 00:1B:44:11:3A:B7', '00:1B:44:11:3A:B7'],
  ['mac_address', '001b.4411.3ab7', '001b.4411.3ab7'],
  ['us_passport', 'passport C12345678', 'C12345678'],
  ['uk_nhs', 'NHS 943 476 5919', '943 476 5919'],
  ['uk_nino', 'AB 12 34 56 C', 'AB 12 34 56 C'],
  ['uk_nino', 'AB 123 456 C', 'AB 123 456 C'],
  ['uk_nino', 'tw987654a', 'tw987654a'],
  ['es_nif', '1111111-G', '1111111-G'],
  ['br_cnpj', '12.ABC.345/01DE-35', '12.ABC.345/01DE-35'],
  ['phone', '+225 01 23 45 6789', '+225 01 23 45 6789'],
  ['ip_address', 'from 127.0.0.1', '127.0.0.1'],
  ['de_tax_id', 'Steuer-ID 86095742719', '86095742719'],
  ['fr_insee', '1 85 05 78 006 084 91', '1 85 05 78 006 084 91'],
  ['es_nif', 'DNI 12345678Z', '12345678Z'],
  ['es_nif', 'X1234567L', 'X1234567L'],
  ['es_nif', 'titular 12.345.678-Z', '12.345.678-Z'],
  ['credit_card', 'switch 6331101999990016', '6331101999990016'],
  ['it_codice_fiscale', 'RSSMRA85T10A562S', 'RSSMRA85T10A562S'],
  ['in_aadhaar', '2341 2341 2346', '2341 2341 2346'],
  ['in_pan', 'PAN ABCPE1234F', 'ABCPE1234F'],
  ['br_cpf', '529.982.247-25', '529.982.247-25'],
  ['br_cnpj', '11.222.333/0001-81', '11.222.333/0001-81'],
  ['ca_sin', '046 454 286', '046 454 286'],
  ['au_tfn', 'TFN 123 456 782', '123 456 782'],
  ['date_of_birth', 'dob: 1985-04-12', '1985-04-12'],
  ['date_of_birth', '12.04.1985', '12.04.1985', 'geburtsdatum'],
  [
    'postal_address',
    'ship to 1600 Pennsylvania Avenue, Washington',
    '1600 Pennsylvania Avenue, Washington',
  ],
  ['postal_address', 'Hauptstraße 12, 10115 Berlin', 'Hauptstraße 12, 10115 Berlin'],
  ['person_name', 'Jane Doe', 'Jane Doe', 'first_name'],
  ['person_name', '"last_name":"Doe"', 'Doe'],
  ['authorization', 'Authorization: Basic dXNlcjpwYXNzd29yZA==', 'dXNlcjpwYXNzd29yZA=='],
  ['authorization', 'Bearer abc123DEF456ghi789', 'abc123DEF456ghi789'],
  ['authorization', 'Token 0123456789', '0123456789', 'http.request.header.authorization'],
  [
    'jwt',
    't=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl;',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl',
  ],
  [
    'ai_service_key',
    'hf_aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH.',
    'hf_aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH',
  ],
  [
    'messaging_key',
    'POST https://api.telegram.org/bot1234567890:AAE1x7kQzR2vLmN8pWqT3sYbUcXdHfJgKoa/sendMessage',
    'bot1234567890:AAE1x7kQzR2vLmN8pWqT3sYbUcXdHfJgKoa',
  ],
  [
    'generic_secret',
    'DD_API_KEY=0f1e2d3c4b5a69788796a5b4c3d2e1f0',
    '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
  ],
  ['aws_key', 'id AKIAIOSFODNN7EXAMPLE', 'AKIAIOSFODNN7EXAMPLE'],
  ['url_credentials', 'postgres://app:s3cr3t@db:5432/x', 's3cr3t'],
  ['connection_string', 'Server=db;User Id=sa;Password=s3cr3t!;', 's3cr3t!'],
  ['generic_secret', 'api_key="4f9a1c7be02d"', '4f9a1c7be02d'],
  ['generic_secret', 'password=hunter2', 'hunter2'],
  ['generic_secret', '{"password":"correct horse"}'.replace(' ', '-'), 'correct-horse'],
  ['generic_secret', 'hunter2', 'hunter2', 'db.password'],
  [
    'private_key',
    'x -----BEGIN RSA PRIVATE KEY-----\\nMIIBOgIBAAJBAK\\n-----END RSA PRIVATE KEY----- y',
    '-----BEGIN RSA PRIVATE KEY-----\\nMIIBOgIBAAJBAK\\n-----END RSA PRIVATE KEY-----',
  ],
]

const left: readonly (readonly [name: string, text: string, key?: string])[] = [
  ['email', 'icon@2x.png loaded'],
  ['email', '@types/node@24.19.2'],
  ['email', 'user@localhost'],
  ['email', 'user@1000.service started'],
  ['email', 'https://app:s3cr3t@db.example.com/x'],
  ['email', 'git clone git@github.com:org/repo.git'],
  ['email', 'npm pack wrote package@1.2.3.tgz'],
  ['ip_address', 'image 1.2.3.4-alpine'],
  ['phone', 'ratio 00 12 34 56 78 90 12'],
  ['ip_address', 'listening on 0.0.0.0:80'],
  ['uk_nino', 'ce123456a'],
  ['credit_card', 'order 4111111111111112'],
  ['credit_card', 'order 120873540963175'],
  ['credit_card', 'trace 12345678901234567890123456789012'],
  ['credit_card', 'at 1772438400566000000'],
  ['credit_card', '0000000000000000'],
  ['iban', 'DE89 3704 0044 0532 0130 01'],
  ['us_ssn', '000-12-3456'],
  ['us_ssn', 'order 536221234'],
  ['phone', '2026-03-02 08:00:15,188'],
  ['phone', 'order 2025550143'],
  ['phone', '+1 202-555-01'],
  ['phone', '192.168.100.2000'],
  ['ip_address', 'version 1.2.3.4'],
  ['ip_address', 'modem fw=10.4.2.1 oid=1.3.6.1'],
  ['ip_address', 'Chrome/120.0.6099.109'],
  ['ip_address', '12:30:45'],
  ['ip_address', 'std::vector'],
  ['ip_address', '1.2.3.4.5'],
  ['mac_address', '12:30:45'],
  ['mac_address', '00:00:00:00:00:00'],
  ['uk_nhs', '9434765919'],
  ['de_tax_id', '86095742719'],
  ['es_nif', '12345678A'],
  ['br_cpf', '529.982.247-26'],
  ['ca_sin', '046 454 287'],
  ['date_of_birth', 'at 1985-04-12'],
  ['person_name', 'jane', 'user.id'],
  ['authorization', 'a basic understanding of bearer authentication'],
  ['jwt', 'eyJub3RoaW5nIjoxfQ.eyJ4IjoxfQ.abc'],
  ['url_credentials', 'http://host:8080/path@v2'],
  ['ai_service_key', `set ANTHROPIC to sk-ant-api03-${'x'.repeat(95)}`],
  ['ai_service_key', 'half_hf_size and sk-project-overview'],
  ['messaging_key', 'cache key-value and SKU 12 at 10:AA'],
  ['infrastructure_token', 'dapi and hvs.x and do_v1_'],
  ['generic_secret', 'password: required'],
  ['generic_secret', 'next_page_token=abc123def456'],
  ['generic_secret', 'max_tokens=4096'],
  ['generic_secret', 'password=$' + '{DB_PASSWORD}'],
  ['generic_secret', '***', 'password'],
]

suite('a detector finds', () => {
  for (const [name, text, want, key] of found) {
    test(`${name}: ${text}${key === undefined ? '' : ` (${key})`}`, () => {
      assert.deepEqual(findIn(name, text, key), [want])
    })
  }
})

test('both ends of a range of addresses', () => {
  assert.deepEqual(findIn('ip_address', 'pool 10.1.2.3-10.1.2.9'), ['10.1.2.3', '10.1.2.9'])
})

test('national forms that are told by their region', () => {
  for (const [region, number] of [
    ['NL', '06-12345678'],
    ['BR', '(11) 91234-5678'],
    ['BR', '11 91234-5678'],
  ]) {
    const { examiner } = compileMasking(
      v.parse(maskSchema, { detectors: [{ name: 'phone', regions: [region] }] }),
    )
    examiner.examine(`to ${number} now`, '', -1, false, '')
    assert.equal(examiner.replacement, 'to <phone> now', number)
    examiner.replacement = ''
  }
})

suite('a detector leaves', () => {
  for (const [name, text, key] of left) {
    test(`${name}: ${text}`, () => assert.deepEqual(findIn(name, text, key), []))
  }
})

suite('every detector', () => {
  // What makes patterns of the usual kinds slow: long runs of what they begin with, and of what they turn back at.
  const pieces = [
    'a',
    '1',
    ' ',
    '@',
    'a@',
    'a.',
    '1 ',
    '1-',
    '1.',
    '::',
    'a:',
    '-eyJ',
    'eyJa.',
    'AB12',
    'DE89 ',
    '+1 ',
    '(',
    '=',
    "'",
    'password=',
    'password ',
    'token:"',
    'Bearer ',
    'Basic a',
    '://a:',
    '://',
    '-----BEGIN PRIVATE KEY-----',
    'xoxb-',
    'dob 1985-',
    'Street ',
    'A ',
    'Aa ',
    'first_name:',
    'Mr. ',
    'phone ',
    '202-555-',
    'a1',
    '\n',
    '\xc3\xa9',
    ';pwd=',
    '-ghp_',
    'curl -u',
    'curl \\\n',
    'customer',
  ]
  for (const piece of pieces) {
    test(`is done with a megabyte of ${JSON.stringify(piece)} in time`, { timeout: 60_000 }, () => {
      const text = piece.repeat(Math.ceil((1 << 20) / piece.length))
      for (const detector of detectors) {
        const from = process.cpuUsage()
        detector.find(text, '', { add: () => {} })
        const { user } = process.cpuUsage(from)
        assert.ok(user < 1_000_000, `${detector.name} takes ${Math.round(user / 1000)} ms`)
      }
    })
  }

  test('has anchors that let through what it finds', () => {
    for (const [name, text, , key] of found) {
      const only = compileMasking(v.parse(maskSchema, { detectors: [name] }))
      // As an attribute: key, tag of the value, its length, tag of a string.
      const bytes = Buffer.from(`\n\x09${key ?? 'k'}\x12\x0f\n\x0d${text}`)
      assert.ok(only.prefilter.hits(bytes) > 0, `${name} alone: ${text}`)
      assert.ok(whole.prefilter.hits(bytes) > 0, `${name}: ${text}`)
    }
  })
})
