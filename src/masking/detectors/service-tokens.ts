import type { Detector } from '../detector.ts'
import { randomTail, type TokenKind, tokenDetector } from './token-kind.ts'

/** Three decimal digits in base64. */
const threeDigits = '[MNO][DTjz][AEIMQUYcgk][wxyz0-5]'
/** The id of the bot (17 to 20 digits) in base64, a time, and a signature. */
const discordBot = `(?:${threeDigits}){5,6}(?:[MNO][DTjzAQgw][AEIMQUYcgk]?)?\\.[A-Za-z0-9_-]{6}\\.[A-Za-z0-9_-]{27,38}(?![A-Za-z0-9_-])`

/**
 * Credentials of services whose prefix and length are documented, or the same in all that were ever issued. What has no sign
 * of its own (32 hexadecimal digits, as Datadog's) is found beside its name, by `generic_secret`.
 */
const kinds: readonly TokenKind[] = [
  {
    name: 'ai_service_key',
    summary:
      'Keys of OpenAI (sk-…T3BlbkFJ…, sk-proj-, sk-svcacct-, sk-admin-), Anthropic (sk-ant-), Hugging Face (hf_, api_org_), Groq (gsk_), Replicate (r8_), OpenRouter (sk-or-v1-), xAI (xai-) and Perplexity (pplx-).',
    anchors: [
      'T3BlbkFJ',
      'sk-(?:proj|svcacct|admin|ant)-',
      'hf_',
      'api_org_',
      'gsk_',
      'r8_',
      'sk-or-v1-',
      'xai-',
      'pplx-',
    ],
    pattern:
      'sk-(?:(?:proj|svcacct|admin)-)?[A-Za-z0-9_-]{20,100}T3BlbkFJ[A-Za-z0-9_-]{20,100}|sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,200}|sk-ant-[a-z]{3,5}[0-9]{2}-[A-Za-z0-9_-]{80,120}|(?:hf_|api_org_)[A-Za-z0-9]{34}(?![A-Za-z0-9])|gsk_[A-Za-z0-9]{52}(?![A-Za-z0-9])|r8_[A-Za-z0-9]{37}(?![A-Za-z0-9])|sk-or-v1-[0-9a-f]{64}|(?:xai|pplx)-[A-Za-z0-9]{48,84}(?![A-Za-z0-9])',
    judge: randomTail(3),
  },
  {
    name: 'messaging_key',
    summary:
      'Keys of SendGrid (SG.), Twilio (SK and 32 hexadecimal digits), Mailgun (key- and 32, or 32-8-8), Mailchimp (32 and -us…) and Brevo (xkeysib-), tokens of Telegram and Discord bots, and incoming webhooks of Discord and Teams.',
    anchors: [
      'SG\\.',
      'SK[0-9a-f]{4}',
      'key-[0-9a-f]{4}',
      '[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}',
      '[0-9a-f]{8}-us[0-9]',
      `${threeDigits}${threeDigits}${threeDigits}`,
      ':AA[A-Za-z0-9_-]',
      'xkeysib-',
      '/api/webhooks/[0-9]',
      'webhook\\.office\\.com/',
    ],
    pattern:
      `${discordBot}|` +
      'SG\\.[A-Za-z0-9_-]{22}\\.[A-Za-z0-9_-]{43}|SK[0-9a-f]{32}(?![A-Za-z0-9])|key-[0-9a-f]{32}(?![A-Za-z0-9])|[0-9a-f]{32}-(?:[0-9a-f]{8}-[0-9a-f]{8}|us[0-9]{1,2})(?![A-Za-z0-9-])|(?:bot)?[0-9]{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])|xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}|(?<=/api/webhooks/)[0-9]{17,20}/[A-Za-z0-9_-]{60,80}|(?<=webhook\\.office\\.com/)webhookb2/[0-9a-f@/-]{60,100}IncomingWebhook/[0-9a-f/-]{32,120}',
    judge: randomTail(2.5),
  },
  {
    name: 'commerce_key',
    summary:
      'Keys of Square (sq0atp-, sq0csp-, EAAA…) Shopify (shpat_, shpca_, shppa_, shpss_), Shippo, Plaid (access-), Braintree (access_token$), Flutterwave (FLWSECK), Razorpay (rzp_), EasyPost (EZAK, EZTK) and Duffel.',
    anchors: [
      'sq0[a-z]{3}-',
      'EAAA[A-Za-z0-9_-]{4}',
      'shp(?:at|ca|pa|ss)_',
      'shippo_(?:live|test)_',
      'access-(?:sandbox|development|production)-',
      'access_token\\$',
      'FLWSECK',
      'rzp_(?:live|test)_',
      'EZ[AT]K',
      'duffel_(?:live|test)_',
    ],
    pattern:
      '(?:sandbox-)?sq0[a-z]{3}-[A-Za-z0-9_-]{22,43}|EAAA[A-Za-z0-9_-]{60}(?![A-Za-z0-9+/=_-])|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}(?![A-Za-z0-9])|shippo_(?:live|test)_[0-9a-f]{40}|access-(?:sandbox|development|production)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|access_token\\$(?:production|sandbox)\\$[0-9a-z]{16}\\$[0-9a-f]{32}|FLWSECK(?:_TEST)?-[0-9a-zA-Z]{12,32}-X|rzp_(?:live|test)_[A-Za-z0-9]{14}(?![A-Za-z0-9])|EZ[AT]K[A-Za-z0-9]{54}(?![A-Za-z0-9])|duffel_(?:live|test)_[A-Za-z0-9_=-]{43}',
    judge: randomTail(2.5),
  },
  {
    name: 'infrastructure_token',
    summary:
      'Tokens of DigitalOcean (dop_v1_, doo_v1_, dor_v1_), HashiCorp Vault (hvs., hvb., hvr.) and Terraform (.atlasv1.), Databricks (dapi, dose), Docker (dckr_pat_, dckr_oat_), Pulumi (pul-), Doppler (dp.), PlanetScale (pscale_) Dynatrace (dt0…), Fly (FlyV1), Heroku (HRKU-), Netlify (nfp_), Tailscale (tskey-), Supabase (sbp_, sb_secret_) and Cloudflare (v1.0-), and secret keys of age.',
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
      'FlyV1 ',
      'HRKU-',
      'nfp_',
      'tskey-',
      'AGE-SECRET-KEY-1',
      'sbp_[0-9a-f]{4}',
      'sb_secret_',
      'v1\\.0-[0-9a-f]{4}',
      'dose[0-9a-f]{4}',
    ],
    pattern:
      'do[opr]_v1_[0-9a-f]{64}|hv[sbr]\\.[A-Za-z0-9_-]{24,300}|[A-Za-z0-9]{14}\\.atlasv1\\.[A-Za-z0-9_=-]{60,70}|dapi[0-9a-f]{32}(?:-[0-9])?(?![A-Za-z0-9])|dckr_[po]at_[A-Za-z0-9_-]{27,40}|pul-[0-9a-f]{40}(?![A-Za-z0-9])|dp\\.(?:pt|st|ct|sa|scim|audit)\\.(?:[a-z0-9_-]{2,35}\\.)?[A-Za-z0-9]{40,44}|pscale_(?:tkn|oauth|pw)_[A-Za-z0-9_.=-]{32,64}|dt0[a-z][0-9]{2}\\.[A-Z0-9]{24}\\.[A-Z0-9]{64}|FlyV1 fm[0-9]r?_[A-Za-z0-9+/=_-]{40,4000}|HRKU-[A-Za-z0-9_-]{36,64}|nfp_[A-Za-z0-9]{36}(?![A-Za-z0-9])|tskey-[a-z]{2,12}-[A-Za-z0-9]{8,24}-[A-Za-z0-9]{16,64}|AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}|sbp_[0-9a-f]{40}(?![A-Za-z0-9])|sb_secret_[A-Za-z0-9_-]{31}|v1\\.0-[0-9a-f]{24}-[0-9a-f]{146}|dose[0-9a-f]{32}(?![A-Za-z0-9])',
    judge: randomTail(2.5),
  },
  {
    name: 'developer_token',
    summary:
      'Tokens of Grafana (glsa_, glc_), Linear (lin_api_, lin_oauth_), New Relic (NRAK-, NRII-, NRIQ-, …NRAL), Postman (PMAK-), RubyGems, Sentry (sntrys_, sntryu_) Atlassian (ATATT3, ATCTT3), Notion (ntn_), Figma (figd_), Airtable and HubSpot (pat…), NuGet (oy2), Clojars, Artifactory (AKCp, cmVmdGtu), SonarQube (squ_, sqp_, sqa_), ReadMe, Scalingo, Prefect (pnu_), Buildkite (bkua_), Honeycomb (hcaik_), Contentful (CFPAT-), Mapbox (sk.), Harness (pat.), 1Password (ops_) and Typeform (tfp_).',
    anchors: [
      'gls?[ac]_',
      'lin_(?:api|oauth)_',
      'NR(?:AK|II|IQ)-',
      'PMAK-',
      'rubygems_',
      'sntry[su]_',
      'ATATT3',
      'ATCTT3',
      'ntn_',
      'figd_',
      'pat[A-Za-z0-9]{14}\\.[0-9a-f]',
      'pat-(?:na|eu)',
      'oy2[a-z0-9]{8}',
      'CLOJARS_',
      'AKCp',
      'cmVmdGtu',
      'sq[upa]_[0-9a-f]{4}',
      'rdme_',
      'tk-us-',
      'pnu_',
      'bkua_',
      'hca?ik_',
      'CFPAT-',
      'sk\\.eyJ',
      'pat\\.[A-Za-z0-9]',
      'ops_eyJ',
      'tfp_',
      'NRAL',
    ],
    pattern:
      'glsa_[A-Za-z0-9]{32}_[0-9A-Fa-f]{8}(?![A-Za-z0-9])|glc_[A-Za-z0-9+/]{32,400}={0,2}|lin_(?:api|oauth)_[A-Za-z0-9]{40,64}|NRAK-[A-Z0-9]{27}(?![A-Za-z0-9])|NRI[IQ]-[A-Za-z0-9_-]{25,40}|PMAK-[0-9a-f]{24}-[0-9a-f]{34}|rubygems_[0-9a-f]{48}|sntrys_[A-Za-z0-9+/=_-]{60,500}|sntryu_[0-9a-f]{64}|ATATT3[A-Za-z0-9_=-]{100,250}|ATCTT3[A-Za-z0-9_=-]{100,250}|ntn_[A-Za-z0-9]{43,50}(?![A-Za-z0-9])|figd_[A-Za-z0-9_-]{38,60}|pat[A-Za-z0-9]{14}\\.[0-9a-f]{64}(?![A-Za-z0-9])|pat-(?:na|eu)[0-9]-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|oy2[a-z0-9]{43}(?![A-Za-z0-9])|CLOJARS_[a-z0-9]{60}|AKCp[A-Za-z0-9]{69}(?![A-Za-z0-9])|cmVmdGtu[A-Za-z0-9]{56}(?![A-Za-z0-9])|sq[upa]_[0-9a-f]{40}(?![A-Za-z0-9])|rdme_[a-z0-9]{70}|tk-us-[A-Za-z0-9_-]{48}|pnu_[A-Za-z0-9]{36}(?![A-Za-z0-9])|bkua_[0-9a-f]{40}|hca?ik_[A-Za-z0-9_]{26,64}|CFPAT-[A-Za-z0-9_-]{43}|sk\\.eyJ[A-Za-z0-9_-]{20,200}\\.[A-Za-z0-9_-]{20,30}|pat\\.[A-Za-z0-9_-]{22}\\.[0-9a-f]{24}\\.[A-Za-z0-9]{20}|ops_eyJ[A-Za-z0-9_=-]{200,2000}|tfp_[A-Za-z0-9_.=-]{40,80}|(?:[0-9a-f]{32}|[a-z]{2}[0-9]{2}xx[0-9a-f]{26})(?:FFFF|[0-9a-f]{4})NRAL',
    judge: randomTail(2.5),
  },
]

export const serviceTokens: readonly Detector[] = kinds.map(tokenDetector)
