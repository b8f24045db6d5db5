import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { issueCertificate } from 'msrp-relay/certificates'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { NamedNetwork, requiresNamedNetwork } from './support/dns/named-network.ts'
import { type Program, type ProgramOptions, startMsrp, startProgram } from './support/process.ts'
import { sha256OfFile, writeRandomFile } from './support/random-file.ts'
import { newAuthority, type RelayOptions, startRelay, type TestAuthority, type TestRelay } from './support/relay.ts'
import { repositoryRoot } from './support/repository.ts'
import { temporaryFolder, temporaryFolderOfFile } from './support/temporary-folder.ts'
import { eventsNamed, expectExit, startReceiver, startSender, type Way } from './support/transfer.ts'

// Domains and their relays, as they are found by names alone: real relays at the addresses and ports that a real name
// server tells of. All have the same users, each of every domain.

const srv = (domain: string, relay: string, priority: number, weight: number): string =>
  `srv-host=_msrps._tcp.${domain},${relay},2855,${priority},${weight}`

const records = [
  ...['one', 'two', 'three', 'outer'].map((name, index) => `host-record=${name}.example.com,127.0.0.${11 + index}`),
  // Three quarters to the first one.
  srv('example.com', 'one.example.com', 0, 30),
  srv('example.com', 'two.example.com', 0, 10),
  // A domain of one relay, with a certificate and a host name of its own.
  srv('example.org', 'one.example.com', 0, 0),
  'host-record=one.example.org,127.0.0.11',
  // The first one is down, and the next has lost its users.
  'host-record=down.example.com,127.0.0.19',
  srv('late.example.com', 'down.example.com', 0, 0),
  srv('late.example.com', 'three.example.com', 1, 0),
  srv('late.example.com', 'two.example.com', 2, 0),
  // No SRV, but addresses: nobody listens at the first one. And one for each family.
  'host-record=plain.example.com,127.0.0.19',
  'host-record=plain.example.com,127.0.0.12',
  'host-record=six.example.com,127.0.0.19,::1',
  // A domain that no settings name, only the users and the certificate.
  srv('example.net', 'two.example.com', 0, 0),
  // Behind a NAT: its public address and port are not those that it listens on.
  'host-record=natted.example.com,192.0.2.50',
  'srv-host=_msrps._tcp.natted.example.net,natted.example.com,9000,0,0',
  // Behind others.
  srv('outer.example.net', 'outer.example.com', 0, 0),
  // No relay at all (RFC 2782).
  'srv-host=_msrps._tcp.none.example.com',
]
const domains = ['example.com', 'example.org', 'late.example.com', 'plain.example.com', 'six.example.com']

let network: NamedNetwork
let authority: TestAuthority
let two: TestRelay
let three: TestRelay
let passwordFile: string
let ca: string

const password = 'correct horse'

beforeEach((context) => requiresNamedNetwork(context))

beforeAll(async () => {
  authority = await newAuthority()
  const folder = temporaryFolderOfFile()
  passwordFile = join(folder, 'password')
  ca = join(folder, 'ca.pem')
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
  writeFileSync(ca, authority.certificate)
  network = await NamedNetwork.create(records).catch(() => undefined as never)
  if (network === undefined) return
  const org = await issueCertificate({ names: ['example.org', 'one.example.org'], ca: authority })
  const [certificate, key] = [join(folder, 'org.pem'), join(folder, 'org.key')]
  writeFileSync(certificate, org.certificate)
  writeFileSync(key, org.key, { mode: 0o600 })
  const own = `\n[[domains]]\nname = "example.org"\nhost = "one.example.org"\ncertificate = "${certificate}"\nkey = "${key}"`
  const served = domains.filter((name) => name !== 'example.org')
  const relay = (
    name: string,
    address: string,
    tables: string,
    options: Partial<RelayOptions> = {},
  ): Promise<TestRelay> =>
    startRelay({
      name: `${name}.example.com`,
      host: address,
      port: 2855,
      authority,
      certificate: { also: served },
      settings: { realm: 'example.com', users: { database: join(folder, `${name}.sqlite`) } },
      tables: [
        ...served.slice(1).map((domain) => `[[domains]]\nname = "${domain}"\nrealm = "example.com"`),
        tables,
      ].join('\n'),
      within: network.words,
      lifetime: 'file',
      ...options,
    })
  // The databases come first: a relay is not started without the one that its settings name.
  await addUsers(join(folder, 'users.sqlite'))
  for (const name of ['one', 'two', 'three', 'outer']) {
    copyFileSync(join(folder, 'users.sqlite'), join(folder, `${name}.sqlite`))
  }
  const relays = await Promise.all([
    relay('one', '127.0.0.11', own),
    relay('two', '127.0.0.12', '[[listen]]\nhost = "::1"\nport = 2855\n[[listen]]\nhost = "127.0.0.12"\nport = 443', {
      certificate: { also: [...served, 'example.net'] },
      settings: { realm: 'example.com', unlisted_domains: true, users: { database: join(folder, 'two.sqlite') } },
    }),
    relay('three', '127.0.0.13', ''),
    relay('outer', '127.0.0.14', '[[domains]]\nname = "outer.example.net"\n[chains]\ninbound = ["*.example.org"]', {
      certificate: { also: [...served, 'outer.example.net'] },
    }),
  ])
  ;[, two, three] = relays
})

