import { X509Certificate } from 'node:crypto'
import { copyFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import {
  certifies,
  createAuthority,
  ensurePrivateCertificates,
  issueCertificate,
} from '../../src/certificates/index.ts'
import { handshake } from './handshake.ts'

const names = ['localhost', '127.0.0.1', '::1']
const day = 86_400_000
const files = ['ca.key', 'ca.pem', 'server.key', 'server.pem']

const contents = (folder: string): Record<string, string> =>
  Object.fromEntries(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), 'utf8')]))

describe('the first start', () => {
  test('makes an authority and a certificate for all names, which TLS takes', async () => {
    const made = await ensurePrivateCertificates(temporaryFolder(), { names: [...names, 'relay.example.com'] })
    expect(made.made).toEqual(['authority', 'certificate'])
    for (const name of [...names, '0:0:0:0:0:0:0:1', 'relay.example.com']) {
      expect(certifies(made.server.leaf, name), name).toBe(true)
    }
    expect(certifies(made.server.leaf, 'other.example.com')).toBe(false)
    expect(certifies(made.server.leaf, '127.0.0.2')).toBe(false)
    const seen = await handshake({
      server: made.server,
      client: made.server,
      ca: readFileSync(made.authorityFile, 'utf8'),
      servername: 'localhost',
    })
    expect(seen).toMatchObject({ serverAuthorized: true, clientAuthorized: true })
  })

  test('leaves keys that only the owner reads, certificates that all may read, and nothing else', async () => {
    const folder = temporaryFolder()
    const umask = process.umask(0o077)
    onTestFinished(() => void process.umask(umask))
    await ensurePrivateCertificates(folder, { names })
    const modes = readdirSync(folder).map((file) => [file, (statSync(join(folder, file)).mode & 0o777).toString(8)])
    expect(Object.fromEntries(modes)).toEqual({
      'ca.key': '600',
      'ca.pem': '644',
      'server.key': '600',
      'server.pem': '644',
    })
  })

  test('may happen several times at once, and all come to the same files', async () => {
    const folder = temporaryFolder()
    const all = await Promise.all(Array.from({ length: 6 }, () => ensurePrivateCertificates(folder, { names })))
    expect(new Set(all.map(({ server }) => server.certificate + server.key)).size).toBe(1)
    expect(new Set(all.map(({ authority }) => authority.certificate)).size).toBe(1)
    expect(readdirSync(folder).sort()).toEqual(files)
  })

  test.each([
    ['the authority’s key', ['ca.pem', 'server.key', 'server.pem']],
    ['the authority', ['server.key', 'server.pem']],
    ['the relay’s key', ['server.pem']],
  ])('is completed by the next one when it was killed after %s', async (_, missing) => {
    const folder = temporaryFolder()
    await ensurePrivateCertificates(folder, { names })
    const before = contents(folder)
    for (const file of missing) rmSync(join(folder, file))
    const again = await ensurePrivateCertificates(folder, { names })
    expect(readdirSync(folder).sort()).toEqual(files)
    expect(contents(folder)['ca.key']).toBe(before['ca.key'])
    const seen = await handshake({ server: again.server, ca: again.authority.certificate, servername: 'localhost' })
    expect(seen.serverAuthorized).toBe(true)
  })
})

describe('the next start', () => {
  test('changes nothing', async () => {
    const folder = temporaryFolder()
    await ensurePrivateCertificates(folder, { names })
    const before = contents(folder)
    const again = await ensurePrivateCertificates(folder, { names })
    expect(again.made).toEqual([])
    expect(contents(folder)).toEqual(before)
  })

  test.each([
    ['31 days are left', 397 - 31, []],
    ['29 days are left', 397 - 29, ['certificate']],
    ['it ran out', 500, ['certificate']],
    ['the clock was set back a year', -365, ['authority', 'certificate']],
    ['the authority has 29 days left', 3650 - 29, ['authority', 'certificate']],
  ])('when %s makes anew what is needed, under the same keys', async (_, days, made) => {
    const folder = temporaryFolder()
    const start = new Date('2030-06-01T12:00:00Z')
    await ensurePrivateCertificates(folder, { names, now: start })
    const before = contents(folder)
    const now = new Date(start.getTime() + days * day)
    const again = await ensurePrivateCertificates(folder, { names, now })
    expect(again.made).toEqual(made)
    expect(again.server.leaf.validToDate.getTime()).toBeGreaterThan(now.getTime() + 30 * day)
    expect(again.server.leaf.checkIssued(new X509Certificate(again.authority.certificate))).toBe(true)
    const after = contents(folder)
    expect([after['ca.key'], after['server.key']]).toEqual([before['ca.key'], before['server.key']])
    expect(readdirSync(folder).sort()).toEqual(files)
  })

  test('makes a new certificate when a name was added, and keeps the authority that clients trust', async () => {
    const folder = temporaryFolder()
    const first = await ensurePrivateCertificates(folder, { names })
    const second = await ensurePrivateCertificates(folder, { names: [...names, 'relay.example.com'] })
    expect(second.made).toEqual(['certificate'])
    expect(second.authority.certificate).toBe(first.authority.certificate)
    expect(certifies(second.server.leaf, 'relay.example.com')).toBe(true)
  })

  test('makes a new certificate when the authority was replaced', async () => {
    const folder = temporaryFolder()
    await ensurePrivateCertificates(folder, { names })
    for (const file of ['ca.pem', 'ca.key']) rmSync(join(folder, file))
    const again = await ensurePrivateCertificates(folder, { names })
    expect(again.made).toEqual(['authority', 'certificate'])
    const seen = await handshake({ server: again.server, ca: again.authority.certificate, servername: 'localhost' })
    expect(seen.serverAuthorized).toBe(true)
  })
})

