import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { YoungGarbage } from './young-garbage.ts'

const mib = 1024 * 1024

/** What is collected after each MiB of batches, with so much in use then. */
function collections(usedMib: readonly number[]): string[] {
  const seen: string[] = []
  let at = 0
  const garbage = new YoungGarbage(
    () => (usedMib[at] ?? 0) * mib,
    ({ type }) => seen.push(`${type} at ${usedMib[at]}`),
  )
  for (at = 0; at < usedMib.length; at++) {
    for (let added = 0; added < 6; added++) garbage.add(mib)
  }
  return seen
}

suite('garbage of batches', () => {
  test('is collected young after each 6 MiB', () => {
    assert.deepEqual(collections([8, 8, 9]), ['minor at 8', 'minor at 8', 'minor at 9'])
  })

  test('that is no longer young is collected when it is 10 MiB more than there was', () => {
    assert.deepEqual(collections([108, 117, 118, 9, 18, 19]), [
      'minor at 108',
      'minor at 117',
      'major at 118',
      'minor at 9',
      'minor at 18',
      'major at 19',
    ])
  })

  test('what is alive is not taken for garbage', () => {
    assert.deepEqual(collections([8, 40, 40, 40]), [
      'minor at 8',
      'major at 40',
      'minor at 40',
      'minor at 40',
    ])
  })
})
