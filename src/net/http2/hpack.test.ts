import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { HpackDecoder } from './hpack-decoder.ts'
import { encodeHeaders } from './hpack-encoder.ts'
import { ConnectionError, ErrorCode } from './protocol.ts'

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex')

function decodeWith(decoder: HpackDecoder, block: Buffer): string[] | undefined {
  return decoder.decode(block, 0, block.byteLength)
}

const requestOne = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'www.example.com'],
]
const requestThree = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':path', '/index.html'],
  [':authority', 'www.example.com'],
  ['custom-key', 'custom-value'],
]
const requests = [requestOne, [...requestOne, ['cache-control', 'no-cache']], requestThree]
const responseRest = [
  ['cache-control', 'private'],
  ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'],
  ['location', 'https://www.example.com'],
]
const responses = [
  [[':status', '302'], ...responseRest],
  [[':status', '307'], ...responseRest],
  [
    [':status', '200'],
    ['cache-control', 'private'],
    ['date', 'Mon, 21 Oct 2013 20:13:22 GMT'],
    ['location', 'https://www.example.com'],
    ['content-encoding', 'gzip'],
    ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'],
  ],
]
/** The responses of the RFC are made for a table of 256 bytes: a size update to 256 goes before. */
const tableOf256 = '3fe101'

// RFC 7541, appendix C: the blocks of one row share a decoder.
suite('the decoder reads the examples of RFC 7541', () => {
  const rows: readonly { name: string; blocks: readonly string[]; want: string[][][] }[] = [
    {
      name: 'C.2.1 literal with indexing',
      blocks: ['400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572', 'be'],
      want: [[['custom-key', 'custom-header']], [['custom-key', 'custom-header']]],
    },
    {
      name: 'C.2.2 literal without indexing',
      blocks: ['040c 2f73 616d 706c 652f 7061 7468'],
      want: [[[':path', '/sample/path']]],
    },
    {
      name: 'C.2.3 literal never indexed',
      blocks: ['1008 7061 7373 776f 7264 0673 6563 7265 74'],
      want: [[['password', 'secret']]],
    },
    { name: 'C.2.4 indexed', blocks: ['82'], want: [[[':method', 'GET']]] },
    {
      name: 'C.3 requests without Huffman',
      blocks: [
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '8286 84be 5808 6e6f 2d63 6163 6865',
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
      ],
      want: requests,
    },
    {
      name: 'C.4 requests with Huffman',
      blocks: [
        '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
        '8286 84be 5886 a8eb 1064 9cbf',
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
      ],
      want: requests,
    },
    {
      name: 'C.5 responses without Huffman, with eviction',
      blocks: [
        `${tableOf256} 4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133
         2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
        '4803 3330 37c1 c0bf',
        `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04
         677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49
         553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31`,
      ],
      want: responses,
    },
    {
      name: 'C.6 responses with Huffman, with eviction',
      blocks: [
        `${tableOf256} 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6
         2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
        '4883 640e ffc1 c0bf',
        `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7
         821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed
         4ee5 b106 3d50 07`,
      ],
      want: responses,
    },
  ]
  for (const { name, blocks, want } of rows) {
    test(name, () => {
      const decoder = new HpackDecoder(16_384)
      const got = blocks.map((block) => decodeWith(decoder, hex(block)))
      assert.deepEqual(
        got,
        want.map((list) => list.flat()),
      )
    })
  }
})

