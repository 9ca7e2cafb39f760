import assert from 'node:assert/strict'
import { appendFile, rename, writeFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { TailHarness } from '../../../test/support/tail.ts'

const access = (path: string, status = 200) =>
  `203.0.113.9 - - [21/Nov/2026:10:15:30 +0100] "GET ${path} HTTP/1.1" ${status} 1 "-" "k6"`
const event = (text: string, level = 'INFO') =>
  `2026-11-21 10:15:30,123 [main] ${level} com.acme.Shop - ${text}`
const trace = 'java.lang.IllegalStateException: no stock\n\tat com.acme.Shop.sell(Shop.java:42)'
const file = { 'log.file.name': 'app.log' }

suite('a preset', () => {
  test('reads each line, and lets those go on that do not fit, with the reason', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('app.log'), `${access('/a')}\nhello\n${access('/b', 500)}\n`)
    await tail.start({ preset: 'nginx_access' })
    await tail.untilRecords(3)
    const [a, hello, b] = tail.records
    assert.deepEqual(
      [a?.body, a?.severityNumber, a?.timeUnixNano, a?.attributes['url.path']],
      [access('/a'), 9, '1795252530000000000', '/a'],
    )
    assert.deepEqual(hello?.attributes, {
      ...file,
      'log.parse.error': 'nginx_access: it has no time such as [21/Nov/2026:10:15:30 +0100]',
    })
    assert.deepEqual([hello?.body, b?.severityNumber], ['hello', 17])
    assert.equal(tail.value('remora_operator_errors', { operator: 'nginx_access' }), 1)
    assert.equal(tail.value('remora_operator_dropped', { operator: 'nginx_access' }), 0)
  })

  test('puts lines together, in order, and gives the last record up after the flush period', async () => {
    await using tail = await TailHarness.create()
    const records = ['started before', event('a'), `${event('b', 'ERROR')}\n${trace}`, event('c')]
    await writeFile(tail.path('app.log'), `${records.join('\n')}\n`)
    await tail.start({ preset: 'log4j', force_flush_period: '50ms' })
    await tail.untilRecords(4)
    assert.deepEqual(tail.bodies, records)
    assert.deepEqual(
      tail.records.map(
        ({ attributes }) => attributes['exception.type'] ?? attributes['log.parse.error'],
      ),
      ['log4j: it begins with no time', undefined, 'java.lang.IllegalStateException', undefined],
    )
  })

  test('waits for the rest of a record that is written in pieces', async () => {
    await using tail = await TailHarness.create()
    await tail.start({ preset: 'log4j', force_flush_period: '60s' })
    for (const piece of [
      event('a'),
      '\njava.lang.Error: x',
      '\n\tat a.B',
      '.c(B.java:1)\n',
      event('b'),
      '\n',
      `${event('c')}\n`,
    ]) {
      await appendFile(tail.path('app.log'), piece)
      await tail.polls(2)
    }
    await tail.untilRecords(2)
    assert.deepEqual(tail.bodies, [
      `${event('a')}\njava.lang.Error: x\n\tat a.B.c(B.java:1)`,
      event('b'),
    ])
  })

  test('cuts a record that never ends', async () => {
    await using tail = await TailHarness.create()
    const line = `${'x'.repeat(99)}\n`
    await writeFile(
      tail.path('app.log'),
      `${event('a')}\n${line.repeat(100)}${event('b')}\n${event('c')}\n`,
    )
    await tail.start({ preset: 'log4j', max_log_size: '1000' })
    await tail.until('the record behind it', () => tail.bodies.includes(event('b')))
    const lengths = tail.bodies.map((body) => String(body).length)
    assert.ok(Math.max(...lengths) <= 1000, `${Math.max(...lengths)}`)
    const text = tail.bodies.join('').replaceAll('\n', '')
    assert.equal(text.length, event('a').length + 9900 + event('b').length)
  })

  test('runs in front of the operators, which see what it found', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('app.log'), `${access('/a')}\n${access('/healthz')}\nhello\n`)
    await tail.start({
      preset: 'nginx_access',
      operators: [
        { type: 'filter', expr: 'attributes["url.path"] == "/healthz"' },
        { type: 'add', field: 'attributes.level', value: 'EXPR(severity_number)' },
      ],
    })
    await tail.untilRecords(2)
    assert.deepEqual(
      tail.records.map(({ attributes }) => [attributes['url.path'], attributes['level']]),
      [
        ['/a', 9],
        [undefined, 0],
      ],
    )
  })

  test('keeps an attribute of the configuration that has the name of one of its own, read or not', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('app.log'), `${access('/a')}\n`)
    await tail.start({ preset: 'nginx_access', attributes: { 'url.path': 'mine' } })
    await tail.untilRecords(1)
    assert.equal(tail.records[0]?.attributes['url.path'], '/a')
  })

  test('makes the message the body, if asked', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('app.log'), `${event('a')}\n${event('b')}\n`)
    await tail.start({ preset: 'log4j', preset_body: 'message' })
    await tail.untilRecords(1)
    assert.deepEqual(tail.bodies, ['a'])
  })

  test('reads behind a container operator what that makes of the lines, each stream by itself', async () => {
    await using tail = await TailHarness.create()
    const lines = [
      ['stdout', 'F', event('a', 'ERROR')],
      ['stderr', 'F', event('b')],
      ['stdout', 'P', 'java.lang.IllegalState'],
      ['stdout', 'F', 'Exception: no stock'],
      ['stdout', 'F', '\tat com.acme.Shop.sell(Shop.java:42)'],
      ['stdout', 'F', event('c')],
      ['stderr', 'F', 'hello'],
    ].map((parts) => `2026-11-21T09:15:31.000000000Z ${parts.join(' ')}\n`)
    await writeFile(tail.path('app.log'), lines.join(''))
    await tail.start({
      preset: 'log4j',
      operators: [{ type: 'container', add_metadata_from_filepath: false }],
    })
    await tail.untilRecords(3)
    const bodies = tail.bodies.map(String).sort()
    assert.deepEqual(
      bodies,
      [`${event('a', 'ERROR')}\n${trace}`, `${event('b')}\nhello`, event('c')].sort(),
    )
    const failed = tail.records.find(({ severityNumber }) => severityNumber === 17)
    assert.equal(failed?.attributes['exception.message'], 'no stock')
    assert.equal(failed?.attributes['log.iostream'], 'stdout')
  })
})

