import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import tls from 'node:tls'
import { systemAuthorities } from './system-authorities.ts'

const pem = (name: string): string =>
  `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----`

suite('authorities of the machine', () => {
  let root = ''
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'remora-ca-'))
    await mkdir(join(root, 'certs'))
    await mkdir(join(root, 'more'))
    await writeFile(join(root, 'bundle.pem'), `# one\n${pem('A')}\n# two\n${pem('B')}\n`)
    await writeFile(join(root, 'certs', 'c.pem'), pem('C'))
    await symlink('c.pem', join(root, 'certs', '0a1b2c3d.0'))
    await symlink(join(root, 'bundle.pem'), join(root, 'certs', 'far.pem'))
    await writeFile(join(root, 'certs', 'README'), 'no certificate')
    await writeFile(join(root, 'more', 'd.crt'), pem('D'))
  })
  after(() => rm(root, { recursive: true }))

  const rows: readonly { name: string; file: string; folders: string[]; want: string[] }[] = [
    { name: 'a bundle', file: 'bundle.pem', folders: ['none'], want: ['A', 'B'] },
    { name: 'directories', file: 'none', folders: ['certs', 'more'], want: ['C', 'A', 'B', 'D'] },
    { name: 'both, each once', file: 'bundle.pem', folders: ['certs'], want: ['A', 'B', 'C'] },
    { name: 'what does not exist is empty', file: 'none', folders: ['none'], want: [] },
  ]
  for (const { name, file, folders, want } of rows) {
    test(`of SSL_CERT_FILE and SSL_CERT_DIR: ${name}`, async () => {
      const env = {
        SSL_CERT_FILE: join(root, file),
        SSL_CERT_DIR: folders.map((folder) => join(root, folder)).join(':'),
      }
      const found = await systemAuthorities(env, 'linux')
      assert.deepEqual(found.toSorted(), want.map(pem).toSorted())
    })
  }

  test('are never nobody when nothing is said', async () => {
    const found = await systemAuthorities({}, 'linux')
    assert.ok(found.length > 20, `${found.length} authorities`)
    tls.createSecureContext({ ca: [...found] })
  })
})
