import type { Detector } from '../detector.ts'
import { randomTail, type TokenKind, tokenDetector } from './token-kind.ts'

/**
 * Credentials of services whose prefix and length are documented, or the same in all that were ever issued. What has no sign
 * of its own (32 hexadecimal digits, as Datadog's) is found beside its name, by `generic_secret`.
 */
const kinds: readonly TokenKind[] = [
  {
    name: 'ai_service_key',
    summary:
      'Keys of OpenAI (sk-…T3BlbkFJ…, sk-proj-, sk-svcacct-, sk-admin-), Anthropic (sk-ant-), Hugging Face (hf_, api_org_), Groq (gsk_) and Replicate (r8_).',
    anchors: ['T3BlbkFJ', 'sk-(?:proj|svcacct|admin|ant)-', 'hf_', 'api_org_', 'gsk_', 'r8_'],
    pattern:
      'sk-(?:(?:proj|svcacct|admin)-)?[A-Za-z0-9_-]{20,100}T3BlbkFJ[A-Za-z0-9_-]{20,100}|sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,200}|sk-ant-[a-z]{3,5}[0-9]{2}-[A-Za-z0-9_-]{80,120}|(?:hf_|api_org_)[A-Za-z0-9]{34}(?![A-Za-z0-9])|gsk_[A-Za-z0-9]{52}(?![A-Za-z0-9])|r8_[A-Za-z0-9]{37}(?![A-Za-z0-9])',
    judge: randomTail(3),
  },
  {
    name: 'messaging_key',
    summary:
      'Keys of SendGrid (SG.), Twilio (SK and 32 hexadecimal digits) and Mailgun (key- and 32), and tokens of Telegram bots.',
    anchors: ['SG\\.', 'SK[0-9a-f]{4}', 'key-[0-9a-f]{4}', ':AA[A-Za-z0-9_-]'],
    pattern:
      'SG\\.[A-Za-z0-9_-]{22}\\.[A-Za-z0-9_-]{43}|SK[0-9a-f]{32}(?![A-Za-z0-9])|key-[0-9a-f]{32}(?![A-Za-z0-9])|(?:bot)?[0-9]{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])',
    judge: randomTail(2.5),
  },
  {
    name: 'commerce_key',
    summary:
      'Keys of Square (sq0atp-, sq0csp-, EAAA…) and Shopify (shpat_, shpca_, shppa_, shpss_).',
    anchors: ['sq0[a-z]{3}-', 'EAAA[A-Za-z0-9_-]{4}', 'shp(?:at|ca|pa|ss)_'],
    pattern:
      'sq0[a-z]{3}-[A-Za-z0-9_-]{22,43}|EAAA[A-Za-z0-9_-]{60}(?![A-Za-z0-9+/=_-])|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}(?![A-Za-z0-9])',
    judge: randomTail(2.5),
  },
  {
    name: 'infrastructure_token',
    summary:
      'Tokens of DigitalOcean (dop_v1_, doo_v1_, dor_v1_), HashiCorp Vault (hvs., hvb., hvr.) and Terraform (.atlasv1.), Databricks (dapi), Docker (dckr_pat_, dckr_oat_), Pulumi (pul-), Doppler (dp.), PlanetScale (pscale_) and Dynatrace (dt0…).',
    anchors: [
      'do[opr]_v1_',
      'hv[sbr]\\.[A-Za-z0-9_-]{4}',
      '\\.atlasv1\\.',
      'dapi[0-9a-f]{4}',
      'dckr_[po]at_',
      'pul-[0-9a-f]{4}',
      'dp\\.(?:pt|st|ct|sa|scim|audit)\\.',
      'pscale_',
      'dt0[a-z][0-9]{2}\\.',
    ],
    pattern:
      'do[opr]_v1_[0-9a-f]{64}|hv[sbr]\\.[A-Za-z0-9_-]{24,300}|[A-Za-z0-9]{14}\\.atlasv1\\.[A-Za-z0-9_=-]{60,70}|dapi[0-9a-f]{32}(?:-[0-9])?(?![A-Za-z0-9])|dckr_[po]at_[A-Za-z0-9_-]{27,40}|pul-[0-9a-f]{40}(?![A-Za-z0-9])|dp\\.(?:pt|st|ct|sa|scim|audit)\\.(?:[a-z0-9_-]{2,35}\\.)?[A-Za-z0-9]{40,44}|pscale_(?:tkn|oauth|pw)_[A-Za-z0-9_.=-]{32,64}|dt0[a-z][0-9]{2}\\.[A-Z0-9]{24}\\.[A-Z0-9]{64}',
    judge: randomTail(2.5),
  },
  {
    name: 'developer_token',
    summary:
      'Tokens of Grafana (glsa_, glc_), Linear (lin_api_, lin_oauth_), New Relic (NRAK-), Postman (PMAK-), RubyGems, Sentry (sntrys_, sntryu_) and Atlassian (ATATT3).',
    anchors: [
      'gls?[ac]_',
      'lin_(?:api|oauth)_',
      'NRAK-',
      'PMAK-',
      'rubygems_',
      'sntry[su]_',
      'ATATT3',
    ],
    pattern:
      'glsa_[A-Za-z0-9]{32}_[0-9A-Fa-f]{8}(?![A-Za-z0-9])|glc_[A-Za-z0-9+/]{32,400}={0,2}|lin_(?:api|oauth)_[A-Za-z0-9]{40,64}|NRAK-[A-Z0-9]{27}(?![A-Za-z0-9])|PMAK-[0-9a-f]{24}-[0-9a-f]{34}|rubygems_[0-9a-f]{48}|sntrys_[A-Za-z0-9+/=_-]{60,500}|sntryu_[0-9a-f]{64}|ATATT3[A-Za-z0-9_=-]{100,250}',
    judge: randomTail(2.5),
  },
]

export const serviceTokens: readonly Detector[] = kinds.map(tokenDetector)
