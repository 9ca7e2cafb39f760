import * as v from 'valibot'
import { rule } from '../component/rule.ts'
import {
  duration,
  existingFile,
  type ObjectMetadata,
  secret,
  sectionSwitch,
} from '../component/schema.ts'
import { cipherSuites, curves } from './cipher-suites.ts'

const version = v.picklist(
  ['1.0', '1.1', '1.2', '1.3'],
  'must be one of "1.0", "1.1", "1.2", "1.3"',
)

const file = v.pipe(existingFile(), v.minLength(1, 'must not be empty'))

function names<T extends string>(table: Readonly<Record<T, string>>) {
  const options = Object.keys(table) as [T, ...T[]]
  return v.array(v.picklist(options, `must be one of ${options.join(', ')}`))
}

/** What servers and clients share: the names and meanings of the collector's configtls. */
const common = {
  ca_file: v.optional(
    v.pipe(
      existingFile(),
      v.description(
        'PEM file of the authorities that the peer must be signed by. Without it clients trust those of the machine (SSL_CERT_FILE, SSL_CERT_DIR, or where the system keeps them).',
      ),
    ),
  ),
  ca_pem: v.optional(v.pipe(secret(), v.description('The same, written here.'))),
  include_system_ca_certs_pool: v.optional(
    v.pipe(
      v.boolean(),
      v.description('Trust the authorities of the system besides those of `ca_file`.'),
    ),
    false,
  ),
  cert_file: v.optional(v.pipe(file, v.description('PEM file of our certificate and its chain.'))),
  cert_pem: v.optional(v.pipe(secret(), v.description('The same, written here.'))),
  key_file: v.optional(v.pipe(file, v.description('PEM file of the key of our certificate.'))),
  key_pem: v.optional(v.pipe(secret(), v.description('The same, written here.'))),
  min_version: v.optional(
    v.pipe(version, v.description('The oldest version of TLS accepted.')),
    '1.2',
  ),
  max_version: v.optional(
    v.pipe(
      version,
      v.description('The newest version of TLS used; without it, the newest there is.'),
    ),
  ),
  cipher_suites: v.optional(
    v.pipe(
      names(cipherSuites),
      v.description('The suites for TLS 1.2 and older, by their Go names; empty takes safe ones.'),
    ),
    [],
  ),
  curve_preferences: v.optional(
    v.pipe(
      names(curves),
      v.description('The curves for the key exchange, in order of preference.'),
    ),
    [],
  ),
  reload_interval: v.optional(
    v.pipe(
      duration(),
      v.description(
        'How often the files are read again; a changed one is used for new connections. 0 never does.',
      ),
    ),
    '30s',
  ),
}

interface CommonInput {
  readonly cert_file?: unknown
  readonly cert_pem?: unknown
  readonly key_file?: unknown
  readonly key_pem?: unknown
  readonly ca_file?: unknown
  readonly ca_pem?: unknown
}

const own = ['cert_file', 'cert_pem', 'key_file', 'key_pem'] as const
const hasCert = (c: CommonInput): boolean => c.cert_file !== undefined || c.cert_pem !== undefined
const hasKey = (c: CommonInput): boolean => c.key_file !== undefined || c.key_pem !== undefined
const pairs = (c: CommonInput): boolean => hasCert(c) === hasKey(c)
const once = (c: CommonInput): boolean =>
  !(c.cert_file !== undefined && c.cert_pem !== undefined) &&
  !(c.key_file !== undefined && c.key_pem !== undefined) &&
  !(c.ca_file !== undefined && c.ca_pem !== undefined)

const pairMessage =
  'needs both a certificate (cert_file or cert_pem) and a key (key_file or key_pem)'
const onceMessage = 'takes each of ca, cert and key either as _file or as _pem, not both'

interface Versions {
  readonly min_version: string
  readonly max_version?: string | undefined
}
const ordered = (c: Versions): boolean =>
  c.max_version === undefined || c.max_version >= c.min_version
const orderMessage = 'must not be older than min_version'

/** TLS of a listener. Present means on. */
export const tlsServer = v.pipe(
  v.strictObject({
    ...sectionSwitch,
    ...common,
    client_ca_file: v.optional(
      v.pipe(
        file,
        v.description(
          'PEM file of the authorities that clients must be signed by; with it, clients without a certificate are refused.',
        ),
      ),
    ),
    client_ca_file_reload: v.optional(
      v.pipe(
        v.boolean(),
        v.description('Accepted for the collector; `client_ca_file` is always read again.'),
      ),
      false,
    ),
  }),
  v.metadata({ unsupported: ['tpm'] } satisfies ObjectMetadata),
  rule(own, (c) => hasCert(c) && hasKey(c), pairMessage),
  rule([...own, 'ca_file', 'ca_pem'], (c) => once(c), onceMessage),
  rule(['min_version', 'max_version'], (c) => ordered(c), orderMessage, ['max_version']),
)

/** TLS towards a peer. On unless `insecure`. */
export const tlsClient = v.pipe(
  v.strictObject({
    ...common,
    insecure: v.optional(
      v.pipe(v.boolean(), v.description('Talk without TLS (gRPC; with HTTP the scheme decides).')),
      false,
    ),
    insecure_skip_verify: v.optional(
      v.pipe(v.boolean(), v.description("Do not check the server's certificate: for tests only.")),
      false,
    ),
    server_name_override: v.optional(
      v.pipe(v.string(), v.description('The name that the certificate must have, and the SNI.')),
    ),
  }),
  v.metadata({ unsupported: ['tpm'] } satisfies ObjectMetadata),
  rule(own, (c) => pairs(c), pairMessage),
  rule([...own, 'ca_file', 'ca_pem'], (c) => once(c), onceMessage),
  rule(['min_version', 'max_version'], (c) => ordered(c), orderMessage, ['max_version']),
)

export type TlsServerConfig = v.InferOutput<typeof tlsServer>
export type TlsClientConfig = v.InferOutput<typeof tlsClient>

/** What clients say of the collector's `auth`, which names an extension. */
export const insteadOfAuth = {
  auth: 'put the token into headers, e.g. authorization: Bearer …',
}
