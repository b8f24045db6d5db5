import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MsrpError } from 'msrp/wire'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { completeSettings, readSettings, type Surroundings } from '../../src/config/index.ts'

const around: Surroundings = { ipv6Loopback: true, stateFolder: '/var/lib/msrp-relay' }

async function read(toml: string, surroundings = around) {
  const file = join(temporaryFolder(), 'relay.toml')
  writeFileSync(file, toml)
  return readSettings(file, surroundings)
}

async function refusal(toml: string): Promise<string> {
  const error: unknown = await read(toml).catch((reason: unknown) => reason)
  if (!(error instanceof MsrpError)) throw new Error(`accepted, or failed otherwise: ${String(error)}`)
  expect(error.code).toBe('invalid-argument')
  return error.message
}

const beyondLoopback = '[[listen]]\nhost = "0.0.0.0"\n'

describe('defaults', () => {
  test('listen with TLS on port 2855 of both loopback addresses (RFC4975-6-4)', async () => {
    const settings = await readSettings(undefined, around)
    expect(settings.listen).toMatchObject([
      { host: '127.0.0.1', port: 2855, transport: 'tls' },
      { host: '::1', port: 2855, transport: 'tls' },
    ])
  })

  test('listen on 127.0.0.1 alone where there is no ::1', async () => {
    const settings = await readSettings(undefined, { ...around, ipv6Loopback: false })
    expect(settings.listen).toMatchObject([{ host: '127.0.0.1', port: 2855, transport: 'tls' }])
  })

  test('name the relay localhost, its realm too, and let it dial loopback, while it listens on loopback alone', async () => {
    const settings = await readSettings(undefined, around)
    expect(settings).toMatchObject({
      advertised: { name: 'localhost' },
      realm: 'localhost',
      outbound: { allowLoopback: true },
    })
  })

  test('keep a relay that others reach off loopback and private networks', async () => {
    const settings = await read(`${beyondLoopback}[advertised]\nname = "relay.example.com"`)
    expect(settings.outbound).toEqual({ allowLoopback: false, allowPrivate: false, allow: [], deny: [] })
    expect(settings.realm).toBe('relay.example.com')
  })
})

describe('a file', () => {
  test('overrides only what it says', async () => {
    const settings = await read('[limits]\nauth_failures = 3\n[log]\nlevel = "debug"')
    expect(settings.limits).toMatchObject({ authFailures: 3, unauthenticatedTime: 30 })
    expect(settings.log).toEqual({ level: 'debug', format: 'auto' })
  })

  test('has paths that count from its folder', async () => {
    const folder = temporaryFolder()
    const file = join(folder, 'relay.toml')
    writeFileSync(file, 'state_folder = "s"\n[tls]\ncertificate = "a.pem"\nkey = "/etc/a.key"\nca = "ca/all.pem"')
    const settings = await readSettings(file, around)
    expect(settings).toMatchObject({
      stateFolder: join(folder, 's'),
      users: { database: join(folder, 's', 'users.sqlite') },
      tls: { certificate: join(folder, 'a.pem'), key: '/etc/a.key', ca: join(folder, 'ca', 'all.pem') },
    })
  })

  test('has names and realm brought to lower case, since hosts compare without regard to it', async () => {
    const settings = await read(
      'realm = "Example.COM"\nshared_connections_to = ["Relay.Example.NET"]\n[advertised]\nname = "Relay.Example.com"',
    )
    expect(settings).toMatchObject({
      realm: 'example.com',
      advertised: { name: 'relay.example.com' },
      sharedConnectionsTo: ['relay.example.net'],
    })
  })

  test('may call the relay by an address only while it listens on loopback alone (RFC4976-4.2-1)', async () => {
    for (const address of ['127.0.0.1', '192.0.2.1', '2001:db8::1']) {
      const advertised = `[advertised]\nname = "${address}"`
      expect((await read(advertised)).advertised.name).toBe(address)
      expect(await refusal(`${beyondLoopback}${advertised}`)).toMatch(/advertised\.name must be a host name/)
    }
  })

  test('has Digest algorithms in any case', async () => {
    const settings = await read('[digest]\nalgorithms = ["SHA-256", "md5"]')
    expect(settings.digest.algorithms).toEqual(['sha-256', 'md5'])
  })

  test('may leave only the address of a listener to be said', async () => {
    const settings = await read(
      '[[listen]]\nhost = "127.0.0.1"\n[[listen]]\nhost = "127.0.0.1"\nport = 2856\ntransport = "tcp"',
    )
    expect(settings.listen).toMatchObject([
      { host: '127.0.0.1', port: 2855, transport: 'tls' },
      { host: '127.0.0.1', port: 2856, transport: 'tcp' },
    ])
  })

  test('of a domain need its name alone: it is the realm, and the relay is named as elsewhere', async () => {
    const settings = await read(
      [
        '[advertised]\nname = "relay.example.com"',
        '[[domains]]\nname = "Example.ORG"',
        '[[domains]]\nname = "example.net"\nrealm = "Sip.example.net"\nhost = "Relay.example.net"',
        'certificate = "net.pem"\nkey = "net.key"',
      ].join('\n'),
    )
    expect(settings.unlistedDomains).toBe(false)
    expect(settings.domains).toMatchObject([
      { name: 'example.org', realm: 'example.org', host: 'relay.example.com' },
      { name: 'example.net', realm: 'sip.example.net', host: 'relay.example.net' },
    ])
    expect(settings.domains[1]?.certificate).toMatch(/^\/.*\/net\.pem$/)
  })

  test('behind a proxy that ends TLS, is not taken for a relay that only this machine reaches', async () => {
    const settings = await read(
      '[[listen]]\nhost = "127.0.0.1"\ntransport = "tls-in-front"\n[advertised]\nname = "a.example"\nport = 2855',
    )
    expect(settings.outbound.allowLoopback).toBe(false)
  })

  test('may let the system choose the ports of several listeners', async () => {
    const settings = await read('[[listen]]\nhost = "127.0.0.1"\nport = 0\n[[listen]]\nhost = "127.0.0.1"\nport = 0')
    expect(settings.listen).toHaveLength(2)
  })
})

