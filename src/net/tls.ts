import { createHash, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import tls from 'node:tls'
import type { Clock } from '../component/clock.ts'
import type { Secret } from '../component/secret.ts'
import type { Logger } from '../component/telemetry.ts'
import { cipherSuites, curves, tls13Suites } from './cipher-suites.ts'
import type { TlsClientConfig, TlsServerConfig } from './schema.ts'
import { systemAuthorities } from './system-authorities.ts'

/**
 * Certificates and keys of one listener or client, read again every `reload_interval`. What counts is the content, not
 * the time or the event of a change: a Kubernetes mount swaps a symbolic link, of which a watcher may see nothing.
 *
 * A new set is used only if it is complete and OpenSSL takes it; else the old one stays and the log says why, because a
 * rotation writes certificate and key one after the other.
 */
export class Credentials {
  readonly #config: TlsServerConfig | TlsClientConfig
  #context: tls.SecureContext
  #options: tls.SecureContextOptions
  #digest: string
  #stopWatching: (() => void) | undefined
  #checking = false

  private constructor(config: TlsServerConfig | TlsClientConfig, loaded: Loaded) {
    this.#config = config
    this.#options = loaded.options
    this.#context = loaded.context
    this.#digest = loaded.digest
  }

  /** Rejects with an Error for a person: which file cannot be read, or why OpenSSL refuses it. */
  static async load(config: TlsServerConfig | TlsClientConfig): Promise<Credentials> {
    return new Credentials(config, await load(config, await readFiles(config)))
  }

  /** For `server.setSecureContext`, and to create a server with. */
  get options(): tls.SecureContextOptions {
    return this.#options
  }

  /** For `tls.connect`; take it anew for every connection. */
  get context(): tls.SecureContext {
    return this.#context
  }

  /** When our own certificate ends, in ms since the epoch; undefined without one. */
  get notAfterMs(): number | undefined {
    const { cert } = this.#options
    if (cert === undefined) return undefined
    return Date.parse(new X509Certificate(cert as string).validTo)
  }

  /** Calls `onChange` after each change that was taken, until `close`. */
  watch(clock: Clock, logger: Logger, onChange: (options: tls.SecureContextOptions) => void): void {
    const { reload_interval: periodMs } = this.#config
    if (periodMs <= 0 || this.#stopWatching !== undefined) return
    this.#stopWatching = clock.every(periodMs, () => {
      void this.check(logger).then((changed) => {
        if (changed) onChange(this.#options)
      })
    })
  }

  /** Reads the files once more. True if there is something new. Never rejects. */
  async check(logger: Logger): Promise<boolean> {
    if (this.#checking) return false
    this.#checking = true
    try {
      const files = await readFiles(this.#config)
      if (files.digest === this.#digest) return false
      const loaded = await load(this.#config, files)
      this.#options = loaded.options
      this.#context = loaded.context
      this.#digest = loaded.digest
      logger.info('certificates reloaded')
      return true
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      logger.warn('cannot reload certificates, going on with the old ones', { message })
      return false
    } finally {
      this.#checking = false
    }
  }

  close(): void {
    this.#stopWatching?.()
    this.#stopWatching = undefined
  }
}

/** What a listener needs beside the certificates. */
export function serverOptions(config: TlsServerConfig): tls.TlsOptions {
  const mutual = config.client_ca_file !== undefined
  return { requestCert: mutual, rejectUnauthorized: mutual, honorCipherOrder: true }
}

/**
 * What `tls.connect` needs for a new connection to `host` (a name or an address): the present certificates, whether and
 * against which name the server is verified.
 */
export function connectOptions(
  config: TlsClientConfig,
  credentials: Credentials,
  host: string,
): tls.ConnectionOptions {
  const name = config.server_name_override ?? host
  return {
    secureContext: credentials.context,
    rejectUnauthorized: !config.insecure_skip_verify,
    // An address is no name for SNI (RFC 6066, section 3); it is still checked against the certificate.
    ...(isAddress(name) ? { host } : { servername: name }),
  }
}

function isAddress(name: string): boolean {
  return name.includes(':') || /^\d+\.\d+\.\d+\.\d+$/.test(name)
}

interface Loaded {
  readonly options: tls.SecureContextOptions
  readonly context: tls.SecureContext
  readonly digest: string
}

interface Files {
  readonly cert: string | undefined
  readonly key: string | undefined
  /** Our own authorities, which the peer must be signed by. */
  readonly ca: string | undefined
  readonly digest: string
}

async function readFiles(config: TlsServerConfig | TlsClientConfig): Promise<Files> {
  const clientCaFile = 'client_ca_file' in config ? config.client_ca_file : undefined
  const [ca, cert, key, clientCa] = await Promise.all([
    read('ca_file', config.ca_file, config.ca_pem),
    read('cert_file', config.cert_file, config.cert_pem),
    read('key_file', config.key_file, config.key_pem),
    read('client_ca_file', clientCaFile, undefined),
  ])
  const hash = createHash('sha256')
  for (const text of [ca, cert, key, clientCa]) hash.update(text ?? '').update('\0')
  if (ca !== undefined) mustHoldCertificates(nameOf('ca', config.ca_file), ca)
  if (cert !== undefined) mustHoldCertificates(nameOf('cert', config.cert_file), cert)
  if (key !== undefined) mustHoldKey(nameOf('key', config.key_file), key)
  const checksClients = clientCaFile !== undefined
  if (checksClients) mustHoldCertificates(nameOf('client_ca', clientCaFile), clientCa ?? '')
  return { cert, key, ca: checksClients ? clientCa : ca, digest: hash.digest('base64') }
}

/**
 * Node takes a text without certificates as none given, and then trusts every public authority; a file that is being
 * written is such a text for a moment.
 */
function mustHoldCertificates(name: string, pem: string): void {
  for (const [block] of pem.matchAll(certificateBlock)) if (isCertificate(block)) return
  throw new Error(`${name} holds no certificate in PEM`)
}

function mustHoldKey(name: string, pem: string): void {
  if (!keyHead.test(pem)) throw new Error(`${name} holds no private key in PEM`)
}

/** `tls.ca_file "/etc/ca.pem"`; what was written as `ca_pem` is not repeated. */
function nameOf(option: string, file: string | undefined): string {
  return file === undefined || file === '' ? `tls.${option}_pem` : `tls.${option}_file "${file}"`
}

const keyHead = /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.byteLength > 0
  } catch (error) {
    if (error instanceof Error) return false
    throw error
  }
}

async function load(config: TlsServerConfig | TlsClientConfig, files: Files): Promise<Loaded> {
  const { cert, key } = files
  const options: tls.SecureContextOptions = {
    ...versions(config),
    ...ciphers(config),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(await authorities(config, files.ca)),
  }
  return { options, context: createContext(options), digest: files.digest }
}

function createContext(options: tls.SecureContextOptions): tls.SecureContext {
  try {
    return tls.createSecureContext(options)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`cannot use the certificate and key of tls: ${reason}`, { cause: error })
  }
}

async function read(
  option: string,
  path: string | undefined,
  pem: Secret | undefined,
): Promise<string | undefined> {
  if (path === undefined || path === '') return pem?.reveal()
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`cannot read tls.${option} "${path}": ${reason}`, { cause: error })
  }
}

