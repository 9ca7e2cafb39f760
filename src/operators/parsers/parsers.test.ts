import { suite, test } from 'node:test'
import { checkOperators, type OperatorRow } from '../../../test/support/operators.ts'

/** The operator, the line, and the attributes; or the reason why it is not parsed. */
type Line = readonly [object, string, object | string]

function rowOf([op, body, want]: Line): OperatorRow {
  const { type } = op as { type: string }
  const attributes = typeof want === 'string' ? { 'log.parse.error': `${type}: ${want}` } : want
  return { name: `${JSON.stringify(op)}: ${body}`, ops: [op], body, want: { attributes } }
}

suite('csv_parser', () => {
  const csv = { type: 'csv_parser', header: 'a,b,c' }
  const rows: readonly Line[] = [
    [csv, '1,x,', { a: '1', b: 'x', c: '' }],
    [csv, '"1,1","say ""hi""","two\nlines"', { a: '1,1', b: 'say "hi"', c: 'two\nlines' }],
    [csv, '1,2', 'it has 2 columns for 3 names'],
    [csv, '1,2,3,4', 'it has 4 columns for 3 names'],
    [csv, '1,"2,3', 'it has a quote that is not closed'],
    [csv, '1,"2"x,3', 'it has text behind a closing quote'],
    [csv, '1,2"x,3', 'it has a quote inside of a cell'],
    [{ ...csv, lazy_quotes: true }, '1,2"x,"3"y"', { a: '1', b: '2"x', c: '3"y' }],
    [{ ...csv, ignore_quotes: true }, '"1,2",3', { a: '"1', b: '2"', c: '3' }],
    [{ ...csv, delimiter: '\t', header_delimiter: ',' }, '1\t2\t3', { a: '1', b: '2', c: '3' }],
    [{ type: 'csv_parser', header: 'a' }, '', { a: '' }],
    [
      { type: 'csv_parser', header_attribute: 'h' },
      '1',
      'the attribute with the header is not there or not a string',
    ],
  ]
  for (const line of rows) test(rowOf(line).name, () => checkOperators(rowOf(line)))

  test('takes the header of each record from an attribute', () => {
    checkOperators({
      name: 'header_attribute',
      ops: [{ type: 'csv_parser', header_attribute: 'h' }],
      body: '1,2',
      attributes: { h: 'x,y' },
      want: { attributes: { h: 'x,y', x: '1', y: '2' } },
    })
  })
})

suite('key_value_parser', () => {
  const kv = { type: 'key_value_parser' }
  const rows: readonly Line[] = [
    [kv, 'a=1 b=two', { a: '1', b: 'two' }],
    [kv, 'msg="two words" s=\'it is\'  e=', { msg: 'two words', s: 'it is', e: '' }],
    [kv, 'url=http://x?a=b "q k"="v \\" w"', { url: 'http://x?a=b', 'q k': 'v " w' }],
    [{ ...kv, delimiter: ':', pair_delimiter: ',' }, 'a: 1, b: "x, y"', { a: '1', b: 'x, y' }],
    [{ ...kv, delimiter: '::', pair_delimiter: '!!' }, 'a::1!!b::2', { a: '1', b: '2' }],
    [kv, 'a=1 word', 'it has a part without "="'],
    [kv, 'a="open', 'it has a quote that is not closed'],
    [kv, '   ', 'it is empty'],
  ]
  for (const line of rows) test(rowOf(line).name, () => checkOperators(rowOf(line)))
})

suite('uri_parser', () => {
  const uri = { type: 'uri_parser' }
  const rows: readonly Line[] = [
    [
      uri,
      'https://me:secret@example.com:8443/a%20b/c?x=1&x=2&y=%2B+z&empty#top',
      {
        scheme: 'https',
        user: 'me',
        host: 'example.com',
        port: '8443',
        path: '/a%20b/c',
        query: { x: ['1', '2'], y: ['+ z'], empty: [''] },
        fragment: 'top',
      },
    ],
    [uri, '/path?a=b', { path: '/path', query: { a: ['b'] } }],
    [uri, '?a=b', { query: { a: ['b'] } }],
    [uri, 'http://[::1]:80/', { scheme: 'http', host: '::1', port: '80', path: '/' }],
    [uri, 'mailto:a@b.c', { scheme: 'mailto', path: 'a@b.c' }],
    [uri, 'has space', 'it is not a URI'],
    [uri, '/%zz', 'it is not a URI'],
  ]
  for (const line of rows) test(rowOf(line).name, () => checkOperators(rowOf(line)))
})

