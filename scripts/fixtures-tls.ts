/**
 * Writes fixtures/tls: two authorities, server certificates for localhost, a client certificate. Valid for a hundred
 * years, for tests only. Needs the openssl program; run it again only to change what the certificates say.
 *
 *     node scripts/fixtures-tls.ts
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'

const folder = new URL('../fixtures/tls/', import.meta.url).pathname
const days = '36500'

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
}

function createAuthority(name: string): void {
  openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.key`)
  const subject = `/CN=remora test ${name}`
  const files = ['-key', `${name}.key`, '-out', `${name}.crt`]
  openssl('req', '-x509', '-new', ...files, '-days', days, '-subj', subject)
}

function createCertificate(name: string, authority: string, extensions: string): void {
  writeFileSync(`${folder}${name}.ext`, extensions)
  openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.key`)
  openssl('req', '-new', '-key', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
  const signer = ['-CA', `${authority}.crt`, '-CAkey', `${authority}.key`, '-CAcreateserial']
  const files = ['-in', `${name}.csr`, '-out', `${name}.crt`, '-extfile', `${name}.ext`]
  openssl('x509', '-req', ...signer, ...files, '-days', days)
}

mkdirSync(folder, { recursive: true })
const server = 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n'
createAuthority('ca')
createAuthority('other-ca')
createCertificate('server', 'ca', server)
createCertificate('server-renewed', 'ca', server)
createCertificate('client', 'ca', 'extendedKeyUsage=clientAuth\n')
createCertificate('stranger', 'other-ca', 'extendedKeyUsage=clientAuth\n')
for (const name of ['server', 'server-renewed', 'client', 'stranger']) {
  rmSync(`${folder}${name}.ext`)
  rmSync(`${folder}${name}.csr`)
}
for (const authority of ['ca', 'other-ca']) {
  rmSync(`${folder}${authority}.key`)
  rmSync(`${folder}${authority}.srl`, { force: true })
}
