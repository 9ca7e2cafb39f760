import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { suite, test } from 'node:test'
import { StreamProcess } from '../support/stream-process.ts'

const namespace = ['unshare', '--pid', '--fork', '--mount-proc']
const allowed = spawnSync(namespace[0] as string, [...namespace.slice(1), 'true']).status === 0

// Five orphans end; then it is counted who of them nobody has waited for.
const script = `
  for i in 1 2 3 4 5; do (sh -c 'sleep 0.1' &) ; done
  sleep 0.6
  echo "zombies $(cat /proc/[0-9]*/stat | grep -c ') Z ')"
  trap 'exit 7' TERM
  echo ready
  while :; do sleep 0.05; done`

suite('bin/remora exec as process 1', () => {
  for (const { name, env, zombies } of [
    { name: 'reaps orphans and hands signals on', env: {}, zombies: 0 },
    { name: 'leaves orphans alone where it is told so', env: { REMORA_INIT: '0' }, zombies: 5 },
  ]) {
    test(name, async (t) => {
      if (!allowed) {
        t.skip('unshare may not make a pid namespace here')
        return
      }
      const remora = await StreamProcess.start(t, ['/bin/sh', '-c', script], {
        launcher: namespace,
        env,
      })
      await remora.says('ready')
      assert.match(remora.output, new RegExp(`zombies ${zombies}\n`))
      const first = spawnSync('ps', ['-o', 'pid=', '--ppid', String(remora.child.pid)], {
        encoding: 'utf8',
      })
      process.kill(Number(first.stdout.trim()), 'SIGTERM')
      assert.equal(await remora.end(), 7, remora.stderr)
    })
  }
})