suite('the decoder refuses', () => {
  const rows: readonly { name: string; block: string; message: string }[] = [
    { name: 'index 0', block: '80', message: 'index 0 is in no table' },
    { name: 'an index behind the tables', block: 'be', message: 'index 62 is in no table' },
    { name: 'a name behind the tables', block: '7f00 0161', message: 'index 63 is in no table' },
    { name: 'an integer that does not end', block: 'ff80 8080 8080', message: 'of more than 28' },
    { name: 'an integer cut off', block: 'ff80', message: 'ends inside a field' },
    { name: 'a field without its value', block: '0001 61', message: 'ends inside a field' },
    { name: 'a string cut off', block: '0005 6162', message: 'longer than its block' },
    { name: 'a string of 200 MB', block: '007f 81ff ff5f', message: 'longer than its block' },
    { name: 'EOS in a Huffman string', block: '0084 ffff ffff 00', message: 'broken Huffman code' },
    // 'a' is 00011; padded with zeros, then with a whole byte of ones.
    { name: 'padding of zeros', block: '0081 18 0161', message: 'broken Huffman code' },
    { name: 'padding of 8 bits', block: '0082 1fff 0161', message: 'broken Huffman code' },
    { name: 'a table above the limit', block: '3fe2 1f', message: 'above SETTINGS_HEADER_TABLE' },
    { name: 'a table size after a field', block: '8220', message: 'update after a field' },
  ]
  for (const { name, block, message } of rows) {
    test(name, () => {
      assert.throws(
        () => decodeWith(new HpackDecoder(16_384), hex(block)),
        (error) => {
          assert.ok(error instanceof ConnectionError)
          assert.equal(error.code, ErrorCode.compressionError)
          assert.match(error.message, new RegExp(message))
          return true
        },
      )
    })
  }
})

suite('the table of the decoder', () => {
  const add = (name: string, value: string) =>
    Buffer.concat([
      Buffer.from([0x40, name.length]),
      Buffer.from(name),
      Buffer.from([0x7f, ((value.length - 127) % 128) | 0x80, (value.length - 127) >> 7]),
      Buffer.from(value),
    ])

  test('drops the oldest entries, and an entry that is too large empties it', () => {
    const decoder = new HpackDecoder(65_536)
    decodeWith(decoder, add('a', '1'.repeat(2000)))
    decodeWith(decoder, add('b', '2'.repeat(2000)))
    assert.equal(decodeWith(decoder, hex('bf'))?.[0], 'a')
    decodeWith(decoder, add('c', '3'.repeat(2000)))
    assert.equal(decodeWith(decoder, hex('bf'))?.[0], 'b')
    assert.throws(() => decodeWith(decoder, hex('c0')), /index 64/)
    decodeWith(decoder, add('d', '4'.repeat(5000)))
    assert.throws(() => decodeWith(decoder, hex('be')), /index 62/)
  })

  test('stays in step where a list exceeds the limit (HPACK bomb)', () => {
    const decoder = new HpackDecoder(8192)
    decodeWith(decoder, add('a', '1'.repeat(3500)))
    // 16,000 references of one byte to 3.5 kB each, and an entry behind them.
    const bomb = Buffer.concat([Buffer.alloc(16_000, 0xbe), add('b', '2'.repeat(200))])
    assert.equal(decodeWith(decoder, bomb), undefined)
    assert.deepEqual(decodeWith(decoder, hex('be')), ['b', '2'.repeat(200)])
  })

  test('counts empty fields too (CVE-2019-9516)', () => {
    const decoder = new HpackDecoder(3200)
    assert.equal(decodeWith(decoder, hex('000000'.repeat(100)))?.length, 200)
    assert.equal(decodeWith(decoder, hex('000000'.repeat(101))), undefined)
  })
})

suite('the encoder', () => {
  test('writes what the decoder reads, and leaves its table alone', () => {
    const fields = [
      [':status', '200'],
      [':status', '429'],
      ['content-type', 'application/grpc'],
      ['x-long', 'y'.repeat(20_000)],
      ['x-latin1', 'caf\xe9'],
      ['x-empty', ''],
    ] as const
    const decoder = new HpackDecoder(65_536)
    assert.deepEqual(decodeWith(decoder, encodeHeaders(fields)), fields.flat())
    assert.throws(() => decodeWith(decoder, hex('be')), /index 62/)
  })

  test('leaves out whitespace around a value', () => {
    const list = decodeWith(new HpackDecoder(4096), encodeHeaders([['x-token', ' a b\t']]))
    assert.deepEqual(list, ['x-token', 'a b'])
  })

  const refused: readonly (readonly [name: string, value: string])[] = [
    ['Upper', 'x'],
    ['with space', 'x'],
    ['', 'x'],
    ['x-a', 'line\nbreak'],
    ['x-a', 'nul\0'],
    ['x-a', 'snow ☃'],
  ]
  for (const [name, value] of refused) {
    test(`refuses ${JSON.stringify(name)}: ${JSON.stringify(value)}`, () => {
      assert.throws(() => encodeHeaders([[name, value]]), RangeError)
    })
  }
})
