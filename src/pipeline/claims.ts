import { isIPv4 } from 'node:net'
import { resolve } from 'node:path'
import type { AddressClaim, Claim } from '../component/claim.ts'
import type { Configured, ConfiguredService } from '../component/configured.ts'
import type { AnyDefinition } from '../component/define.ts'
import type { ConfigProblem } from '../errors/config-problem.ts'

interface Held {
  readonly claim: Claim
  /** `receiver "otlp/2"`. */
  readonly holder: string
  /** Of the option that says so. */
  readonly path: readonly string[]
}

/** Everything that two of the used components want for themselves. The second is where the problem stands. */
export function checkClaims(service: ConfiguredService): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const held: Held[] = []
  for (const wanted of claimsOf(service)) {
    const other = held.find(({ claim }) => overlap(claim, wanted.claim))
    held.push(wanted)
    if (other === undefined) continue
    const { path, claim } = wanted
    problems.push({ path, message: `${wordsOf(claim)}, and so does ${other.holder}` })
  }
  return problems
}

function claimsOf(service: ConfiguredService): Held[] {
  const { pipelines, enabledExtensions } = service
  const usedBy = (section: 'receivers' | 'processors' | 'exporters') =>
    pipelines.flatMap((pipeline) => pipeline[section])
  return [
    ...ownMetrics(service),
    ...sectionClaims('extensions', service.extensions, enabledExtensions),
    ...sectionClaims('receivers', service.receivers, usedBy('receivers')),
    ...sectionClaims('processors', service.processors, usedBy('processors')),
    ...sectionClaims('exporters', service.exporters, usedBy('exporters')),
  ]
}

function sectionClaims(
  section: string,
  configured: ReadonlyMap<string, Configured<AnyDefinition>>,
  used: readonly string[],
): Held[] {
  return [...configured.values()].flatMap(({ id, definition, config }) => {
    // A component whose options are wrong has none.
    if (!used.includes(id) || Object.keys(config).length === 0) return []
    const holder = `${definition.kind} "${id}"`
    return (definition.claims?.(config) ?? []).map((claim) => ({
      claim,
      holder,
      path: [section, id, ...claim.option],
    }))
  })
}

/** The port of /metrics. */
function ownMetrics({ telemetry }: ConfiguredService): Held[] {
  const parts = /^(?:\[(.+)\]|([^:]*)):(\d+)$/.exec(telemetry.metrics.endpoint ?? '')
  const port = Number(parts?.[3] ?? 0)
  if (parts === null || port === 0) return []
  const claim = { kind: 'address', host: parts[1] ?? parts[2] ?? '', port, option: [] } as const
  const path = ['service', 'telemetry', 'metrics']
  return [{ claim, holder: 'service.telemetry.metrics', path }]
}

function wordsOf(claim: Claim): string {
  switch (claim.kind) {
    case 'address':
      return `listens on port ${claim.port}`
    case 'stdin':
      return 'reads standard input'
    case 'socket':
      return `listens on "${claim.path}"`
    case 'file':
      return `writes to "${claim.path}"`
    case 'directory':
      return `keeps its files in "${claim.path}"`
  }
}

function overlap(left: Claim, right: Claim): boolean {
  if (left.kind === 'address') return right.kind === 'address' && sharePort(left, right)
  if (right.kind === 'address') return false
  if (left.kind === 'stdin' || right.kind === 'stdin') return left.kind === right.kind
  return resolve(left.path) === resolve(right.path)
}

function sharePort(left: AddressClaim, right: AddressClaim): boolean {
  if (left.port !== right.port) return false
  const others = addressesOf(right.host)
  return addressesOf(left.host).some((one) => others.some((other) => meets(one, other)))
}

/** As src/net/listen.ts binds them. */
function addressesOf(host: string): readonly string[] {
  if (host === 'localhost') return ['127.0.0.1', '::1']
  return [host === '' ? '::' : host]
}

/** `::` takes the port of IPv4 too. What a host name stands for is known at the start only. */
function meets(left: string, right: string): boolean {
  if (left === right || left === '::' || right === '::') return true
  return (left === '0.0.0.0' && isIPv4(right)) || (right === '0.0.0.0' && isIPv4(left))
}
