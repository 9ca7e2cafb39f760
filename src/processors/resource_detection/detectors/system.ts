import { readFile } from 'node:fs/promises'
import os from 'node:os'
import type { Detector } from './detector.ts'
import { type HostnameSource, hostname } from './hostname.ts'

/** Names of the semantic conventions where Node has others. */
const archs: Readonly<Record<string, string>> = { x64: 'amd64', ia32: 'x86', arm: 'arm32' }
const systems: Readonly<Record<string, string>> = { win32: 'windows', sunos: 'solaris' }

/** What the system says of itself, by attribute; undefined where it says nothing. */
const sources = {
  'os.type': () => systems[process.platform] ?? process.platform,
  'os.description': () => `${os.version()} (${os.type()} ${os.release()})`,
  'host.arch': () => archs[process.arch] ?? process.arch,
  'host.id': machineId,
  'host.ip': () => addresses().map(({ address }) => address),
  // IEEE RA hexadecimal form, as the semantic conventions want it.
  'host.mac': () => [
    ...new Set(addresses().map(({ mac }) => mac.toUpperCase().replaceAll(':', '-'))),
  ],
} as const

export const systemAttributes = ['host.name', ...Object.keys(sources)] as readonly SystemAttribute[]
export type SystemAttribute = 'host.name' | keyof typeof sources

export interface SystemSettings {
  readonly enabled: ReadonlySet<SystemAttribute>
  readonly hostnameSources: readonly HostnameSource[]
}

export function systemDetector({ enabled, hostnameSources }: SystemSettings): Detector {
  return {
    name: 'system',
    detect: async () => {
      const attributes: Record<string, string | string[]> = {}
      if (enabled.has('host.name')) attributes['host.name'] = await hostname(hostnameSources)
      for (const [name, read] of Object.entries(sources)) {
        if (!enabled.has(name as SystemAttribute)) continue
        const value = await read()
        if (value !== undefined) attributes[name] = value
      }
      return attributes
    },
  }
}

/** Without those of the loop-back, which every host has. */
function addresses(): os.NetworkInterfaceInfo[] {
  return Object.values(os.networkInterfaces())
    .flatMap((found) => found ?? [])
    .filter(({ internal }) => !internal)
}

async function machineId(): Promise<string | undefined> {
  for (const path of ['/etc/machine-id', '/var/lib/dbus/machine-id']) {
    try {
      return (await readFile(path, 'utf8')).trim()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return undefined
}