/**
 * Whom to trust. A client without authorities of its own trusts those of the machine, as the collector does; a listener
 * without them asks clients for no certificate. The machine's are read once for each set of files, when TLS is used.
 */
async function authorities(
  config: TlsServerConfig | TlsClientConfig,
  own: string | undefined,
): Promise<tls.SecureContextOptions> {
  // A listener trusts the authorities that it is given and no others: anybody may have a public certificate.
  if (!('insecure_skip_verify' in config)) return own === undefined ? {} : { ca: own }
  if (own === undefined && config.insecure_skip_verify) return {}
  if (own !== undefined && !config.include_system_ca_certs_pool) return { ca: own }
  const system = await systemAuthorities(process.env, process.platform)
  return { ca: own === undefined ? [...system] : [own, ...system] }
}

function versions(config: TlsServerConfig | TlsClientConfig): tls.SecureContextOptions {
  const minVersion = versionOf(config.min_version)
  if (config.max_version === undefined) return { minVersion }
  return { minVersion, maxVersion: versionOf(config.max_version) }
}

function versionOf(version: '1.0' | '1.1' | '1.2' | '1.3'): tls.SecureVersion {
  return version === '1.0' ? 'TLSv1' : `TLSv${version}`
}

/** The key exchange must be ephemeral and the cipher authenticated unless a suite is asked for by name. */
const safeSuites =
  'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:' +
  'ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305'

function ciphers(config: TlsServerConfig | TlsClientConfig): tls.SecureContextOptions {
  const named = config.cipher_suites.map((name) => cipherSuites[name]).join(':')
  // OpenSSL 3 has TLS 1.0 and 1.1 only at security level 0.
  const level = config.min_version === '1.0' || config.min_version === '1.1' ? ':@SECLEVEL=0' : ''
  const suites = `${tls13Suites}:${named === '' ? safeSuites : named}${level}`
  if (config.curve_preferences.length === 0) return { ciphers: suites }
  return {
    ciphers: suites,
    ecdhCurve: config.curve_preferences.map((name) => curves[name]).join(':'),
  }
}
