import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { readPreset } from '../../test/support/presets.ts'
import { type FormatName, formatNames } from './catalogue.ts'
import { presetGuide } from './guide.ts'

interface Row {
  readonly text: string
  readonly time?: string
  readonly level: readonly [number, string]
  readonly message: string
  readonly want?: object
}

const at = '2026-11-21T09:15:30.123Z'
const trace =
  'java.lang.IllegalStateException: no stock: left\n\tat com.acme.Shop.sell(Shop.java:42)\nCaused by: java.io.IOException: x\n\t... 2 more'
const traceback =
  'Traceback (most recent call last):\n  File "x.py", line 3, in f\n    raise ValueError("a: b")\nValueError: a: b'

const log4j: readonly Row[] = [
  {
    text: '2026-11-21 10:15:30,123 [main] INFO  com.acme.Shop - a - b',
    time: at,
    level: [9, 'INFO'],
    message: 'a - b',
    want: { 'log.logger': 'com.acme.Shop', 'thread.name': 'main' },
  },
  {
    text: '10:15:30.123 [main] DEBUG com.acme.Shop -- started',
    time: at,
    level: [5, 'DEBUG'],
    message: 'started',
    want: { 'log.logger': 'com.acme.Shop', 'thread.name': 'main' },
  },
  {
    text: '23:15:30.123 [main] DEBUG com.acme.Shop - late',
    time: '2026-11-20T22:15:30.123Z',
    level: [5, 'DEBUG'],
    message: 'late',
    want: { 'log.logger': 'com.acme.Shop', 'thread.name': 'main' },
  },
  {
    text: '176 [main] INFO  org.acme.Bar - ready',
    level: [9, 'INFO'],
    message: 'ready',
    want: { 'log.logger': 'org.acme.Bar', 'thread.name': 'main' },
  },
  {
    text: '2026-11-21T10:15:30.123+01:00  WARN 4711 --- [shop] [nio-8080-exec-1] c.a.shop.Cart                 : empty: cart',
    time: at,
    level: [13, 'WARN'],
    message: 'empty: cart',
    want: { 'log.logger': 'c.a.shop.Cart', 'thread.name': 'nio-8080-exec-1', 'process.pid': 4711 },
  },
  {
    text: '2026-11-21 10:15:30.123  INFO 4711 --- [           main] c.a.Shop : up',
    time: at,
    level: [9, 'INFO'],
    message: 'up',
    want: { 'log.logger': 'c.a.Shop', 'thread.name': 'main', 'process.pid': 4711 },
  },
  {
    text: '[2026-11-21 10:15:30,123] INFO [Server id=0] started (kafka.server.Server)',
    time: at,
    level: [9, 'INFO'],
    message: '[Server id=0] started',
    want: { 'log.logger': 'kafka.server.Server' },
  },
  {
    text: '21-Nov-2026 10:15:30.123 SEVERE [main] org.acme.Catalina.start failed in [12] ms',
    time: at,
    level: [17, 'SEVERE'],
    message: 'failed in [12] ms',
    want: { 'log.logger': 'org.acme.Catalina.start', 'thread.name': 'main' },
  },
  {
    text: '10:15:30,123 INFO  [org.jboss.as] (Controller Boot Thread) started',
    time: at,
    level: [9, 'INFO'],
    message: 'started',
    want: { 'log.logger': 'org.jboss.as', 'thread.name': 'Controller Boot Thread' },
  },
  {
    text: '2026-11-21 10:15:30,123 [myid:1] - INFO  [main:Peer@127] - Starting',
    time: at,
    level: [9, 'INFO'],
    message: 'Starting',
    want: { 'thread.name': 'main:Peer@127' },
  },
  {
    text: 'INFO  [main] 2026-11-21 10:15:30,123 Daemon.java:507 - Hostname: x',
    time: at,
    level: [9, 'INFO'],
    message: 'Hostname: x',
    want: { 'thread.name': 'main' },
  },
  {
    text: '2026-11-21 10:15:30,123 INFO org.acme.NameNode: up',
    time: at,
    level: [9, 'INFO'],
    message: 'up',
    want: { 'log.logger': 'org.acme.NameNode' },
  },
  {
    text: '2026-11-21 10:15:30 ERROR something went wrong',
    time: '2026-11-21T09:15:30Z',
    level: [17, 'ERROR'],
    message: 'something went wrong',
  },
  {
    text: '2026-11-21 10:15:30,123 [INFO ] [main] [c.a.Shop] - x',
    time: at,
    level: [9, 'INFO'],
    message: 'x',
    want: { 'thread.name': 'main', 'log.logger': 'c.a.Shop' },
  },
  {
    text: `Nov 21, 2026 9:15:30 PM com.acme.Shop sell\nSEVERE: cannot: sell\n${trace}`,
    time: '2026-11-21T20:15:30Z',
    level: [17, 'SEVERE'],
    message: 'cannot: sell',
    want: {
      'log.logger': 'com.acme.Shop',
      'code.function.name': 'com.acme.Shop.sell',
      'exception.type': 'java.lang.IllegalStateException',
      'exception.message': 'no stock: left',
      'exception.stacktrace': trace,
    },
  },
  {
    text: 'Nov 21, 2026 12:15:30 AM shop\nINFO: up',
    time: '2026-11-20T23:15:30Z',
    level: [9, 'INFO'],
    message: 'up',
    want: { 'log.logger': 'shop' },
  },
  {
    text: `2026-11-21 10:15:30,123 ERROR Shop:42 - cannot sell\n${trace}`,
    time: at,
    level: [17, 'ERROR'],
    message: 'cannot sell',
    want: {
      'log.logger': 'Shop',
      'code.line.number': 42,
      'exception.type': 'java.lang.IllegalStateException',
      'exception.message': 'no stock: left',
      'exception.stacktrace': trace,
    },
  },
]

