import * as v from 'valibot'
import { defineProcessor } from '../../component/define.ts'
import { duration, text } from '../../component/schema.ts'
import { suggestion } from '../../errors/suggest.ts'
import type { Detector } from './detectors/detector.ts'
import { envDetector } from './detectors/env.ts'
import { type HostnameSource, hostnameSources } from './detectors/hostname.ts'
import { kubernetesDetector } from './detectors/kubernetes.ts'
import { type SystemAttribute, systemAttributes, systemDetector } from './detectors/system.ts'
import { ResourceDetectionProcessor } from './processor.ts'

const detectorNames = ['env', 'system', 'kubernetes'] as const
type DetectorName = (typeof detectorNames)[number]

const namespaceFile = '/var/run/secrets/kubernetes.io/serviceaccount/namespace'

function isDetector(name: string): name is DetectorName {
  return (detectorNames as readonly string[]).includes(name)
}

/** The collector has some thirty of clouds and platforms, and they are all refused with the same words. */
function unknownDetector(name: string): string {
  return `detector "${name}" is not supported; ${suggestion(name, detectorNames)}`
}

const detector = v.pipe(
  v.string(),
  v.rawCheck(({ dataset, addIssue }) => {
    if (dataset.typed && !isDetector(dataset.value)) {
      addIssue({ message: unknownDetector(dataset.value) })
    }
  }),
  v.transform((name) => name as DetectorName),
)

const toggle = (isOn: boolean) =>
  v.optional(v.strictObject({ enabled: v.optional(v.boolean(), isOn) }), {})

const systemSchema = v.strictObject({
  hostname_sources: v.pipe(
    v.optional(v.pipe(v.array(v.picklist(hostnameSources)), v.nonEmpty('must not be empty')), [
      'dns',
      'os',
    ]),
    v.description(
      'Where `host.name` comes from: the first that knows one. `dns` is the full name, `os` that of the kernel, `cname` and `lookup` ask the name server.',
    ),
  ),
  resource_attributes: v.pipe(
    v.optional(
      v.pipe(
        v.strictObject({
          'host.name': toggle(true),
          'os.type': toggle(true),
          'os.description': toggle(false),
          'host.arch': toggle(false),
          'host.id': toggle(false),
          'host.ip': toggle(false),
          'host.mac': toggle(false),
        } satisfies Record<SystemAttribute, unknown>),
        v.metadata({
          unsupported: [
            'host.cpu.vendor.id',
            'host.cpu.family',
            'host.cpu.model.id',
            'host.cpu.model.name',
            'host.cpu.stepping',
            'host.cpu.cache.l2.size',
            'host.interface',
            'os.build.id',
            'os.name',
            'os.version',
          ],
        }),
      ),
      {},
    ),
    v.description('Which attributes the detector `system` adds, each with `enabled`.'),
  ),
})

const kubernetesSchema = v.strictObject({
  directory: v.optional(
    v.pipe(
      v.string('must be a path'),
      v.nonEmpty('must not be empty'),
      v.description(
        'Where a `downwardAPI` volume is mounted. Its files may be called name, namespace, uid, labels and annotations, each with or without `pod` in front.',
      ),
    ),
  ),
  labels: v.pipe(
    v.optional(v.boolean(), true),
    v.description('Whether the file `labels` becomes `k8s.pod.label.<key>`.'),
  ),
  annotations: v.pipe(
    v.optional(v.boolean(), true),
    v.description('Whether the file `annotations` becomes `k8s.pod.annotation.<key>`.'),
  ),
})

const config = v.pipe(
  v.strictObject({
    detectors: v.pipe(
      v.optional(v.pipe(v.array(detector), v.nonEmpty('must name one at least')), ['env']),
      v.description(
        'Who looks: `env` (OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME), `system` (the host) and `kubernetes` (the pod, by the downward API). What an earlier one finds, a later one does not replace.',
      ),
    ),
    override: v.pipe(
      v.optional(v.boolean(), true),
      v.description('Replace attributes that a resource already has.'),
    ),
    timeout: v.pipe(
      v.optional(duration(), '5s'),
      v.description('How long a detector may take; then the start goes on without what it finds.'),
    ),
    refresh_interval: v.pipe(
      v.optional(duration(), '0s'),
      v.description(
        'Ask the detectors again this often. 0 asks once; the files of a directory are looked at all the same.',
      ),
    ),
    attributes: v.optional(
      v.pipe(v.array(text()), v.description('Use only these attributes, whoever finds them.')),
    ),
    system: v.pipe(
      v.optional(systemSchema, {}),
      v.description('Options of the detector `system`.'),
    ),
    kubernetes: v.pipe(
      v.optional(kubernetesSchema, {}),
      v.description('Options of the detector `kubernetes`.'),
    ),
  }),
  v.metadata({ unsupported: ['retry'] }),
)

type Config = v.InferOutput<typeof config>

export const resourceDetection = defineProcessor({
  type: 'resource_detection',
  aliases: ['resourcedetection'],
  summary: 'Adds what is known of the pod or host where remora runs to every resource.',
  stability: { logs: 'beta', metrics: 'beta', traces: 'beta' },
  config,
  metrics: {
    remora_resource_detection_attributes: 'Attributes that are added to each resource.',
  },
  examples: [
    { title: 'The pod, in one line', config: { detectors: ['kubernetes'] } },
    {
      title: 'The pod with its labels, and what the application says of itself',
      config: { detectors: ['env', 'kubernetes'], kubernetes: { directory: '/etc/podinfo' } },
    },
    { title: 'The host', config: { detectors: ['env', 'system'], override: false } },
  ],
  create: (settings, next) => {
    const { config } = settings
    return new ResourceDetectionProcessor(
      settings,
      {
        detectors: config.detectors.map((name) => detectorOf(name, config)),
        override: config.override,
        only: config.attributes === undefined ? undefined : new Set(config.attributes),
        timeoutMs: config.timeout,
        refreshMs: config.refresh_interval,
      },
      next,
    )
  },
})

function detectorOf(name: DetectorName, { system, kubernetes }: Config): Detector {
  const { env } = process
  switch (name) {
    case 'env':
      return envDetector(env)
    case 'system': {
      const toggles = system.resource_attributes
      return systemDetector({
        enabled: new Set(systemAttributes.filter((attribute) => toggles[attribute].enabled)),
        hostnameSources: system.hostname_sources as readonly HostnameSource[],
      })
    }
    case 'kubernetes':
      return kubernetesDetector({
        env,
        namespaceFile,
        ...kubernetes,
        directory: kubernetes.directory,
      })
  }
}
