import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { createAuthority, issueCertificate, loadAuthorities, loadCertificate } from '../../src/certificates/index.ts'

const remedy = 'correct it'

function write(name: string, content: string): string {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, content)
  return path
}

describe('a certificate from files', () => {
  test('may be followed by intermediate ones; the key belongs to the first', async () => {
    const ca = await createAuthority()
    const issued = await issueCertificate({ names: ['a.example'], ca })
    const chain = `text before\n${issued.certificate}\n${ca.certificate}`
    const files = { certificate: write('chain.pem', chain), key: write('a.key', issued.key) }
    const loaded = await loadCertificate(files, remedy)
    expect(loaded).toMatchObject({ certificate: chain, key: issued.key })
    expect(loaded.leaf.subject).toBe('CN=a.example')
  })

  test('in the wrong order does not fit its key', async () => {
    const ca = await createAuthority()
    const issued = await issueCertificate({ names: ['a.example'], ca })
    const files = {
      certificate: write('chain.pem', ca.certificate + issued.certificate),
      key: write('a.key', issued.key),
    }
    await expect(loadCertificate(files, remedy)).rejects.toMatchObject({
      code: 'storage',
      message: `${files.key} is not the key of the certificate in ${files.certificate}; correct it`,
    })
  })

  test('does not come with an encrypted key', async () => {
    const issued = await issueCertificate({ names: ['a.example'], ca: await createAuthority() })
    const { privateKey } = generateKeyPairSync('ec', {
      namedCurve: 'prime256v1',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
    })
    const files = { certificate: write('a.pem', issued.certificate), key: write('a.key', privateKey) }
    await expect(loadCertificate(files, remedy)).rejects.toMatchObject({
      code: 'storage',
      message: `${files.key} is encrypted, and nobody is there to type a passphrase; store the key without one, mode 0600`,
    })
  })

  test('that is not there is told by its path', async () => {
    const path = join(temporaryFolder(), 'a.pem')
    await expect(loadCertificate({ certificate: path, key: path }, remedy)).rejects.toMatchObject({
      code: 'storage',
      message: `cannot read ${path}: there is no such file; correct the path`,
    })
  })
})

describe('authorities from a file', () => {
  test('are as many as it holds', async () => {
    const [one, two] = [await createAuthority(), await createAuthority()]
    const loaded = await loadAuthorities(write('ca.pem', one.certificate + two.certificate), remedy)
    expect(loaded.map((pem) => new X509Certificate(pem).subject)).toEqual(
      [one, two].map(({ certificate }) => new X509Certificate(certificate).subject),
    )
  })

  test('are all good, or the file is refused', async () => {
    const { certificate } = await createAuthority()
    const damaged = write('ca.pem', `${certificate}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`)
    await expect(loadAuthorities(damaged, remedy)).rejects.toMatchObject({
      code: 'storage',
      message: `${damaged} holds a damaged certificate; correct it`,
    })
    const key = write('ca.pem', (await createAuthority()).key)
    await expect(loadAuthorities(key, remedy)).rejects.toMatchObject({
      message: `${key} holds no certificate in PEM form; correct it`,
    })
  })
})
