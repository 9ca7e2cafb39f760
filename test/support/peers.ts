import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

/** A foreign program that a test talks to, and how to see that it is there. */
interface Peer {
  /** Tried in order; the first that answers the probe is used. */
  readonly candidates: readonly string[]
  /** Arguments that make it exit with 0 if it is usable. */
  readonly probe: readonly string[]
  /** For the person who reads why the test was skipped. */
  readonly install: string
}

const venvPython = fileURLToPath(new URL('../../out/peers/python/bin/python', import.meta.url))

const peers = {
  prometheus: {
    candidates: ['prometheus'],
    probe: ['--version'],
    install: 'install the package "prometheus"',
  },
  promtool: {
    candidates: ['promtool'],
    probe: ['--version'],
    install: 'install the package "prometheus"',
  },
  'python-opentelemetry': {
    candidates: [venvPython, 'python3'],
    probe: [
      '-c',
      'import opentelemetry.sdk, opentelemetry.exporter.otlp.proto.grpc, opentelemetry.exporter.otlp.proto.http',
    ],
    install: 'pip install -r test/interop/python/requirements.txt',
  },
} as const satisfies Record<string, Peer>

/**
 * The command of a foreign program. Where it is absent the test is skipped with a printed reason and undefined is
 * returned; under REMORA_REQUIRE_PEERS=1, as in .ci/run, the test fails instead.
 */
export function requirePeer(t: TestContext, name: keyof typeof peers): string | undefined {
  const peer: Peer = peers[name]
  const command = peer.candidates.find(
    (candidate) => spawnSync(candidate, peer.probe, { timeout: 20_000 }).status === 0,
  )
  if (command !== undefined) return command
  const reason = `${name} is not here: ${peer.install}`
  assert.notEqual(process.env['REMORA_REQUIRE_PEERS'], '1', reason)
  t.skip(reason)
  return undefined
}
