import { createHmac, randomBytes } from 'node:crypto'
import { PlainView } from './plain-view.ts'

/** 64 bits: among a hundred million values two are taken for one with a chance of one in four thousand. */
const digits = 16

/**
 * The same value always has the same pseudonym, on every replica that has the same key, and nobody without the key can
 * tell what it stands for: HMAC-SHA-256, cut to 64 bits.
 */
export class Pseudonyms {
  #key: string | Buffer | undefined

  /** Without a key one is made up: pseudonyms then hold for this process alone. */
  constructor(key: string | undefined) {
    this.#key = key
  }

  /** With `distinct` two ways to write one value have two pseudonyms: in labels they are two series. */
  of(detector: string, found: string, distinct: boolean): string {
    // Only here: loading the cryptography of Node takes longer than all else at the start of masking.
    this.#key ??= randomBytes(32)
    const hmac = createHmac('sha256', this.#key)
    hmac.update(detector)
    hmac.update('\0')
    hmac.update(distinct ? found : normalize(detector, found), 'latin1')
    return hmac.digest('hex').slice(0, digits)
  }
}

/** Two ways to write one value have one pseudonym. */
function normalize(detector: string, written: string): string {
  const found = view.open(written) ? view.text : written
  if (detector === 'email') return found.toLowerCase()
  if (grouped.test(detector)) return found.replace(/[^0-9A-Za-z+]+/g, '').toUpperCase()
  return found
}

const view = new PlainView()

/** Numbers that are written with and without groups. */
const grouped = /^(?:credit_card|iban|phone|(?:us|uk|de|fr|es|it|in|br|ca|au)_)/
