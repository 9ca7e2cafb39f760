import { crc32 } from '../checks.ts'
import { confidence, type Detector } from '../detector.ts'
import { looksRandom, randomTail, type TokenKind, tokenDetector } from './token-kind.ts'

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** GitHub and npm: the last six characters are the CRC-32 of what stands before, in base 62. */
function hasCrc(token: string): boolean {
  const body = token.slice(token.indexOf('_') + 1, -6)
  let rest = crc32(body)
  let check = ''
  for (let at = 0; at < 6; at++) {
    check = base62[rest % 62] + check
    rest = Math.floor(rest / 62)
  }
  return check === token.slice(-6)
}

/** A wrong checksum may be one of an older scheme: what looks random is a secret all the same. */
function judgeCrc(token: string): number {
  if (hasCrc(token)) return confidence.certain
  return looksRandom(token.slice(token.indexOf('_') + 1), 3) ? confidence.likely : 0
}

const kinds: readonly TokenKind[] = [
  {
    name: 'jwt',
    summary:
      'JSON web tokens: header and payload are objects in base64url, and the header names an algorithm; also where the signature is cut off.',
    anchors: ['ey[JA]'],
    // `eyA` is a brace and a blank; padding is against the standard, but seen.
    pattern:
      'ey[JA][A-Za-z0-9_-]{8,}={0,2}\\.(?:[A-Za-z0-9_-]{2,}={0,2}(?:\\.[A-Za-z0-9_-]*={0,2}){1,3}|ey[JA][A-Za-z0-9_-]{8,}={0,2})',
    judge: judgeJwt,
  },
  {
    name: 'gcp_key',
    summary:
      'Google API keys (AIza…), OAuth access and refresh tokens (ya29., 1//0) and client secrets (GOCSPX-).',
    anchors: ['AIza', 'ya29\\.', 'GOCSPX-', '1//0'],
    pattern:
      'AIza[A-Za-z0-9_-]{35}|ya29\\.[A-Za-z0-9_-]{20,}(?:\\.[A-Za-z0-9_-]+)?|GOCSPX-[A-Za-z0-9_-]{28}|1//0[A-Za-z0-9_-]{40,120}',
    judge: randomTail(3),
  },
  {
    name: 'azure_key',
    summary:
      'Azure storage and service bus keys in connection strings, shared access signatures, and Entra client secrets.',
    anchors: ['(?i)(?:Account|SharedAccess|shared_access_)Key=', '(?i)[?&;]sig=', 'Q~'],
    pattern:
      '(?<=Account[Kk]ey=|SharedAccess[Kk]ey=)[A-Za-z0-9+/]{40,88}={0,2}|(?<=[?&;]sig=)[A-Za-z0-9%+/_-]{40,100}(?:={0,2})|[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}',
    judge: randomTail(3),
  },
  {
    name: 'github_token',
    summary: 'GitHub tokens (ghp_, gho_, ghu_, ghs_, ghr_ with their CRC-32, github_pat_).',
    anchors: ['gh[pousr]_', 'github_pat_'],
    pattern:
      'ghs_[A-Za-z0-9]{1,30}_eyJ[A-Za-z0-9_-]{8,1000}\\.[A-Za-z0-9_-]{8,2000}\\.[A-Za-z0-9_-]{8,1000}|gh[pousr]_[A-Za-z0-9]{36,251}(?:\\.[A-Za-z0-9_.-]{1,1000})?|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}',
    judge: judgeCrc,
  },
  {
    name: 'gitlab_token',
    summary:
      'GitLab tokens (GR1348941, glpat-, gldt-, glrt-, glrtr-, glcbt-, glptt-, glft-, glsoat-, gloas-, glagent-, glimt-).',
    anchors: ['gl(?:pat|dt|rtr?|cbt|ptt|ft|soat|oas|agent|imt|wt|ffct)-', 'GR1348941'],
    pattern:
      'GR1348941[A-Za-z0-9_-]{20}|gl(?:pat|dt|rtr?|cbt|ptt|ft|soat|oas|agent|imt|wt|ffct)-[A-Za-z0-9_.-]{20,300}',
    judge: randomTail(2.5),
  },
  {
    name: 'slack_token',
    summary: 'Slack tokens (xoxb-, xoxp-, xapp-, …) and incoming webhooks.',
    anchors: ['xox[a-z]', 'xapp-[0-9]', 'xwfp-', 'hooks\\.slack\\.com/'],
    pattern:
      'xox[a-z](?:\\.xox[a-z])?-[A-Za-z0-9%+/-]{10,400}={0,2}|xwfp-[A-Za-z0-9-]{10,250}|xapp-[0-9]-[A-Za-z0-9-]{10,250}|(?<=hooks\\.slack\\.com/)(?:services|workflows|triggers)/[A-Za-z0-9/_-]{20,120}',
    judge: randomTail(2.5),
  },
  {
    name: 'stripe_key',
    summary:
      'Stripe secret and restricted keys (sk_, rk_; live and test) and webhook secrets (whsec_).',
    anchors: ['[rs]k_(?:live|test|prod)_', 'whsec_'],
    pattern: '[rs]k_(?:live|test|prod)_[A-Za-z0-9]{10,247}|whsec_[A-Za-z0-9+/=]{24,90}',
    judge: randomTail(2.5),
  },
  {
    name: 'npm_token',
    summary: 'npm access tokens (npm_ with their CRC-32).',
    anchors: ['npm_'],
    pattern: 'npm_[A-Za-z0-9]{36}',
    judge: judgeCrc,
  },
  {
    name: 'pypi_token',
    summary: 'PyPI upload tokens (macaroons of the index and of its test instance).',
    anchors: ['pypi-AgE'],
    pattern: 'pypi-AgE(?:IcHlwaS5vcmc|NdGVzdC5weXBpLm9yZw)[A-Za-z0-9_-]{50,1000}',
    judge: randomTail(3),
  },
]

/** A JSON object whose `alg` or `typ` stands in it; the first bytes suffice. */
function judgeJwt(token: string): number {
  const header = token.slice(0, token.indexOf('.'))
  const text = Buffer.from(header.slice(0, 2048), 'base64url').toString('latin1')
  return /"(?:alg|enc|typ|kid)"\s*:/.test(text) ? confidence.certain : 0
}

export const secretTokens: readonly Detector[] = kinds.map(tokenDetector)
