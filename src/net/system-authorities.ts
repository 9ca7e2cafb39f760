import type { Dirent } from 'node:fs'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import tls from 'node:tls'

/** Where distributions keep the bundle of the authorities that the machine trusts; the first that exists counts. */
const bundles: readonly string[] = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
]
const directories: readonly string[] = ['/etc/ssl/certs', '/etc/pki/tls/certs']
/** A bundle is about 200 kB; what is longer is none. */
const fileBytesMax = 16 * 1024 * 1024
const filesMax = 4096

const pemBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/**
 * The certificates, in PEM, that programs of this machine trust, as the collector finds them (Go, crypto/x509): the
 * first bundle and all files of the directories, in whose places SSL_CERT_FILE and SSL_CERT_DIR (colons between) step.
 * A file that cannot be read counts as empty. Without those variables and with no store at all, as in a slim container
 * image, they are the authorities that come with Node.
 *
 * Node's own reading of the store blocks, and writes to stderr.
 */
export async function systemAuthorities(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
): Promise<readonly string[]> {
  const { SSL_CERT_FILE: file = '', SSL_CERT_DIR: folders = '' } = env
  const told = file !== '' || folders !== ''
  // Their store is no file.
  if (!told && (platform === 'darwin' || platform === 'win32')) {
    return tls.getCACertificates('system')
  }
  const found = new Set<string>()
  for (const bundle of file === '' ? bundles : [file]) if (await addFile(bundle, found)) break
  for (const folder of folders === '' ? directories : folders.split(':')) {
    for (const path of await filesOf(folder)) await addFile(path, found)
  }
  return found.size === 0 && !told ? tls.getCACertificates('bundled') : [...found]
}

/** False if it cannot be read. */
async function addFile(path: string, found: Set<string>): Promise<boolean> {
  try {
    const text = await readFile(path, 'latin1')
    if (text.length <= fileBytesMax) for (const [block] of text.matchAll(pemBlock)) found.add(block)
    return true
  } catch (error) {
    if (isSystemError(error)) return false
    throw error
  }
}

async function filesOf(folder: string): Promise<string[]> {
  try {
    const entries = (await readdir(folder, { withFileTypes: true })).slice(0, filesMax)
    const paths: string[] = []
    for (const entry of entries) {
      if (!(await isAlias(folder, entry))) paths.push(join(folder, entry.name))
    }
    return paths
  } catch (error) {
    if (isSystemError(error)) return []
    throw error
  }
}

/** A link to another file of the same directory: OpenSSL wants one for each certificate, under its hash. */
async function isAlias(folder: string, entry: Dirent): Promise<boolean> {
  if (entry.isDirectory()) return true
  return entry.isSymbolicLink() && !(await readlink(join(folder, entry.name))).includes('/')
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'code' in error
}
