import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createConnection, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Runs the fresh bundle once, so that V8 compiles what a start needs, and lets Node keep the result in
 * dist/compile-cache (`NODE_COMPILE_CACHE`). Later starts read it, also from a read-only file system. Without it
 * everything works, only slower to start; so a failure here is told and is no failure of the build.
 *
 * Node files the cache under its version, the V8 options and the user id: it serves the user who built it.
 */
export async function warmCompileCache(top: string): Promise<string> {
  const cache = join(top, 'dist/compile-cache')
  const scratch = await mkdtemp(join(tmpdir(), 'remora-build-'))
  await mkdir(cache, { recursive: true })
  try {
    const port = await freePort()
    const config = join(scratch, 'warm.yaml')
    await writeFile(config, warmConfig(port, scratch))
    const child = spawn(join(top, 'bin/remora'), ['--config', config], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, NODE_COMPILE_CACHE: cache, NODE_COMPILE_CACHE_PORTABLE: '1' },
    })
    let complaints = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints = (complaints + text).slice(-2000)
    })
    const closed = once(child, 'close')
    const ready = await accepts(port, () => child.exitCode !== null)
    child.kill('SIGTERM')
    const killer = setTimeout(() => child.kill('SIGKILL'), 10_000)
    await closed
    clearTimeout(killer)
    if (ready) return `${Math.round((await sizeOf(cache)) / 1000)} kB`
    process.stderr.write(`the compile cache could not be warmed; remora said:\n${complaints}\n`)
    return 'none'
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/**
 * Hands the cache to another user. Node's folders are named `v24.21.0-x64-1f2e3d4c-1000`: version, architecture, V8's own
 * version and options, user id.
 */
export async function giveCompileCache(top: string, userId: string): Promise<void> {
  const cache = join(top, 'dist/compile-cache')
  for (const name of await readdir(cache)) {
    const given = name.replace(/-\d+$/, `-${userId}`)
    if (given !== name) await rename(join(cache, name), join(cache, given))
  }
}

/** Every component, since each is loaded only when it is named; the listener is the sign that it is up. */
function warmConfig(port: number, scratch: string): string {
  return `receivers:
  otlp:
    protocols:
      grpc:
        endpoint: 127.0.0.1:${port}
      http:
        endpoint: 127.0.0.1:0
  file_log:
    include: ["${scratch}/*.log"]
    storage: file_storage
    operators:
      - type: json_parser
      - type: regex_parser
        regex: "(?P<word>\\\\w+)"
        on_error: send_quiet
  file_log/preset:
    include: ["${scratch}/*.log"]
    preset: auto
  exec:
    command: ["true"]
    interval: 1h
processors:
  memory_limiter:
    check_interval: 1s
    limit_mib: 512
  resource_detection:
    detectors: [env]
  mask:
    detectors: [email]
  redaction:
    allow_all_keys: true
    blocked_values: ["[0-9]{16}"]
  batch:
exporters:
  otlp_grpc:
    endpoint: 127.0.0.1:9
    tls:
      insecure: true
  otlp_http:
    endpoint: http://127.0.0.1:9
  debug:
  file:
    path: ${scratch}/out.json
extensions:
  file_storage:
    directory: ${scratch}/storage
    create_directory: true
  health_check:
    endpoint: 127.0.0.1:0
service:
  extensions: [file_storage, health_check]
  telemetry:
    metrics:
      level: none
  pipelines:
    logs:
      receivers: [otlp, file_log, file_log/preset, exec]
      processors: [memory_limiter, resource_detection, mask, redaction, batch]
      exporters: [otlp_grpc, otlp_http, debug, file]
`
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** True once something listens; false if there is nobody left who could, or after 15 s. */
async function accepts(port: number, gone: () => boolean): Promise<boolean> {
  for (let attempt = 0; attempt < 300 && !gone(); attempt++) {
    const socket = createConnection(port, '127.0.0.1')
    const connected = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (connected) return true
    await sleep(50)
  }
  return false
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const stats = await Promise.all(files.map((file) => stat(join(file.parentPath, file.name))))
  return stats.reduce((sum, { size }) => sum + size, 0)
}
