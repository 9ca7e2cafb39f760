import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import * as v from 'valibot'
import { RecordingIntake, testContext } from '../../../test/support/recording-intake.ts'
import { testSettings } from '../../../test/support/settings.ts'
import { oracleDecode, oracleEncode } from '../../../test/support/wire/oracle.ts'
import { Batch } from '../../signal/batch.ts'
import { resourceDetection } from './definition.ts'
import type { Attributes, Detector } from './detectors/detector.ts'
import { kubernetesDetector } from './detectors/kubernetes.ts'
import { ResourceDetectionProcessor, type ResourceDetectionSettings } from './processor.ts'

function detector(name: string, ...results: (Attributes | Error | 'hang')[]): Detector {
  return {
    name,
    detect: () => {
      const result = results.length > 1 ? results.shift() : results[0]
      if (result instanceof Error) return Promise.reject(result)
      return result === 'hang' ? new Promise(() => {}) : Promise.resolve(result as Attributes)
    },
  }
}

function processorWith(
  detectors: readonly Detector[],
  more: Partial<ResourceDetectionSettings> = {},
) {
  const settings = testSettings({})
  const next = new RecordingIntake()
  const options = {
    detectors,
    override: true,
    only: undefined,
    timeoutMs: 1000,
    refreshMs: 0,
    ...more,
  }
  return { processor: new ResourceDetectionProcessor(settings, options, next), settings, next }
}

type Rig = ReturnType<typeof processorWith>

const request = oracleEncode('logs', {
  resourceLogs: [
    {
      resource: { attributes: [{ key: 'a', value: { stringValue: 'own' } }] },
      scopeLogs: [{ logRecords: [{ body: { stringValue: 'x' } }] }],
    },
  ],
})

/** The attributes of the resource of a batch that passes. */
async function passed({ processor, next }: Rig): Promise<Record<string, string>> {
  await processor.consume(new Batch('logs', [request], 1), testContext())
  const bytes = next.calls.at(-1)?.batch.bytes() ?? new Uint8Array(0)
  const { resourceLogs } = oracleDecode('logs', bytes) as unknown as {
    resourceLogs: { resource: { attributes: { key: string; value: { stringValue: string } }[] } }[]
  }
  const pairs = resourceLogs[0]?.resource.attributes ?? []
  return Object.fromEntries(pairs.map(({ key, value }) => [key, value.stringValue]))
}

suite('resource_detection', () => {
  test('adds what the first detector found, then what the others did', async () => {
    const rig = processorWith([
      detector('x', { a: 'x', b: 'x' }),
      detector('y', { b: 'y', c: 'y' }),
    ])
    await rig.processor.start()
    assert.deepEqual(await passed(rig), { a: 'x', b: 'x', c: 'y' })
    assert.equal(rig.settings.meter.value('remora_resource_detection_attributes'), 3)
  })

  test('leaves what is there, and leaves out what is not wanted', async () => {
    const found = detector('x', { a: 'x', b: 'x', c: 'x' })
    const rig = processorWith([found], { override: false, only: new Set(['a', 'b']) })
    await rig.processor.start()
    assert.deepEqual(await passed(rig), { a: 'own', b: 'x' })
  })

  test('warns of a detector that finds nothing, and hands on the very batch', async () => {
    const rig = processorWith([detector('x', {})])
    await rig.processor.start()
    const batch = new Batch('logs', [request], 1)
    await rig.processor.consume(batch, testContext())
    assert.equal(rig.next.calls[0]?.batch, batch)
    assert.deepEqual(rig.settings.logger.texts('warn'), [
      'a resource detector has found nothing {"detector":"x"}',
    ])
  })

  test('starts without a detector that hangs or fails', async () => {
    const rig = processorWith([
      detector('x', 'hang'),
      detector('y', new Error('no disk')),
      detector('z', { b: 'z' }),
    ])
    const started = rig.processor.start()
    await rig.settings.clock.advance(1000)
    await started
    assert.deepEqual(await passed(rig), { a: 'own', b: 'z' })
    assert.match(rig.settings.logger.texts('warn').join(), /no disk.*did not answer within 1000 ms/)
    assert.equal(rig.settings.clock.pending, 0)
  })

  test('asks again, and keeps what it knew where that fails', async () => {
    const rig = processorWith(
      [detector('x', { b: '1' }, new Error('gone'), { b: '3' }), detector('y', { c: 'y' })],
      { refreshMs: 5000 },
    )
    await rig.processor.start()
    assert.equal((await passed(rig))['b'], '1')
    await rig.settings.clock.advance(5000)
    assert.equal((await passed(rig))['b'], '1')
    await rig.settings.clock.advance(5000)
    assert.deepEqual(await passed(rig), { a: 'own', b: '3', c: 'y' })
    await rig.processor.stop()
    assert.equal(rig.settings.clock.pending, 0)
  })

  test('follows the files of a volume when the kubelet swaps them', async () => {
    const root = await mkdtemp(join(tmpdir(), 'remora-downward-'))
    try {
      await write(root, '1', 'app="one"')
      await symlink('..1', join(root, '..data'))
      await symlink('..data/labels', join(root, 'labels'))
      const kubernetes = { env: {}, directory: root, labels: true, annotations: true }
      const rig = processorWith([kubernetesDetector({ ...kubernetes, namespaceFile: '/none' })])
      await rig.processor.start()
      assert.equal((await passed(rig))['k8s.pod.label.app'], 'one')
      await write(root, '2', 'app="two"')
      await symlink('..2', join(root, '..data_tmp'))
      await rename(join(root, '..data_tmp'), join(root, '..data'))
      // The event, or else the look every 30 s.
      const deadline = performance.now() + 10_000
      while ((await passed(rig))['k8s.pod.label.app'] !== 'two') {
        assert.ok(performance.now() < deadline, 'the swap was not seen')
        await rig.settings.clock.advance(30_000)
        await new Promise(setImmediate)
      }
      await rig.processor.stop()
      assert.equal(rig.settings.clock.pending, 0)
    } finally {
      await rm(root, { recursive: true })
    }
  })
})

async function write(root: string, version: string, labels: string): Promise<void> {
  await mkdir(join(root, `..${version}`))
  await writeFile(join(root, `..${version}`, 'labels'), labels)
}

suite('the configuration of resource_detection', () => {
  const rows: readonly (readonly [config: object, want: string])[] = [
    [
      { detectors: ['gcp'] },
      'detector "gcp" is not supported; one of "env", "system", "kubernetes"',
    ],
    [{ detectors: ['sytem'] }, 'detector "sytem" is not supported; did you mean "system"?'],
    [{ detectors: [] }, 'must name one at least'],
  ]
  for (const [config, want] of rows) {
    test(`refuses ${JSON.stringify(config)}`, () => {
      const { issues = [] } = v.safeParse(resourceDetection.config, config)
      assert.deepEqual(
        issues.map(({ message }) => message),
        [want],
      )
    })
  }
})
