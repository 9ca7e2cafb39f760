import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Detector, Environment } from './detector.ts'
import { parseDownwardPairs, readSmallFile } from './downward-files.ts'

/**
 * The pod that remora runs in, by the downward API: from variables under the names that people give them, and from the
 * files of a `downwardAPI` volume. Variables win: they cannot change. No request is sent to the API server, so no role
 * is needed.
 *
 *     env:
 *       - {name: K8S_POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
 */
export interface KubernetesSettings {
  readonly env: Environment
  /** Where a `downwardAPI` volume is mounted. */
  readonly directory: string | undefined
  readonly labels: boolean
  readonly annotations: boolean
  /** The file in which every pod with a service account finds its namespace. */
  readonly namespaceFile: string
}

/** Attribute → its variables without prefix. Each is looked for as K8S_…, KUBERNETES_…, MY_… and by itself. */
const variables: Readonly<Record<string, readonly string[]>> = {
  'k8s.pod.name': ['POD_NAME'],
  'k8s.namespace.name': ['POD_NAMESPACE', 'NAMESPACE_NAME', 'NAMESPACE'],
  'k8s.node.name': ['NODE_NAME'],
  'k8s.pod.uid': ['POD_UID'],
  'k8s.pod.ip': ['POD_IP'],
  'k8s.container.name': ['CONTAINER_NAME'],
}
const prefixes = ['K8S_', 'KUBERNETES_', 'MY_', '']

/** File of the volume, in small letters and letters only → attribute. The names are the user's: `pod_name`, `podName`, … */
const files: Readonly<Record<string, string>> = {
  name: 'k8s.pod.name',
  podname: 'k8s.pod.name',
  namespace: 'k8s.namespace.name',
  podnamespace: 'k8s.namespace.name',
  uid: 'k8s.pod.uid',
  poduid: 'k8s.pod.uid',
}

export function kubernetesDetector(settings: KubernetesSettings): Detector {
  const { directory } = settings
  return {
    name: 'kubernetes',
    ...(directory === undefined ? {} : { directory }),
    detect: async () => {
      const found: Record<string, string> = {}
      if (directory !== undefined) Object.assign(found, await fromVolume(directory, settings))
      Object.assign(found, fromVariables(settings.env))
      await addLastResorts(found, settings)
      // The name in the specification is the one that the container runtime has, too.
      const container = found['k8s.container.name']
      if (container !== undefined) found['container.name'] = container
      return found
    },
  }
}

function fromVariables(env: Environment): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [attribute, names] of Object.entries(variables)) {
    const value = names
      .flatMap((name) => prefixes.map((prefix) => env[prefix + name] ?? ''))
      .find((text) => text !== '')
    if (value !== undefined) found[attribute] = value
  }
  return found
}

async function fromVolume(
  directory: string,
  { labels, annotations }: KubernetesSettings,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const name of await readdir(directory)) {
    // `..data` and the directories behind it are how the kubelet swaps all files at once.
    if (name.startsWith('..')) continue
    const plain = name.toLowerCase().replaceAll(/[^a-z]/g, '')
    const path = join(directory, name)
    const attribute = files[plain]
    if (attribute !== undefined) found[attribute] = (await readSmallFile(path)).trim()
    else if (labels && /^(pod)?labels$/.test(plain)) {
      addPairs(found, 'k8s.pod.label.', await readSmallFile(path))
    } else if (annotations && /^(pod)?annotations$/.test(plain)) {
      addPairs(found, 'k8s.pod.annotation.', await readSmallFile(path))
    }
  }
  return found
}

function addPairs(found: Record<string, string>, prefix: string, text: string): void {
  for (const [key, value] of parseDownwardPairs(text)) found[prefix + key] = value
}

/** What a pod knows of itself without being told. Only in Kubernetes: elsewhere the host name is no pod's. */
async function addLastResorts(
  found: Record<string, string>,
  { env, namespaceFile }: KubernetesSettings,
): Promise<void> {
  if ((env['KUBERNETES_SERVICE_HOST'] ?? '') === '') return
  const host = env['HOSTNAME'] ?? ''
  if (found['k8s.pod.name'] === undefined && host !== '') found['k8s.pod.name'] = host
  if (found['k8s.namespace.name'] !== undefined) return
  try {
    found['k8s.namespace.name'] = (await readSmallFile(namespaceFile)).trim()
  } catch (error) {
    // A pod may have no service account mounted.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