const python: readonly Row[] = [
  {
    text: 'WARNING:root:disk: full',
    level: [13, 'WARNING'],
    message: 'disk: full',
    want: { 'log.logger': 'root' },
  },
  {
    text: '2026-11-21 10:15:30,123 - shop.cart - INFO - a - b',
    time: at,
    level: [9, 'INFO'],
    message: 'a - b',
    want: { 'log.logger': 'shop.cart' },
  },
  {
    text: '2026-11-21 10:15:30,123 - INFO - a - b',
    time: at,
    level: [9, 'INFO'],
    message: 'a - b',
  },
  {
    text: '2026-11-21 10:15:30,123 INFO shop.cart: added',
    time: at,
    level: [9, 'INFO'],
    message: 'added',
    want: { 'log.logger': 'shop.cart' },
  },
  {
    text: '2026-11-21 10:15:30,123 [INFO] shop.cart: added',
    time: at,
    level: [9, 'INFO'],
    message: 'added',
    want: { 'log.logger': 'shop.cart' },
  },
  {
    text: '2026-11-21 10:15:30,123 INFO     [shop.cart] added',
    time: at,
    level: [9, 'INFO'],
    message: 'added',
    want: { 'log.logger': 'shop.cart' },
  },
  {
    text: '[2026-11-21 10:15:30 +0000] [4711] [INFO] Booting',
    time: '2026-11-21T10:15:30Z',
    level: [9, 'INFO'],
    message: 'Booting',
    want: { 'process.pid': 4711 },
  },
  {
    text: 'INFO:     127.0.0.1:5 - "GET / HTTP/1.1" 200 OK',
    level: [9, 'INFO'],
    message: '127.0.0.1:5 - "GET / HTTP/1.1" 200 OK',
  },
  {
    text: '[2026-11-21 10:15:30,123: WARNING/MainProcess] ready.',
    time: at,
    level: [13, 'WARNING'],
    message: 'ready.',
    want: { 'process.name': 'MainProcess' },
  },
  {
    text: '2026-11-21 10:15:30.123 | CRITICAL | shop.cart:add:42 - added',
    time: at,
    level: [21, 'CRITICAL'],
    message: 'added',
    want: { 'log.logger': 'shop.cart', 'code.line.number': 42 },
  },
  {
    text: `[2026-11-21 10:15:30,123] ERROR in app: failed\n${traceback}`,
    time: at,
    level: [17, 'ERROR'],
    message: 'failed',
    want: {
      'log.logger': 'app',
      'exception.type': 'ValueError',
      'exception.message': 'a: b',
      'exception.stacktrace': traceback,
    },
  },
]

