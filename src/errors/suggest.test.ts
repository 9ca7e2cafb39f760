import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { nearest, suggestion } from './suggest.ts'

suite('a suggestion', () => {
  const near = [
    ['bathc', ['batch', 'mask'], 'batch'],
    ['queueSize', ['queue_size'], 'queue_size'],
    ['log', ['logs', 'metrics', 'traces'], 'logs'],
    ['warning', ['warn', 'error'], 'warn'],
    ['B', ['a', 'b'], 'b'],
  ] as const
  for (const [written, candidates, want] of near) {
    test(`for ${written} is ${want}`, () => assert.equal(nearest(written, candidates), want))
  }

  const far = [
    ['b', ['a']],
    ['UK', ['US', 'GB']],
    ['in', ['to', 'on']],
    ['x', ['xy']],
    ['abc', ['ab']],
    ['mask', ['tail_sampling']],
  ] as const
  for (const [written, candidates] of far) {
    test(`for ${written} is none of ${candidates}`, () => {
      assert.equal(nearest(written, candidates), undefined)
    })
  }

  test('lists what begins like it, or else all', () => {
    const names = ['respawn_on_exit', 'respawn_interval', 'command']
    assert.equal(suggestion('respawn', names), 'one of "respawn_on_exit", "respawn_interval"')
    assert.equal(
      suggestion('shell', names),
      'one of "respawn_on_exit", "respawn_interval", "command"',
    )
  })
})