suite('preset: auto', () => {
  const said = (tail: TailHarness): Record<string, unknown>[] =>
    tail.settings.logger.entries
      .filter(({ message }) => message.startsWith('preset auto'))
      .map(
        ({ level, fields: { file: _, ...rest } }): Record<string, unknown> => ({ level, ...rest }),
      )
      .sort((a, b) => String(a['preset']).localeCompare(String(b['preset'])))

  test('says what it chose, for each file by itself', async () => {
    await using tail = await TailHarness.create()
    await writeFile(
      tail.path('a.log'),
      `${Array.from({ length: 30 }, (_, i) => access(`/${i}`)).join('\n')}\n`,
    )
    await writeFile(tail.path('b.log'), '{"msg":"x","level":"warn"}\n{"msg":"y"}\n')
    await writeFile(tail.path('c.log'), 'nothing\nwith a\nshape\n')
    await tail.start({ preset: 'auto' })
    await tail.untilRecords(35)
    assert.deepEqual(said(tail), [
      { level: 'info', preset: 'json', confidence: 0.66, why: '2 of the first 2 lines fit' },
      {
        level: 'info',
        preset: 'nginx_access',
        confidence: 0.96,
        why: '30 of the first 30 lines fit, and apache_access as well',
      },
      {
        level: 'warn',
        preset: 'none',
        confidence: 0,
        why: '0 of the first 3 lines fit the best preset',
      },
    ])
    const plain = tail.records.filter(({ attributes }) => attributes['log.file.name'] === 'c.log')
    assert.deepEqual(
      plain.map(({ body, attributes }) => [body, attributes['log.parse.error']]),
      ['nothing', 'with a', 'shape'].map((body) => [body, 'auto: no preset fits']),
    )
    assert.equal(tail.value('remora_operator_errors', { operator: 'auto' }), 3)
  })

  test('decides anew after a rotation', async () => {
    await using tail = await TailHarness.create()
    await writeFile(tail.path('app.log'), `${access('/a')}\n`)
    await tail.start({ preset: 'auto', include: [tail.path('app.log')] })
    await tail.untilRecords(1)
    await rename(tail.path('app.log'), tail.path('app.1'))
    await writeFile(tail.path('app.log'), 'level=info msg=x a=1\n')
    await tail.untilRecords(2)
    assert.equal(tail.records[1]?.attributes['msg'], 'x')
    assert.equal(said(tail).length, 2)
  })

  test('decides anew when what it chose fits no more, and loses nothing meanwhile', async () => {
    await using tail = await TailHarness.create()
    const first = Array.from({ length: 40 }, (_, i) => access(`/${i}`))
    await writeFile(tail.path('app.log'), `${first.join('\n')}\n`)
    await tail.start({ preset: 'auto' })
    await tail.untilRecords(40)
    for (let round = 0; round < 3; round++) {
      const more = Array.from({ length: 50 }, (_, i) => `level=info msg=x i=${i}`)
      await appendFile(tail.path('app.log'), `${more.join('\n')}\n`)
      await tail.untilRecords(90 + 50 * round)
    }
    assert.equal(said(tail)[0]?.['preset'], 'logfmt')
    assert.equal(said(tail)[0]?.['instead_of'], 'nginx_access')
    assert.equal(tail.records.length, 190)
    assert.equal(tail.records.at(-1)?.attributes['i'], '49')
  })
})