const klog: readonly Row[] = [
  {
    text: 'I1121 10:15:30.123000    4711 a/server.go:42] "Pod \\"x\\"" pod="kube-system/dns" ready=true',
    time: at,
    level: [9, 'I'],
    message: 'Pod "x"',
    want: {
      'thread.id': 4711,
      'code.file.path': 'a/server.go',
      'code.line.number': 42,
      pod: 'kube-system/dns',
      ready: 'true',
    },
  },
  {
    text: 'E1121 10:15:30.123456       1 a.go:1] failed: x\ngoroutine 1 [running]:',
    time: '2026-11-21T09:15:30.123456Z',
    level: [17, 'E'],
    message: 'failed: x\ngoroutine 1 [running]:',
    want: { 'thread.id': 1, 'code.file.path': 'a.go', 'code.line.number': 1 },
  },
  {
    text: 'I1121 10:15:30.123000 1 a.go:1] "done" a=1 out=<\n\tone = 1 >\n\t\n\t\t> two\n > b=<\n\t >\n > c="d"',
    time: at,
    level: [9, 'I'],
    message: 'done',
    want: {
      'thread.id': 1,
      'code.file.path': 'a.go',
      'code.line.number': 1,
      a: '1',
      out: 'one = 1 >\n\n\t> two',
      b: ' >',
      c: 'd',
    },
  },
  {
    text: 'I1121 10:15:30.123000 1 a.go:1] "done" out=<\n\tone\n >\ngoroutine 1',
    time: at,
    level: [9, 'I'],
    message: '"done" out=<\n\tone\n >\ngoroutine 1',
    want: { 'thread.id': 1, 'code.file.path': 'a.go', 'code.line.number': 1, out: 'one' },
  },
  {
    text: 'I1121 10:15:30.123000 1 a.go:1] "done" a=1 out=<\n\tone',
    time: at,
    level: [9, 'I'],
    message: '"done" a=1 out=<\n\tone',
    want: { 'thread.id': 1, 'code.file.path': 'a.go', 'code.line.number': 1, a: '1', out: '<' },
  },
  {
    text: 'F1231 10:15:30.000000 1 a.go:1] "a" b',
    time: '2025-12-31T09:15:30Z',
    level: [21, 'F'],
    message: '"a" b',
    want: { 'thread.id': 1, 'code.file.path': 'a.go', 'code.line.number': 1 },
  },
]

const logfmt: readonly Row[] = [
  {
    text: 'time=2026-11-21T10:15:30.123+01:00 level=info msg="a \\"b\\"" n=1 empty= "q k"=v',
    time: at,
    level: [9, 'info'],
    message: 'a "b"',
    want: {
      time: '2026-11-21T10:15:30.123+01:00',
      level: 'info',
      msg: 'a "b"',
      n: '1',
      empty: '',
      'q k': 'v',
    },
  },
  {
    text: 'ts=1795252530.123 lvl=eror',
    time: '2026-11-21T09:15:30.123Z',
    level: [0, ''],
    message: 'ts=1795252530.123 lvl=eror',
    want: { ts: '1795252530.123', lvl: 'eror' },
  },
  {
    text: 't=1 timestamp=1795252530123456789 level=warn',
    time: '2026-11-21T09:15:30.123456789Z',
    level: [13, 'warn'],
    message: 't=1 timestamp=1795252530123456789 level=warn',
    want: { t: '1', timestamp: '1795252530123456789', level: 'warn' },
  },
]