/** Alice and Bob in every domain. */
async function addUsers(database: string): Promise<void> {
  const config = join(temporaryFolderOfFile(), 'users.toml')
  writeFileSync(config, `[users]\ndatabase = "${database}"\n`)
  for (const address of [
    'alice@example.com',
    'bob@example.com',
    'alice@example.org',
    'alice@example.net',
    'carol@outer.example.net',
    'carol@example.org',
    'carol@example.com',
  ]) {
    const args = ['relay', 'user', 'add', address, '--config', config]
    await expectExit(startMsrp(args, { lifetime: 'file', input: `${password}\n` }))
  }
}

/** What the command line needs to log in to the relay of a domain, which it finds by name. */
function options(user: string, relay: string): string[] {
  return ['--relay', relay, '--user', user, '--password-file', passwordFile, '--ca', ca]
}

function run(args: readonly string[], more: ProgramOptions = {}): Program {
  return startMsrp(args, { within: network.words, ...more })
}

/** The hosts in the URIs that so many logins yield. */
async function hosts(domain: string, count: number, user = 'alice'): Promise<string[]> {
  const script = join(repositoryRoot, 'test/support/dns/logins.ts')
  const args = [script, `msrps://${domain};tcp`, user, password, ca, String(count)]
  const logins = startProgram(process.execPath, args, { within: network.words })
  await expectExit(logins, 0, 60_000)
  return [...logins.stdout.lines]
}

/** A text and a file from one user to the other. */
async function expectTransfer(way: Way): Promise<void> {
  const within = { receiver: network.words, sender: network.words }
  const receiver = await startReceiver({ ...way, within }, { args: ['--count', '2'] })
  const file = await writeRandomFile(join(temporaryFolder(), 'file.bin'), 3_000_000)
  const sender = startSender(['--text', 'hello', file.path], receiver, { within: network.words })
  await expectExit(sender)
  await expectExit(receiver.program)
  expect(eventsNamed(receiver.program, 'message').map(({ text }) => text)).toEqual(['hello', null])
  expect(await sha256OfFile(join(receiver.folder, 'file.bin'))).toBe(file.sha256)
}

describe('several relays of one domain', () => {
  test('are found by SRV, and share the clients by weight; each hands out its own name', async () => {
    const found = await hosts('example.com', 160)
    const first = found.filter((host) => host === 'one.example.com').length
    expect(found).toHaveLength(160)
    expect(found.every((host) => host === 'one.example.com' || host === 'two.example.com')).toBe(true)
    // 120 are expected, give or take 5.5; beyond five times that it is not the weights.
    expect(first).toBeGreaterThan(92)
    expect(first).toBeLessThan(148)
    expect(network.dnsmasq.stderr.text + network.dnsmasq.stdout.text).toMatch(/query\[SRV\] _msrps\._tcp\.example\.com/)
  })

  test('stand in for each other: for one that is down, and for one that cannot get at its users', async () => {
    // Whoever asks the third one is told 403, that it is for the moment.
    const database = new DatabaseSync(databaseOf(three))
    database.exec('ALTER TABLE users RENAME TO lost')
    database.close()
    expect(await hosts('late.example.com', 2)).toEqual(['two.example.com', 'two.example.com'])
    await three.program.line(/an AUTH could not be checked/)
    // A wrong password is one everywhere: nobody else is asked.
    const wrong = join(temporaryFolder(), 'wrong')
    writeFileSync(wrong, 'guess\n', { mode: 0o600 })
    const args = options('alice@example.com', 'msrps://example.com;tcp').map((word) =>
      word === passwordFile ? wrong : word,
    )
    await expectExit(run(['receive', '--json', ...args]), 9)
  })

  test('may be its addresses alone, of both families', async () => {
    expect(await hosts('plain.example.com', 2)).toEqual(['two.example.com', 'two.example.com'])
    expect(await hosts('six.example.com', 2)).toEqual(['two.example.com', 'two.example.com'])
  })

  test('listen at several ports, and a URI may name one', async () => {
    expect(await hosts('two.example.com:443', 1)).toEqual(['two.example.com'])
  })

  test('are none where DNS says so', async () => {
    const receiver = run(['receive', '--json', ...options('alice@example.com', 'msrps://none.example.com;tcp')])
    await expectExit(receiver, 5)
    expect(receiver.stderr.text).toMatch(/_msrps\._tcp\.none\.example\.com is not offered/)
  })
})

