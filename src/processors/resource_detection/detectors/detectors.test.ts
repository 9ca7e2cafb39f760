import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { Environment } from './detector.ts'
import { parseDownwardPairs } from './downward-files.ts'
import { envDetector } from './env.ts'
import { kubernetesDetector } from './kubernetes.ts'
import { systemAttributes, systemDetector } from './system.ts'

const silent = (message: string) => assert.fail(message)

suite('the detector env', () => {
  const rows: readonly (readonly [name: string, env: Environment, want: object])[] = [
    ['nothing', {}, {}],
    ['pairs', { OTEL_RESOURCE_ATTRIBUTES: 'a=b,c=d' }, { a: 'b', c: 'd' }],
    ['spaces around them', { OTEL_RESOURCE_ATTRIBUTES: ' a = b , c=d, ' }, { a: 'b', c: 'd' }],
    [
      'percent-encoding',
      { OTEL_RESOURCE_ATTRIBUTES: 'a%2Cb=c%3Dd%20,x=%C3%A9' },
      { 'a,b': 'c=d ', x: 'é' },
    ],
    [
      'an empty value, and one with "="',
      { OTEL_RESOURCE_ATTRIBUTES: 'a=,b=c=d' },
      { a: '', b: 'c=d' },
    ],
    ['the name of the service', { OTEL_SERVICE_NAME: 'shop' }, { 'service.name': 'shop' }],
    [
      'the name of the service, which wins',
      { OTEL_RESOURCE_ATTRIBUTES: 'service.name=x,a=b', OTEL_SERVICE_NAME: 'shop' },
      { 'service.name': 'shop', a: 'b' },
    ],
  ]
  for (const [name, env, want] of rows) {
    test(`reads ${name}`, async () => {
      assert.deepEqual(await envDetector(env).detect(silent), want)
    })
  }

  for (const [text, want] of [
    ['a', 'it must be key=value,key=value'],
    ['a=b,=c', 'it must be key=value,key=value'],
    ['a=100%', 'a "%" in it begins no %XX'],
  ]) {
    test(`discards ${text} as a whole, and says why`, async () => {
      const complaints: string[] = []
      const env = { OTEL_RESOURCE_ATTRIBUTES: text, OTEL_SERVICE_NAME: 'shop' }
      const found = await envDetector(env).detect((message) => complaints.push(message))
      assert.deepEqual(found, { 'service.name': 'shop' })
      assert.deepEqual(complaints, [`OTEL_RESOURCE_ATTRIBUTES is not used: ${want}`])
    })
  }
})

suite('the detector system', () => {
  test('says what is asked', async () => {
    const detector = systemDetector({ enabled: new Set(systemAttributes), hostnameSources: ['os'] })
    const found = await detector.detect(silent)
    assert.equal(found['host.name'], os.hostname())
    assert.equal(found['os.type'], process.platform)
    assert.equal(found['host.arch'], { x64: 'amd64', arm64: 'arm64' }[process.arch as 'x64'])
    assert.match(String(found['os.description']), new RegExp(os.release()))
    for (const mac of found['host.mac'] as string[])
      assert.match(mac, /^[0-9A-F]{2}(-[0-9A-F]{2})+$/)
  })

  test('finds some name, whatever the name server knows', async () => {
    const detector = systemDetector({
      enabled: new Set(['host.name']),
      hostnameSources: ['dns', 'os'],
    })
    const found = await detector.detect(silent)
    assert.ok(String(found['host.name']).startsWith(os.hostname()), String(found['host.name']))
  })
})

suite('the detector kubernetes', () => {
  async function detect(env: Environment, files: Readonly<Record<string, string>> = {}) {
    const directory = await mkdtemp(join(os.tmpdir(), 'remora-podinfo-'))
    try {
      for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text)
      return await kubernetesDetector({
        env,
        directory: Object.keys(files).length === 0 ? undefined : directory,
        labels: true,
        annotations: true,
        namespaceFile: join(directory, 'namespace'),
      }).detect(silent)
    } finally {
      await rm(directory, { recursive: true })
    }
  }

  for (const prefix of ['K8S_', 'KUBERNETES_', 'MY_', '']) {
    test(`reads variables that begin with "${prefix}"`, async () => {
      const names = [
        'POD_NAME',
        'POD_NAMESPACE',
        'NODE_NAME',
        'POD_UID',
        'POD_IP',
        'CONTAINER_NAME',
      ]
      const env = Object.fromEntries(names.map((name) => [prefix + name, `my ${name}`]))
      assert.deepEqual(await detect(env), {
        'k8s.pod.name': 'my POD_NAME',
        'k8s.namespace.name': 'my POD_NAMESPACE',
        'k8s.node.name': 'my NODE_NAME',
        'k8s.pod.uid': 'my POD_UID',
        'k8s.pod.ip': 'my POD_IP',
        'k8s.container.name': 'my CONTAINER_NAME',
        'container.name': 'my CONTAINER_NAME',
      })
    })
  }

  test('reads the files of a volume, whatever they are called', async () => {
    const files = {
      'pod-name': 'web-0\n',
      namespace: 'shop',
      podUID: 'u-1',
      labels: 'app="web"\napp.kubernetes.io/part-of="shop \\"eu\\""\n',
      annotations: 'note="two\\nlines, and \\u00e9"',
      other: 'x',
    }
    assert.deepEqual(await detect({}, files), {
      'k8s.pod.name': 'web-0',
      'k8s.namespace.name': 'shop',
      'k8s.pod.uid': 'u-1',
      'k8s.pod.label.app': 'web',
      'k8s.pod.label.app.kubernetes.io/part-of': 'shop "eu"',
      'k8s.pod.annotation.note': 'two\nlines, and é',
    })
  })

  test('asks what every pod has, and only in one', async () => {
    const env = { HOSTNAME: 'web-0' }
    assert.deepEqual(await detect(env), {})
    const inPod = { ...env, KUBERNETES_SERVICE_HOST: '10.0.0.1' }
    assert.deepEqual(await detect(inPod), { 'k8s.pod.name': 'web-0' })
    assert.deepEqual(await detect(inPod, { namespace: 'shop' }), {
      'k8s.pod.name': 'web-0',
      'k8s.namespace.name': 'shop',
    })
  })

  test('refuses a file that is too large, or no such list', async () => {
    await assert.rejects(detect({}, { labels: 'x'.repeat(600_000) }), /is larger than 512 KiB/)
    await assert.rejects(detect({}, { labels: 'a=b' }), /is not key="value"/)
  })

  test('unquotes as Go quotes', () => {
    const text = 'a="\\a\\b\\f\\n\\r\\t\\v\\\\\\"\\x7f\\xff\\u2028\\U0001f41f"'
    assert.deepEqual(parseDownwardPairs(text), [
      ['a', '\x07\b\f\n\r\t\v\\"\x7f\uFFFD\u2028\u{1f41f}'],
    ])
  })
})