const json: readonly Row[] = [
  {
    text: '{"time":"2026-11-21T09:15:30.123Z","level":"warn","msg":"empty","cart":{"id":7}}',
    time: at,
    level: [13, 'warn'],
    message: 'empty',
    want: { time: '2026-11-21T09:15:30.123Z', level: 'warn', msg: 'empty', cart: { id: 7 } },
  },
  {
    text: '{"level":30,"time":1795252530123,"msg":"x"}',
    time: at,
    level: [9, '30'],
    message: 'x',
    want: { level: 30, time: 1795252530123, msg: 'x' },
  },
  {
    text: '{"severity":"ERROR","@timestamp":"2026-11-21 10:15:30,123","message":"a\\nb\\u00e4"}',
    time: at,
    level: [17, 'ERROR'],
    message: 'a\nbä',
    want: { severity: 'ERROR', '@timestamp': '2026-11-21 10:15:30,123', message: 'a\nbä' },
  },
  {
    text: '{"time":"noon","level":"loud","a":null}',
    level: [0, ''],
    message: '{"time":"noon","level":"loud","a":null}',
    want: { time: 'noon', level: 'loud', a: null },
  },
  {
    text: '{"level":3,"ts":1795252530.5}',
    time: '2026-11-21T09:15:30.5Z',
    level: [17, '3'],
    message: '{"level":3,"ts":1795252530.5}',
    want: { level: 3, ts: 1795252530.5 },
  },
]

const postgres: readonly Row[] = [
  {
    text: '2026-11-21 10:15:30.123 CET [4711] LOG:  ready: yes',
    time: at,
    level: [9, 'LOG'],
    message: 'ready: yes',
    want: { 'process.pid': 4711 },
  },
  {
    text: '2026-11-21 09:15:30.123 UTC [7] app@shop ERROR:  duplicate key\n2026-11-21 09:15:30.123 UTC [7] app@shop DETAIL:  Key exists.\n2026-11-21 09:15:30.123 UTC [7] app@shop STATEMENT:  INSERT INTO x\n\tVALUES (1)',
    time: at,
    level: [17, 'ERROR'],
    message: 'duplicate key',
    want: {
      'process.pid': 7,
      'user.name': 'app',
      'db.namespace': 'shop',
      'db.query.text': 'INSERT INTO x\n\tVALUES (1)',
    },
  },
  {
    text: '2026-11-21 09:15:30 UTC [7]: [3-1] user=app,db=shop,app=psql,client=10.0.0.7 LOG:  duration: 12.345 ms  statement: SELECT 1',
    time: '2026-11-21T09:15:30Z',
    level: [9, 'LOG'],
    message: 'duration: 12.345 ms  statement: SELECT 1',
    want: {
      'process.pid': 7,
      'user.name': 'app',
      'db.namespace': 'shop',
      'postgresql.application_name': 'psql',
      'client.address': '10.0.0.7',
      'postgresql.duration_ms': 12.345,
      'db.query.text': 'SELECT 1',
    },
  },
  {
    text: '2026-11-21 09:15:30 UTC:10.0.0.7(51234):app@shop:[7]:FATAL:  no password',
    time: '2026-11-21T09:15:30Z',
    level: [21, 'FATAL'],
    message: 'no password',
    want: {
      'client.address': '10.0.0.7',
      'client.port': 51234,
      'user.name': 'app',
      'db.namespace': 'shop',
      'process.pid': 7,
    },
  },
  {
    text: '2026-11-21 09:15:30 UTC [7] [unknown]@[unknown] PANIC:  x',
    time: '2026-11-21T09:15:30Z',
    level: [22, 'PANIC'],
    message: 'x',
    want: { 'process.pid': 7 },
  },
]