describe('a mistake is told by file, key, what is wrong and what is expected', () => {
  test.each([
    ['drain = "soon"', 'drain must be a whole number from 0 to 86400 (left out: 10), not "soon"'],
    ['drain = 1.5', 'drain must be a whole number from 0 to 86400 (left out: 10), not 1.5'],
    ['drain = -1', 'drain must be a whole number from 0 to 86400 (left out: 10), not -1'],
    [
      'drain = 1979-05-27',
      'drain must be a whole number from 0 to 86400 (left out: 10), not "1979-05-27T00:00:00.000Z"',
    ],
    [
      '[limits]\nconnections = 0',
      'limits.connections must be a whole number from 1 to 1000000 (left out: 10000), not 0',
    ],
    [
      '[limits]\nnon_send_body_bytes = 10241',
      'limits.non_send_body_bytes must be a whole number from 0 to 10240 (left out: 10240), not 10241',
    ],
    ['last_hop_tls = "none"', 'last_hop_tls must be "strict" or "lenient" (left out: "strict"), not "none"'],
    ['plain_tcp_to_peers = 1', 'plain_tcp_to_peers must be true or false (left out: false), not 1'],
    ['[tls]\nminimum_version = 1.2', 'tls.minimum_version must be "1.2" or "1.3" (left out: "1.2"), not 1.2'],
    ['tls = true', 'tls must be a table, not true'],
    ['listen = 2855', 'listen must be a list of tables, written [[listen]], not 2855'],
    ['listen = []', 'listen must not be empty'],
    ['[listen]\nhost = "::1"', 'listen must be a list of tables, written [[listen]]'],
    [
      '[[listen]]\nport = 2855',
      'listen[0].host is missing; it must be an IP address such as "127.0.0.1", "::1" or "0.0.0.0"',
    ],
    [
      '[[listen]]\nhost = "localhost"',
      'listen[0].host must be an IP address such as "127.0.0.1", "::1" or "0.0.0.0", not "localhost"',
    ],
    [
      '[[listen]]\nhost = "::1"\nport = 65536',
      'listen[0].port must be a whole number from 0 to 65535 (left out: 2855), not 65536',
    ],
    [
      '[[listen]]\nhost = "::1"\n[[listen]]\nhost = "::1"',
      'listen[1].port is taken by another listener on ::1; choose another port',
    ],
    [
      '[[listen]]\nhost = "::1"\ntransport = "tcp"',
      'listen must hold at least one listener with transport = "tls", since clients authenticate over TLS only',
    ],
    [
      '[[listen]]\nhost = "::1"\ntransport = "ssl"',
      'listen[0].transport must be "tls" or "tcp" or "tls-in-front" or "wss" or "ws" (left out: "tls"), not "ssl"',
    ],
    [
      '[[listen]]\nhost = "127.0.0.1"\n[[listen]]\nhost = "0.0.0.0"\nport = 2856\ntransport = "tls-in-front"\n[advertised]\nname = "a.example"',
      'listen[1].host must be a loopback address such as "127.0.0.1" with transport = "tls-in-front", which takes plain TCP for TLS, not "0.0.0.0"',
    ],
    [
      '[[listen]]\nhost = "127.0.0.1"\n[[listen]]\nhost = "0.0.0.0"\nport = 80\ntransport = "ws"\n[advertised]\nname = "a.example"',
      'listen[1].host must be a loopback address such as "127.0.0.1" with transport = "ws", which takes plain TCP for TLS, not "0.0.0.0"',
    ],
    [
      '[[listen]]\nhost = "::1"\ntransport = "wss"\n[advertised]\nname = "a.example"',
      'advertised.port is missing; those who do not come by WebSocket need a port for TLS. Add a listener with transport = "tls", or name the port that leads to one',
    ],
    [
      '[web_socket]\norigins = ["*"]\ncookie = "msrp"',
      'web_socket.origins must name the pages that may connect when a cookie logs in, and not be "*"',
    ],
    [
      '[web_socket]\ncookie = "msrp"\nhandshake_credentials = false',
      'web_socket.cookie is of no use with handshake_credentials = false; remove one of them',
    ],
    [
      '[web_socket]\norigins = ["https://app.example.com/"]',
      'web_socket.origins[0] must be a list of origins such as ["https://app.example.com"], or ["*"], not "https://app.example.com/"',
    ],
    ['[web_socket]\npath = "msrp"', 'web_socket.path must be a path such as "/msrp", not "msrp"'],
    [
      '[[listen]]\nhost = "::1"\ntransport = "tls-in-front"\n[advertised]\nname = "a.example"',
      'advertised.port is missing; the relay cannot know on which port the proxy in front of it ends TLS',
    ],
    [
      '[[listen]]\nhost = "::1"\ntransport = "tls-in-front"\n[advertised]\nport = 2855',
      'advertised.name is missing; the proxy in front of a listener with transport = "tls-in-front" brings others: give the host name by which they reach the relay, or "localhost" where nobody but this machine does',
    ],
    [
      '[[listen]]\nhost = "127.0.0.1"\n[[listen]]\nhost = "127.0.0.1"\nport = 8081\ntransport = "ws"',
      'advertised.name is missing; the proxy in front of a listener with transport = "ws" brings others: give the host name by which they reach the relay, or "localhost" where nobody but this machine does',
    ],
    [
      beyondLoopback,
      'advertised.name is missing; others can connect to 0.0.0.0: give the host name by which they reach the relay, or listen on "127.0.0.1" alone',
    ],
    [
      `${beyondLoopback}[advertised]\nname = "192.0.2.1"`,
      'advertised.name must be a host name and not an address, unless the relay listens on loopback alone, not "192.0.2.1"',
    ],
    ['[advertised]\nname = "a b"', 'advertised.name must be a host name such as "relay.example.com", not "a b"'],
    [
      '[advertised]\nport = 0',
      'advertised.port must be a whole number from 1 to 65535 (left out: the port of the first listener with TLS), not 0',
    ],
    [
      'realm = "ex ample"',
      'realm must be a domain such as "example.com", which users have after the @, not "ex ample"',
    ],
    ['[tls]\ncertificate = "a.pem"', 'tls.key is missing; name the file with the key of tls.certificate'],
    ['[tls]\nkey = "a.key"', 'tls.certificate is missing; name the file with the certificate that tls.key belongs to'],
    ['[tls]\nca = ""', 'tls.ca must be the path of a file or folder, not ""'],
    ['[expires]\nminimum = 90000', 'expires.minimum must not be above expires.maximum, 86400, not 90000'],
    [
      '[expires]\ndefault = 30',
      'expires.default must lie between expires.minimum, 60, and expires.maximum, 86400, not 30',
    ],
    [
      '[outbound]\nallow = ["10.0.0.0/33"]',
      'outbound.allow[0] must be a network such as "10.1.0.0/16" or "2001:db8::/32", not "10.0.0.0/33"',
    ],
    [
      'unlisted_domains = true\n[users]\nbackend = "mariadb"\n[users.sql]\nname = "kamailio"\nuser = "relay"\n[users.table]\ndomain = ""',
      /^users\.table\.domain must name the column of the domain with unlisted_domains = true/,
    ],
    [
      '[outbound]\ndeny = "10.0.0.0/8"',
      'outbound.deny must be a list of networks such as ["10.1.0.0/16"], not "10.0.0.0/8"',
    ],
    [
      '[digest]\nalgorithms = ["MD5-sess"]',
      'digest.algorithms[0] must be a list of "MD5" and "SHA-256" (left out: ["MD5"]), not "MD5-sess"',
    ],
    ['[digest]\nalgorithms = ["MD5", "md5"]', 'digest.algorithms must not name an algorithm twice'],
    ['[digest]\nalgorithms = []', 'digest.algorithms must be a list of "MD5" and "SHA-256" (left out: ["MD5"])'],
    ['[limit]\nconnections = 1', /^unknown key limit; correct it or remove it; known are realm, .*, limits, /],
    [
      '[limits]\nconections = 1',
      /^unknown key limits\.conections; correct it or remove it; known are connections, .*, auth_failures$/,
    ],
    [
      '[[listen]]\nhost = "::1"\nprot = 1',
      /^unknown key listen\[0\]\.prot; correct it or remove it; known are host, port, transport, /,
    ],
    [
      '[[domains]]\nname = "example.org"\n[[domains]]\nname = "EXAMPLE.org"',
      'domains[1].name is the name of domains[0] already; remove one of them',
    ],
    [
      '[[domains]]\nname = "example.org"\ncertificate = "a.pem"',
      'domains[0].key is missing; name the file with the key of the certificate',
    ],
    [
      '[[domains]]\nname = "example.org"\nkey = "a.key"',
      'domains[0].certificate is missing; name the file with the certificate that the key belongs to',
    ],
    ['[[domains]]\nrealm = "example.org"', 'domains[0].name is missing; it must be a domain such as "example.org"'],
    ['[[domains]]\nname = "a b"', 'domains[0].name must be a domain such as "example.org", not "a b"'],
    [
      '[chains]\ninbound = "all"',
      'chains.inbound must be "any", "none" or a list of host names such as ["relay.example.net", "*.example.org"] (left out: "any"), not "all"',
    ],
    [
      '[chains]\noutbound = ["*.example.org", "a b"]',
      'chains.outbound[1] must be "any", "none" or a list of host names such as ["relay.example.net", "*.example.org"] (left out: "any"), not "a b"',
    ],
    [
      '[access]\ndeny_networks = ["10.0.0.0/33"]',
      'access.deny_networks[0] must be a network such as "10.1.0.0/16" or "2001:db8::/32", not "10.0.0.0/33"',
    ],
    [
      '[[listen]]\nhost = "::1"\nproxy_protocol_from = "10.0.0.1"',
      'listen[0].proxy_protocol_from must be a list of networks such as ["10.1.0.0/16"], not "10.0.0.1"',
    ],
    ['lastHopTls = "strict"', 'unknown key "lastHopTls"; keys are written in snake_case'],
    ['[__proto__]\nx = 1', /^unknown key __proto__; /],
    [`realm = "${' '.repeat(100)}"`, /^realm must be .*, not " {59}…$/],
  ])('%s', async (toml, expected) => {
    const [, said] = /relay\.toml(?:, line \d+)?: (.*)$/.exec(await refusal(toml)) ?? []
    expect(said).toEqual(typeof expected === 'string' ? expected : expect.stringMatching(expected))
  })

  test.each([
    ['\n\ndrain = -1', 3],
    ['drain = 1\n\n[limits]\n# how many\nconnections = 0', 5],
    ['limits.connections = 0', 1],
    ['\nlimits = { path_uris = 3, connections = 0 }', 2],
    ['[[listen]]\nhost = "::1"\n[[listen]]\nhost = "::1"\n\nport = 2855', 6],
    ['[outbound]\nallow = [\n  "10.0.0.0/8",\n  "x",\n]', 4],
    ['drain = 1\n[tls]\ncertificate = "a.pem"', 2],
    ['drain = 1\n[limit]\nx = 1', 2],
    ['drain = 1\nlastHopTls = "strict"', 2],
  ])('by the line that says it, or the table that does not: %j, line %i', async (toml, line) => {
    expect(await refusal(toml)).toMatch(new RegExp(`relay\\.toml, line ${line}: `))
  })

  test('together with all the others, in the order of the file, and what is missing last', async () => {
    const toml = `[expires]\nminimum = 90000\n[log]\nlevel = "loud"\nLevel = 1\n${beyondLoopback}prot = 1\n`
    expect((await refusal(toml)).replace(/^.*relay/, 'relay').split('\n')).toEqual([
      'relay.toml: 5 things are wrong',
      '  line 2: expires.minimum must not be above expires.maximum, 86400, not 90000',
      expect.stringMatching(/^ {2}line 4: log\.level must be .*, not "loud"$/),
      '  line 5: unknown key "Level"; keys are written in snake_case',
      expect.stringMatching(/^ {2}line 8: unknown key listen\[0\]\.prot; /),
      expect.stringMatching(/^ {2}advertised\.name is missing; /),
    ])
  })

  test('by line and column when it is not even TOML', async () => {
    expect(await refusal('drain = 1\nrealm = ')).toMatch(
      /relay\.toml, line 2: not TOML at column 9: .+; correct that line$/,
    )
    expect(await refusal('drain = 1\ndrain = 2')).toMatch(
      /relay\.toml, line 2: not TOML at column 1: .+; correct that line$/,
    )
  })

  test('and a file that is not there, or is a folder, by its path', async () => {
    const folder = temporaryFolder()
    const missing = join(folder, 'none.toml')
    await expect(readSettings(missing, around)).rejects.toMatchObject({
      code: 'storage',
      message: `cannot read ${missing}: there is no such file; correct the path`,
    })
    await expect(readSettings(folder, around)).rejects.toMatchObject({
      code: 'storage',
      message: `cannot read ${folder}: it is a folder, not a file; correct the path`,
    })
  })
})

test('secrets of a list may be in files, and tables of a list may be written in one line', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'secret'), 'a secret of the test')
  const file = join(folder, 'relay.toml')
  const lines = [
    'ephemeral_credentials.secrets = ["another secret of it", { file = "secret" }]',
    'users.backend = "list"',
    'users.list = [{ user = "a@b", password = { file = "secret" } }, { user = "b@b" }]',
  ]
  writeFileSync(file, lines.slice(0, 2).join('\n'))
  const { ephemeralCredentials } = await readSettings(file, around)
  expect(ephemeralCredentials.secrets.map((one) => one.reveal())).toEqual([
    'another secret of it',
    'a secret of the test',
  ])
  writeFileSync(file, lines.join('\n'))
  await expect(readSettings(file, around)).rejects.toThrow(
    `${file}, line 3: users.list[1].user has neither password nor ha1; give one of them`,
  )
})

