import { lookup, lookupService, resolveCname } from 'node:dns/promises'
import os from 'node:os'

/** Where `host.name` may come from: the names of the collector. */
export const hostnameSources = ['dns', 'os', 'cname', 'lookup'] as const
export type HostnameSource = (typeof hostnameSources)[number]

/** The first of the sources that knows a name; rejects if none does. */
export async function hostname(sources: readonly HostnameSource[]): Promise<string> {
  const own = os.hostname()
  for (const source of sources) {
    const name = source === 'os' ? own : await ask(source, own)
    if (name !== undefined) return name
  }
  throw new Error(`none of ${sources.join(', ')} knows the name of the host`)
}

async function ask(source: HostnameSource, own: string): Promise<string | undefined> {
  try {
    if (source === 'cname') return withoutDot((await resolveCname(own))[0])
    const { address } = await lookup(own)
    const { hostname: name } = await lookupService(address, 0)
    // `dns` wants the full name: an address may have others, such as localhost.
    return source === 'lookup' || name.startsWith(`${own}.`) ? withoutDot(name) : undefined
  } catch (error) {
    // ENOTFOUND, ENODATA, ESERVFAIL, …: the next source may know.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return undefined
  }
}

function withoutDot(name: string | undefined): string | undefined {
  return name?.replace(/\.$/, '')
}