test('a certificate whose signature is not the authority’s is made anew', async () => {
  const folder = temporaryFolder()
  const { server } = await ensurePrivateCertificates(folder, { names })
  const bytes = Buffer.from(server.leaf.raw)
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
  writeFileSync(
    join(folder, 'server.pem'),
    `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64')}\n-----END CERTIFICATE-----\n`,
  )
  const again = await ensurePrivateCertificates(folder, { names })
  expect(again.made).toEqual(['certificate'])
  const seen = await handshake({ server: again.server, ca: again.authority.certificate, servername: 'localhost' })
  expect(seen.serverAuthorized).toBe(true)
})

describe('a damaged file is told in one line that names it and what to do', () => {
  const remedy = (folder: string, name: string): string =>
    `restore it from a backup, or remove ${join(folder, `${name}.pem`)} and ${join(folder, `${name}.key`)} so that the next start makes new ones`

  test.each([
    ['ca.pem', 'holds a damaged certificate'],
    ['ca.key', 'holds no readable private key in PEM form'],
    ['server.pem', 'holds a damaged certificate'],
    ['server.key', 'holds no readable private key in PEM form'],
  ])('%s with changed bytes', async (file, what) => {
    const folder = temporaryFolder()
    await ensurePrivateCertificates(folder, { names })
    const path = join(folder, file)
    const lines = readFileSync(path, 'utf8').split('\n')
    writeFileSync(path, [lines[0], 'AAAA', ...lines.slice(2)].join('\n'))
    const before = contents(folder)
    await expect(ensurePrivateCertificates(folder, { names })).rejects.toMatchObject({
      code: 'storage',
      message: `${path} ${what}; ${remedy(folder, file.split('.')[0] ?? '')}`,
    })
    expect(contents(folder)).toEqual(before)
  })

  test.each([
    ['server.pem', '', 'holds no certificate in PEM form'],
    ['server.pem', 'garbage', 'holds no certificate in PEM form'],
    ['ca.key', '', 'holds no readable private key in PEM form'],
  ])('%s with %j in it', async (file, content, what) => {
    const folder = temporaryFolder()
    await ensurePrivateCertificates(folder, { names })
    writeFileSync(join(folder, file), content)
    await expect(ensurePrivateCertificates(folder, { names })).rejects.toMatchObject({
      code: 'storage',
      message: `${join(folder, file)} ${what}; ${remedy(folder, file.split('.')[0] ?? '')}`,
    })
  })

  test.each(['ca', 'server'])('%s.key of another certificate', async (name) => {
    const [folder, other] = [temporaryFolder(), temporaryFolder()]
    for (const each of [folder, other]) await ensurePrivateCertificates(each, { names })
    copyFileSync(join(other, `${name}.key`), join(folder, `${name}.key`))
    await expect(ensurePrivateCertificates(folder, { names })).rejects.toMatchObject({
      code: 'storage',
      message: `${join(folder, `${name}.key`)} is not the key of the certificate in ${join(folder, `${name}.pem`)}; ${remedy(folder, name)}`,
    })
  })

  test.each(['ca', 'server'])('%s.key that is gone while its certificate is there', async (name) => {
    const folder = temporaryFolder()
    await ensurePrivateCertificates(folder, { names })
    rmSync(join(folder, `${name}.key`))
    const [key, certificate] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)]
    await expect(ensurePrivateCertificates(folder, { names })).rejects.toMatchObject({
      code: 'storage',
      message: `${key} is missing, though its certificate ${certificate} is there; ${remedy(folder, name)}`,
    })
  })

  test('ca.pem that is no authority’s', async () => {
    const folder = temporaryFolder()
    const leaf = await issueCertificate({ names, ca: await createAuthority() })
    writeFileSync(join(folder, 'ca.pem'), leaf.certificate)
    writeFileSync(join(folder, 'ca.key'), leaf.key)
    await expect(ensurePrivateCertificates(folder, { names })).rejects.toMatchObject({
      message: `${join(folder, 'ca.pem')} is not the certificate of an authority; ${remedy(folder, 'ca')}`,
    })
  })

  test('a folder that does not exist', async () => {
    const folder = join(temporaryFolder(), 'none')
    await expect(ensurePrivateCertificates(folder, { names })).rejects.toMatchObject({
      code: 'storage',
      message: `cannot write ${join(folder, 'ca.key')}: its folder does not exist; create it or correct the path`,
    })
  })
})