describe('settings from a program', () => {
  test('are completed in the same way', async () => {
    const settings = completeSettings({ drain: 0, limits: { authFailures: 1 }, stateFolder: '/tmp/x' }, around)
    const defaults = await readSettings(undefined, around)
    expect(settings).toEqual({
      ...defaults,
      drain: 0,
      limits: { ...defaults.limits, authFailures: 1 },
      stateFolder: '/tmp/x',
      users: { ...defaults.users, database: '/tmp/x/users.sqlite' },
    })
  })

  test('are checked in the same way', () => {
    expect(() => completeSettings({ drain: -1 }, around)).toThrow(
      'settings: drain must be a whole number from 0 to 86400 (left out: 10), not -1',
    )
  })
})

test('WebSockets without TLS are for loopback alone (RFC7977-5.1-2, RFC7977-9-1)', () => {
  const listen = (host: string) =>
    completeSettings({
      listen: [{ host: '127.0.0.1' }, { host, port: 80, transport: 'ws' }],
      advertised: { name: 'a.example' },
    })
  expect(listen('127.0.0.1').listen).toHaveLength(2)
  for (const host of ['0.0.0.0', '192.0.2.1', '::']) expect(() => listen(host)).toThrow(/must be a loopback address/)
})

test('what another key lacks because of a mistake is not told beside that mistake', async () => {
  const lines = [
    '[tls]\ncertificate = 5\nkey = "a.key"',
    '[users]\nbackend = "mariadb"\nsql.uri = { file = "none" }',
    'list = [{ user = "a@b", password = { file = "none" } }]',
  ]
  const said = await refusal(lines.join('\n'))
  expect(said).toMatch(/tls\.certificate must be/)
  expect(said).toMatch(/users\.sql\.uri names a file that cannot be had/)
  expect(said).not.toMatch(/is missing|has neither/)
})

test.each([
  [
    '[users.sql]\nuri = "mysql://u:p@localhost/opensips"',
    /users\.sql\.uri is of no use .*did you mean "postgresql" or/,
  ],
  ['[users.http]\nurl = "https://accounts.example.com/"', /users\.http\.url is of no use .*did you mean "http"/],
  ['[[users.list]]\nuser = "a@b"\npassword = "pw"', /users\.list is of no use .*did you mean "list"/],
])('users that no backend reads are not passed over: %s', async (toml, said) => {
  expect(await refusal(toml)).toMatch(said)
})
