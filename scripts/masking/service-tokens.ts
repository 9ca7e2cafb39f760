import type { Random } from '../random.ts'
import type { Kind } from './kind.ts'

const upper = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
const base62 = `${upper}abcdefghijklmnopqrstuvwxyz`
const base64url = `${base62}_-`

/** By prefix: how many characters of which kind follow. */
type Form = (random: Random) => string
const hex =
  (prefix: string, length: number): Form =>
  (random) =>
    prefix + random.hex(length)
const mixed =
  (prefix: string, length: number): Form =>
  (random) =>
    prefix + random.from(base62, length)
const url =
  (prefix: string, length: number): Form =>
  (random) =>
    `${prefix}${random.from(base64url, length - 1)}x`

function oneOf(...forms: readonly Form[]): Kind {
  return { make: (random) => random.pick(forms)(random) }
}

export const makersOfServices: Readonly<Record<string, Kind>> = {
  ai_service_key: oneOf(
    (random) => `sk-${random.from(base62, 20)}T3BlbkFJ${random.from(base62, 20)}`,
    (random) => `sk-proj-${random.from(base64url, 74)}T3BlbkFJ${random.from(base62, 74)}`,
    url('sk-ant-api03-', 95),
    mixed('hf_', 34),
    mixed('gsk_', 52),
    mixed('r8_', 37),
  ),
  messaging_key: oneOf(
    (random) => `SG.${random.from(base64url, 22)}.${random.from(base64url, 42)}x`,
    hex('SK', 32),
    hex('key-', 32),
    (random) => `${random.integer(1, 9)}${random.digits(9)}:AA${random.from(base64url, 32)}x`,
  ),
  commerce_key: oneOf(url('sq0atp-', 22), url('sq0csp-', 43), url('EAAA', 60), hex('shpat_', 32)),
  infrastructure_token: oneOf(
    hex('dop_v1_', 64),
    url('hvs.', 91),
    (random) => `${random.from(base62, 14)}.atlasv1.${random.from(base62, 67)}`,
    hex('dapi', 32),
    url('dckr_pat_', 27),
    hex('pul-', 40),
    mixed('dp.pt.', 43),
    mixed('pscale_tkn_', 43),
    (random) => `dt0c01.${random.from(upper, 24)}.${random.from(upper, 64)}`,
  ),
  developer_token: oneOf(
    (random) => `glsa_${random.from(base62, 32)}_${random.hex(8)}`,
    mixed('lin_api_', 40),
    (random) => `NRAK-${random.from(upper, 27)}`,
    (random) => `PMAK-${random.hex(24)}-${random.hex(34)}`,
    hex('rubygems_', 48),
    hex('sntryu_', 64),
    mixed('ATATT3', 186),
  ),
}