test('a relay behind a NAT is found and reached by its public address and port', async () => {
  // As a router does that passes 192.0.2.50:9000 on to the relay.
  network.run(
    'ip address add 192.0.2.50/32 dev lo; nft -f -',
    'table ip nat { chain out { type nat hook output priority -100; ip daddr 192.0.2.50 tcp dport 9000 dnat to 127.0.0.15:2855; }; }',
  )
  await startRelay({
    name: 'natted.example.com',
    host: '127.0.0.15',
    port: 2855,
    authority,
    certificate: { also: ['natted.example.net'] },
    settings: { realm: 'example.com', advertised: { port: 9000 }, users: { database: databaseOf(two) } },
    tables: '[[domains]]\nname = "natted.example.net"\nrealm = "example.com"',
    within: network.words,
  })
  const behind = options('bob@example.com', 'msrps://natted.example.net;tcp')
  const bob = run(['receive', '--json', ...behind])
  const [path] = await bob.stdout.line(/msrps:[^ "]*/)
  expect(path).toMatch(/^msrps:\/\/natted\.example\.com:9000\//)
  await bob.stop()
  // From another relay, which connects to what the path says.
  await expectTransfer({ receiver: behind, sender: options('alice@example.com', 'msrps://two.example.com:2855;tcp') })
})

test('a domain that is not listed is served where that is said, for the users that it has', async () => {
  expect(await hosts('example.net', 1)).toEqual(['two.example.com'])
  const bob = run(['receive', '--json', ...options('bob@example.net', 'msrps://example.net;tcp')])
  await expectExit(bob, 9)
})

describe('two domains on one relay', () => {
  test('each have a certificate, a realm and a host name of their own', async () => {
    expect(await hosts('example.org', 1)).toEqual(['one.example.org'])
    const shown = await Promise.all(
      ['example.org', 'one.example.org', 'example.com', 'elsewhere.example', undefined].map(namesShown),
    )
    const org = 'DNS:example.org, DNS:one.example.org'
    expect(shown.slice(0, 2)).toEqual([org, org])
    for (const names of shown.slice(2)) expect(names).toMatch(/^DNS:one\.example\.com, /)
    // Nobody of example.com is a user of example.org.
    const bob = run(['receive', '--json', ...options('bob@example.org', 'msrps://example.org;tcp')])
    await expectExit(bob, 9)
  })

  test('texts and files go between their users, over one relay and over two', async () => {
    const alice = options('alice@example.org', 'msrps://example.org;tcp')
    for (const relay of ['msrps://one.example.com:2855;tcp', 'msrps://two.example.com:2855;tcp']) {
      await expectTransfer({ receiver: options('bob@example.com', relay), sender: alice })
    }
  })
})

/** The names in the certificate of the first relay for whoever asks for a name, or for none. */
async function namesShown(name: string | undefined): Promise<string> {
  const script = `const socket = require('node:tls').connect({ host: '127.0.0.11', port: 2855, rejectUnauthorized: false,
    servername: ${JSON.stringify(name ?? '')} }, () => { console.log(socket.getPeerCertificate().subjectaltname); socket.end() })`
  const program = startProgram(process.execPath, ['-e', script], { within: network.words })
  await expectExit(program)
  return program.stdout.lines[0] ?? ''
}

describe('a relay that is chained', () => {
  const through = (inner: string): string => `${inner} msrps://outer.example.net;tcp`

  test('is found by SRV and takes those it lists, by the certificate of the host in their URIs', async () => {
    const carol = options('carol@example.org', through('msrps://example.org;tcp'))
    const alice = options('alice@example.com', 'msrps://two.example.com:2855;tcp')
    await expectTransfer({ receiver: carol, sender: alice })
    await expectTransfer({ receiver: alice, sender: carol })
  })

  test('refuses others, though they show a certificate', async () => {
    const carol = run(['receive', '--json', ...options('carol@example.com', through('msrps://two.example.com;tcp'))])
    await expectExit(carol, 11)
    expect(carol.stderr.text).toMatch(/403.*serves no clients behind that one/)
  })
})

/** The file with its users. */
function databaseOf(relay: TestRelay): string {
  return /database = "(.*)"/.exec(readFileSync(relay.config, 'utf8'))?.[1] ?? ''
}