const javaStack: readonly Row[] = [
  {
    text: `order 7 failed\n${trace}`,
    level: [17, ''],
    message: 'order 7 failed',
    want: {
      'exception.type': 'java.lang.IllegalStateException',
      'exception.message': 'no stock: left',
      'exception.stacktrace': trace,
    },
  },
  {
    text: 'Exception in thread "main" java.lang.Error\n\tat a.B.c(B.java:1)',
    level: [17, ''],
    message: 'Exception in thread "main" java.lang.Error\n\tat a.B.c(B.java:1)',
    want: {
      'exception.type': 'java.lang.Error',
      'exception.stacktrace': 'java.lang.Error\n\tat a.B.c(B.java:1)',
    },
  },
  { text: 'x [WARN] y', level: [13, 'WARN'], message: 'x [WARN] y' },
  { text: 'plain', level: [0, ''], message: 'plain' },
]

const tables: readonly (readonly [FormatName, readonly Row[]])[] = [
  ['log4j', log4j],
  ['python', python],
  ['klog', klog],
  ['logfmt', logfmt],
  ['json', json],
  ['postgres', postgres],
  ['java_stack', javaStack],
]
for (const [preset, rows] of tables) {
  suite(preset, () => {
    for (const { text, time, level, message, want = {} } of rows) {
      test(text, () => {
        assert.deepEqual(readPreset(preset, text), { time, level, attributes: want, message })
      })
    }
  })
}

suite('not read', () => {
  const rows: readonly (readonly [FormatName, string, string])[] = [
    ['log4j', 'hello', 'it begins with no time'],
    ['log4j', '2026-11-21 10:15:30,123 hello', 'it has no level'],
    ['log4j', 'Nov 21, 2026 9:15:30 PM com.acme.Shop sell', 'its second line has no level'],
    ['log4j', 'Nov 31, 2026 9:15:30 PM x\nINFO: y', 'it begins with no time'],
    ['log4j', '2026-02-30 10:15:30,123 INFO x', 'it begins with no time'],
    ['python', 'hello', 'it begins with no time and no level'],
    ['python', '[2026-11-21 10:15:30,123: x] y', 'it has no level behind its time'],
    ['klog', 'I1121 hello', 'it begins with no head such as I1121 10:15:30.123456'],
    ['klog', 'W0229 10:15:30.123456 1 a.go:1] x', 'its time cannot be read'],
    ['klog', 'W1121 10:15:30.123456 1 a.go:x] y', 'it has no file and line with a bracket behind'],
    ['logfmt', 'a=1', 'it has less than two pairs such as key=value'],
    ['logfmt', 'a=1 a=2', 'it is more than pairs such as key=value, or a key comes twice'],
    ['logfmt', 'a=1 b="x', 'it is more than pairs such as key=value, or a key comes twice'],
    ['json', '[1]', 'it is JSON, but not an object'],
    ['json', '{"a":', 'it is not JSON'],
    ['postgres', 'hello', 'it begins with no time'],
    ['postgres', '2026-11-21 10:15:30.123 UTC [1] hello', 'it has no severity such as "LOG:  "'],
  ]
  for (const [preset, text, reason] of rows) {
    test(`${preset}: ${text}`, () => assert.equal(readPreset(preset, text), reason))
  }
})

suite('every preset', () => {
  for (const name of formatNames) {
    const pieces = presetGuide[name].example.split(/(?<=[\s:["=,)\]])/)
    test(`${name}: both ways agree on whatever its lines are torn to`, () => {
      const text = fc.array(
        fc.oneof({ arbitrary: fc.constantFrom(...pieces), weight: 9 }, fc.string({ maxLength: 4 })),
        { maxLength: 30 },
      )
      fc.assert(
        fc.property(text, (parts) => {
          readPreset(name, parts.join(''))
        }),
        { numRuns: 300 },
      )
      fc.assert(
        fc.property(fc.nat(presetGuide[name].example.length), (cut) => {
          readPreset(name, presetGuide[name].example.slice(0, cut))
        }),
        { numRuns: 60 },
      )
    })
  }
})
