import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { FakeClock } from '../../test/support/fake-clock.ts'
import type { Status } from '../component/telemetry.ts'
import { type State, StatusBoard } from './status.ts'

function statusOf(state: State): Status {
  if (state === 'recoverable_error' || state === 'permanent_error') return { state, reason: 'down' }
  return { state }
}

/** from → the states that may follow; everything else leaves the state as it is. */
const table: Readonly<Record<State, readonly State[]>> = {
  starting: ['ok', 'recoverable_error', 'permanent_error', 'stopping'],
  ok: ['recoverable_error', 'permanent_error', 'stopping'],
  recoverable_error: ['ok', 'permanent_error', 'stopping'],
  permanent_error: ['ok', 'recoverable_error', 'stopping'],
  stopping: ['stopped'],
  stopped: [],
}
const states = Object.keys(table) as State[]

function boardAt(state: State): StatusBoard {
  const board = new StatusBoard(new FakeClock())
  board.add('x')
  if (state === 'stopped') board.report('x', { state: 'stopping' })
  board.report('x', statusOf(state))
  assert.equal(board.statuses.get('x')?.state, state)
  return board
}

suite('StatusBoard', () => {
  for (const from of states) {
    test(`from ${from} goes only where the table says`, () => {
      for (const to of states) {
        const board = boardAt(from)
        board.report('x', statusOf(to))
        const want = table[from].includes(to) ? to : from
        assert.equal(board.statuses.get('x')?.state, want, `${from} → ${to}`)
      }
    })
  }

  test('keeps the time of a state through newer reasons', async () => {
    const clock = new FakeClock()
    const changes: string[] = []
    const board = new StatusBoard(clock, (key, { state }) => changes.push(`${key} ${state}`))
    board.add('x')
    await clock.advance(100)
    board.report('x', { state: 'recoverable_error', reason: 'refused' })
    await clock.advance(100)
    board.report('x', { state: 'recoverable_error', reason: 'timeout' })
    assert.deepEqual(board.statuses.get('x'), {
      state: 'recoverable_error',
      reason: 'timeout',
      sinceMs: 100,
    })
    assert.deepEqual(changes, ['x recoverable_error'])
  })

  test('does not call a component ok that had trouble while it started', () => {
    const board = boardAt('recoverable_error')
    board.started('x')
    assert.equal(board.statuses.get('x')?.state, 'recoverable_error')
  })
})