suite('json_array_parser', () => {
  test('puts the list into the body', () => {
    const ops = [{ type: 'json_array_parser' }]
    checkOperators({
      name: '',
      ops,
      body: '[1,"x",{"a":null}]',
      want: { body: [1, 'x', { a: null }] },
    })
  })
  const names = { type: 'json_array_parser', header: 'a,b', parse_to: 'attributes' }
  const rows: readonly Line[] = [
    [names, '[1,"x"]', { a: 1, b: 'x' }],
    [names, '[1]', 'it has 1 items for 2 names'],
    [names, '{}', 'it is JSON, but not a list'],
  ]
  for (const line of rows) test(rowOf(line).name, () => checkOperators(rowOf(line)))
})

suite('syslog_parser', () => {
  const bsd = { type: 'syslog_parser', protocol: 'rfc3164' }
  const ietf = { type: 'syslog_parser', protocol: 'rfc5424' }
  const auth = { priority: 34, facility: 4, facility_text: 'auth' }
  const rows: readonly (readonly [...Line, object?])[] = [
    [
      bsd,
      "<34>Jan 11 22:14:15 mymachine su[230]: 'su root' failed",
      {
        ...auth,
        hostname: 'mymachine',
        appname: 'su',
        proc_id: '230',
        message: "'su root' failed",
      },
      { severity: [18, 'crit'] },
    ],
    [
      bsd,
      '<34>2003-10-11T22:14:15.003Z host app: text',
      { ...auth, hostname: 'host', appname: 'app', message: 'text' },
      { time: '2003-10-11T22:14:15.003Z' },
    ],
    [
      { ...bsd, allow_skip_pri_header: true },
      'Jan  1 02:03:04 host just text',
      { hostname: 'host', message: 'just text' },
      { severity: [0, ''] },
    ],
    [bsd, '<34>Jan 11 22:14:15 su: gone', { ...auth, appname: 'su', message: 'gone' }],
    [bsd, 'Jan 11 22:14:15 h a: b', 'it has no priority such as <34> in front'],
    [bsd, '<192>Jan 11 22:14:15 h a: b', 'its priority is above 191'],
    [bsd, '<34>yesterday', 'it has no time where RFC 3164 wants one'],
    [bsd, '<34>Jan 41 22:14:15 h a: b', 'its time cannot be read'],
    [
      ietf,
      '<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \ufeffmsg',
      {
        ...auth,
        version: 1,
        hostname: 'mymachine.example.com',
        appname: 'su',
        msg_id: 'ID47',
        message: 'msg',
      },
      { time: '2003-10-11T22:14:15.003Z', severity: [18, 'crit'] },
    ],
    [
      ietf,
      '<165>1 - h app 10 - [id@1 a="1" b="\\"\\]"][x] text',
      {
        priority: 165,
        facility: 20,
        facility_text: 'local4',
        version: 1,
        hostname: 'h',
        appname: 'app',
        proc_id: '10',
        structured_data: { 'id@1': { a: '1', b: '"]' }, x: {} },
        message: 'text',
      },
      { time: undefined, severity: [10, 'notice'] },
    ],
    [
      { ...ietf, enable_octet_counting: true },
      '99 <34>1 - - - - - -',
      'its length is not the one in front',
    ],
    [ietf, '<34>1 - - - - - -', { ...auth, version: 1 }],
    [ietf, '<34>1 - - - - - [x', 'its structured data cannot be read'],
    [ietf, '<34>1 - - - - - [x]y', 'it is not of RFC 5424'],
    [ietf, '<34>1 then - - - - -', 'its time cannot be read'],
    [ietf, '<34>nothing', 'it is not of RFC 5424'],
  ]
  for (const [op, body, want, others = {}] of rows) {
    const row = rowOf([op, body, want])
    test(row.name, () => checkOperators({ ...row, want: { ...row.want, ...others } }))
  }
})
