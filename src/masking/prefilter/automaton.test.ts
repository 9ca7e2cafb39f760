import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { Random, seed } from '../../../test/support/random.ts'
import { type Node, parsePattern } from '../../regex/parse.ts'
import { detectors } from '../detectors/catalog.ts'
import { hidingAnchors } from '../plain-view.ts'
import { Automaton } from './automaton.ts'
import { ByteCandidates, type Candidates, VectorCandidates } from './candidates.ts'
import { Hits } from './hits.ts'
import { chunkLength, kernelOf } from './kernel.ts'
import type { Window } from './windows.ts'

/** The automaton from every place of the bytes: what there is to find. */
class EveryPlace implements Candidates {
  readonly places = Uint16Array.from({ length: chunkLength }, (_, place) => place)

  find(bytes: Uint8Array, from: number): number {
    return Math.min(bytes.length - from, chunkLength)
  }
}

const kernel = kernelOf()
const kinds: Readonly<Record<string, (windows: readonly Window[]) => Candidates>> = {
  'byte by byte': (windows) => new ByteCandidates(windows),
  ...(kernel && { 'by vectors': (windows) => new VectorCandidates(kernel, windows) }),
}

const nodeOf = (pattern: string | Node): Node =>
  typeof pattern === 'string' ? (parsePattern(pattern)?.node as Node) : pattern
const anchors = [...detectors.flatMap(({ anchors }) => anchors), ...hidingAnchors].map(
  (pattern, index) => ({ node: nodeOf(pattern), bits: 1 << (index % 31) }),
)

/** The bits of the hits at each offset. */
function hitsOf(automaton: Automaton, bytes: Uint8Array): string {
  const hits = new Hits()
  automaton.scan(bytes, hits.lists[0])
  const found: string[] = []
  for (let at = 0; at < bytes.length; at++) {
    const bits = hits.bitsIn(at, at + 1)
    if (bits !== 0) found.push(`${at}:${bits}`)
  }
  return found.join(' ')
}

const corpus = readFileSync(new URL('../../../fixtures/masking/corpus.jsonl', import.meta.url))

for (const [name, candidates] of Object.entries(kinds)) {
  suite(`Automaton with candidates found ${name}`, () => {
    const random = new Random(seed)
    const every = new Automaton(anchors, () => new EveryPlace())
    const some = new Automaton(anchors, candidates)
    const agree = (bytes: Uint8Array, what: string): void =>
      assert.equal(hitsOf(some, bytes), hitsOf(every, bytes), `${what}, seed ${seed}`)

    test('ends where it ends from every place of the corpus', () => {
      for (let at = 0; at < corpus.length; at += 50_000) {
        agree(corpus.subarray(at, at + 50_000), `corpus at ${at}`)
      }
    })

    test('ends where it ends from every place of pieces of the corpus, changed at random', () => {
      for (let round = 0; round < 300; round++) {
        const start = random.below(corpus.length)
        const bytes = Buffer.from(corpus.subarray(start, start + random.below(300)))
        for (let change = 0; change < bytes.length / 20; change++) {
          bytes[random.below(bytes.length)] = random.below(256)
        }
        agree(bytes, `round ${round}`)
      }
    })

    test('ends where it ends from every place of random bytes, of all and of few', () => {
      for (const alphabet of [
        '0123456789 -.',
        'aAkKeEyY=:_-" ',
        '0123456789abcdef:',
        '\\%&#;@\xe2\x80\xc2',
      ]) {
        const text = Array.from({ length: 4000 }, () => random.pick([...alphabet]))
        agree(Buffer.from(text.join(''), 'latin1'), alphabet)
      }
      agree(random.bytes(20_000), 'all bytes')
    })

    test('ends at every place around the end of a chunk, and at the end of the bytes', () => {
      const word = Buffer.from('+1 202 555 0143 a@b.co')
      for (let offset = -word.length - 20; offset <= 4; offset++) {
        const bytes = Buffer.alloc(2 * chunkLength + word.length + offset, 'x')
        word.copy(bytes, chunkLength + offset)
        word.copy(bytes, bytes.length - word.length)
        agree(bytes, `offset ${offset}`)
        assert.notEqual(hitsOf(some, bytes), '')
      }
    })
  })
}
