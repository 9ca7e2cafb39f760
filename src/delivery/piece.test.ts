import assert from 'node:assert/strict'
import { test } from 'node:test'
import { numberedLogs } from '../../test/support/numbered-logs.ts'
import { Entry } from '../buffer/entry.ts'
import { PipelineLedger } from '../signal/ledger.ts'
import { Piece } from './piece.ts'

test('a piece of very many entries knows when the oldest came', () => {
  const account = new PipelineLedger('logs', 'logs').exporter('otlp')
  const batch = numberedLogs(0, 1)
  const entries = Array.from({ length: 300_000 }, (_, index) =>
    Entry.stored(batch, 'logs', account, 1, 300_000 - index),
  )
  assert.equal(Piece.of(entries).arrivedMs, 1)
})
