import { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { createAuthority, issueCertificate, type LoadedCertificate } from '../../src/certificates/index.ts'
import { completeSettings, type Settings, type SettingsInput } from '../../src/config/index.ts'
import { certificateFlaws, certificatesByName, certifiedNames } from '../../src/io/certified-names.ts'
import { examine } from '../../src/io/examine.ts'

const ca = await createAuthority()

async function loaded(...names: string[]): Promise<LoadedCertificate> {
  const made = await issueCertificate({ names, ca })
  return { ...made, leaf: new X509Certificate(made.certificate) }
}

const com = await loaded('relay.example.com', 'example.com')
const org = await loaded('example.org')
const net = await loaded('*.example.net', 'example.net')

const files = { certificate: '/etc/own.pem', key: '/etc/own.key' }
const relay: SettingsInput = {
  listen: [{ host: '0.0.0.0' }],
  advertised: { name: 'relay.example.com' },
  realm: 'example.com',
  tls: { certificate: '/etc/relay.pem', key: '/etc/relay.key' },
}

/** What is wrong with it, each by its key. */
function flaws(input: SettingsInput, server: LoadedCertificate, own: Record<number, LoadedCertificate> = {}): string[] {
  const ofDomains = new Map(Object.entries(own).map(([index, one]) => [Number(index), one]))
  return certificateFlaws({ server, ofDomains }, completeSettings({ ...relay, ...input })).map(({ message }) => message)
}

describe('a name that others look for and no certificate has', () => {
  it('is none where each is certified, by a wildcard too', () => {
    expect(flaws({}, com)).toEqual([])
    expect(flaws({ domains: [{ name: 'example.com' }] }, com)).toEqual([])
    const domains = [
      { name: 'example.org', ...files },
      { name: 'example.net', host: 'relay.example.net', ...files },
    ]
    expect(flaws({ domains }, com, { 0: org, 1: net })).toEqual([])
  })

  it('is told by its key, the file, the name and what to do', () => {
    expect(flaws({}, org)).toEqual([
      'tls.certificate: /etc/relay.pem does not name the host relay.example.com, so clients would refuse it; have it issued for that name, or correct advertised.name',
    ])
  })

  it.each([
    [
      'a domain with the certificate of another',
      [{ name: 'example.org', ...files }],
      { 0: net },
      /^domains\[0\]\.certificate: .*own\.pem .* example\.org, .* domains\[0\]\.name$/,
    ],
    [
      'a domain without one',
      [{ name: 'example.org' }],
      {},
      /^tls\.certificate: .*relay\.pem .* example\.org, .* domains\[0\]\.name$/,
    ],
    [
      'the host of a domain',
      [{ name: 'example.org', host: 'relay.example.org', ...files }],
      { 0: org },
      /^domains\[0\]\.certificate: .* relay\.example\.org, .* domains\[0\]\.host$/,
    ],
  ])('may be %s', (_, domains, own, message) => {
    expect(flaws({ domains }, com, own)).toEqual([expect.stringMatching(message)])
  })

  it('is nobody’s business where a proxy ends TLS', () => {
    const listen = [{ host: '127.0.0.1', transport: 'tls-in-front' as const }]
    expect(flaws({ listen, advertised: { name: 'relay.example.com', port: 2855 } }, org)).toEqual([])
  })
})

it('each name has its certificate; a host of several domains that of one which names it', () => {
  const host = 'relay.example.net'
  const settings = completeSettings({
    ...relay,
    domains: [
      { name: 'example.org', host, ...files },
      { name: 'example.net', host, ...files },
      { name: 'example.com' },
    ],
  })
  const byName = certificatesByName(
    {
      ofDomains: new Map([
        [0, org],
        [1, net],
      ]),
    },
    settings,
  )
  expect([...byName].sort()).toEqual([
    ['example.net', net],
    ['example.org', org],
    ['relay.example.net', net],
  ])
})

it('a certificate of the relay’s own has all names by which it may be reached', () => {
  const settings = completeSettings({
    advertised: { name: 'relay.localhost' },
    realm: 'example.com',
    listen: [{ host: '127.0.0.1' }],
    domains: [{ name: 'example.org' }, { name: 'example.net', ...files }],
  })
  expect(certifiedNames(settings)).toEqual([
    'relay.localhost',
    'localhost',
    '127.0.0.1',
    '::1',
    'example.com',
    'example.org',
  ])
})

test('files of domains are looked at before a start: each that is missing or wrong, and the names in them', async () => {
  const folder = temporaryFolder()
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const key = write('org.key', org.key)
  const settings = (certificate: string): Settings =>
    completeSettings({
      stateFolder: join(folder, 'state'),
      listen: [{ host: '127.0.0.1' }],
      domains: [{ name: 'example.org' }, { name: 'example.net', certificate, key }],
    })
  const told = async (certificate: string): Promise<object[]> => {
    const found = await examine(settings(certificate), { ports: false })
    return found.map(({ path, code, message }) => ({ key: path.join('.'), code, message }))
  }
  expect(await told(join(folder, 'none.pem'))).toEqual([
    {
      key: 'domains.1.certificate',
      code: 'storage',
      message: expect.stringMatching(/^domains\[1\]\.certificate: cannot read .*none\.pem/),
    },
  ])
  expect(await told(write('net.pem', net.certificate))).toEqual([
    {
      key: 'domains.1.certificate',
      code: 'storage',
      message: expect.stringMatching(/org\.key is not the key .* domains\[1\]\.certificate and domains\[1\]\.key$/),
    },
  ])
  expect(await told(write('org.pem', org.certificate))).toEqual([
    {
      key: 'domains.1.certificate',
      code: 'storage',
      message: expect.stringMatching(/org\.pem does not name the host example\.net/),
    },
  ])
})

test('certificate and key that are not there are both told, each with its key', async () => {
  const found = await examine(completeSettings({ tls: { certificate: '/no/a.pem', key: '/no/a.key' } }), {
    ports: false,
  })
  expect(found).toMatchObject([
    { path: ['tls', 'certificate'], message: expect.stringContaining('/no/a.pem') },
    { path: ['tls', 'key'], message: expect.stringContaining('/no/a.key') },
  ])
})
