import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { FakeClock } from '../../test/support/fake-clock.ts'
import type { Status } from '../component/telemetry.ts'
import { createLogger } from './logger.ts'
import { StatusBoard } from './status.ts'
import { StatusLog } from './status-log.ts'

const ok: Status = { state: 'ok' }
const down: Status = { state: 'recoverable_error', reason: 'no answer' }
const open: Status = { state: 'recoverable_error', reason: 'the circuit is open' }
const denied: Status = { state: 'permanent_error', reason: 'wrong token' }

/** What a life of reports, seconds apart, leaves in the log. */
async function logOf(life: readonly (Status | number)[]): Promise<string[]> {
  const clock = new FakeClock()
  const lines: string[] = []
  const logger = createLogger({ clock, level: 'info', write: (line) => lines.push(line) })
  const log = new StatusLog(logger, clock)
  const board = new StatusBoard(clock, (component, now, before) =>
    log.changed(component, now, before, () => board.statuses.get(component) ?? now),
  )
  board.add('x')
  for (const step of life) {
    if (typeof step === 'number') await clock.advance(step * 1000)
    else board.report('x', step)
  }
  return lines.map((line) => {
    const { level, msg, message, after_seconds: seconds } = JSON.parse(line)
    return [level, msg, message, seconds].filter((part) => part !== undefined).join(' | ')
  })
}

const inTrouble = 'warn | a component is in trouble | no answer'
const needsHelp = 'error | a component needs help | wrong token'
const wellAgain = (seconds: number) => `info | a component is well again | ${seconds}`

const lives: readonly { name: string; life: readonly (Status | number)[]; said: string[] }[] = [
  { name: 'trouble that lasts', life: [ok, down, 90, ok], said: [inTrouble, wellAgain(90)] },
  { name: 'trouble of less than five seconds', life: [ok, down, 4.9, ok, 90], said: [] },
  {
    name: 'one request in twenty',
    life: [ok, down, 1, ok, 1, down, 1, ok, 1, down, 1, ok],
    said: [],
  },
  {
    name: 'a reason that changes before it is told',
    life: [ok, down, 2, open, 3],
    said: ['warn | a component is in trouble | the circuit is open'],
  },
  { name: 'what needs help', life: [ok, denied, 7, ok], said: [needsHelp, wellAgain(7)] },
  { name: 'trouble that comes to need help', life: [ok, down, 1, denied, 90], said: [needsHelp] },
  {
    name: 'trouble in which it is stopped',
    life: [ok, down, 1, { state: 'stopping' }, 90],
    said: [],
  },
]

suite('what the log tells of', () => {
  for (const { name, life, said } of lives) {
    test(name, async () => {
      assert.deepEqual(await logOf(life), said)
    })
  }
})
