import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Application } from './application.ts'

suite('signals for an application', () => {
  test('that come while it is being started reach it as soon as it runs, one of a kind', () => {
    const application = new Application(['app'])
    application.pass('SIGQUIT')
    application.pass('SIGHUP')
    application.pass('SIGQUIT')
    const got: string[] = []
    application.runs((signal) => got.push(signal))
    application.pass('SIGHUP')
    assert.deepEqual(got, ['SIGQUIT', 'SIGHUP', 'SIGHUP'])
  })

  test('that end remora where nobody runs are not kept', () => {
    const application = new Application(['app'])
    assert.equal(application.forward('SIGTERM'), false)
    const got: string[] = []
    application.runs((signal) => got.push(signal))
    assert.deepEqual(got, [])
  })
})
