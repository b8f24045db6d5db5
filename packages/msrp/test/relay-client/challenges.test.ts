import { describe, expect, test } from 'vitest'
import { MsrpError, MsrpUri } from '../../src/wire/index.ts'
import {
  authenticationInfo,
  challenge,
  granted,
  isRight,
  LOCAL,
  RELAY,
  register,
  ScriptedRelay,
  token,
  USERNAME,
} from './scripted-relay.ts'

/** Challenges once, takes right credentials only. */
function challenging(...values: string[]): ScriptedRelay {
  return new ScriptedRelay((auth) => {
    if (auth.authorization === undefined) return challenge(...values)
    return isRight(auth) ? granted(token('t0ken')) : challenge(...values)
  })
}

async function errorOf(promise: Promise<unknown>): Promise<MsrpError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(MsrpError)
  return error as MsrpError
}

const answered: { name: string; challenges: string[]; algorithm: string; nonce: string; opaque?: string }[] = [
  {
    name: 'the plain one of RFC 4976 §5.1',
    challenges: ['Digest realm="intra.example.com", qop="auth", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'],
    algorithm: 'md5',
    nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
  },
  {
    name: 'commas and an equals sign inside quotes',
    challenges: ['Digest realm="a, b=c", qop="auth", nonce="x,y=", opaque="o,p"'],
    algorithm: 'md5',
    nonce: 'x,y=',
    opaque: 'o,p',
  },
  {
    name: 'escaped quotes in the realm',
    challenges: ['Digest realm="the \\"inner\\" relay", qop="auth", nonce="n"'],
    algorithm: 'md5',
    nonce: 'n',
  },
  {
    name: 'values without quotes and parameters without spaces',
    challenges: ['Digest realm=relay,qop=auth,nonce=abc123,algorithm=MD5,opaque=zzz'],
    algorithm: 'md5',
    nonce: 'abc123',
    opaque: 'zzz',
  },
  {
    name: 'names in any case and a quoted algorithm',
    challenges: ['digest REALM="r", QOP="AUTH", Nonce="n", Algorithm="sha-256"'],
    algorithm: 'sha-256',
    nonce: 'n',
  },
  {
    name: 'SHA-256 offered after MD5 in a field of its own',
    challenges: [
      'Digest realm="r", qop="auth", nonce="m", algorithm=MD5',
      'Digest realm="r", qop="auth", nonce="s", algorithm=SHA-256',
    ],
    algorithm: 'sha-256',
    nonce: 's',
  },
  {
    name: 'two challenges in one field',
    challenges: [
      'Digest realm="r", qop="auth", nonce="m", algorithm=MD5, Digest realm="r", qop="auth", nonce="s", algorithm=SHA-256',
    ],
    algorithm: 'sha-256',
    nonce: 's',
  },
  {
    name: 'an unknown algorithm and a session variant before MD5',
    challenges: [
      'Digest realm="r", qop="auth", nonce="a", algorithm=SHA-512-256',
      'Digest realm="r", qop="auth", nonce="b", algorithm=MD5-sess',
      'Digest realm="r", qop="auth", nonce="c", algorithm=MD5',
    ],
    algorithm: 'md5',
    nonce: 'c',
  },
  {
    name: 'Basic beside Digest (RFC4976-9.1-2)',
    challenges: ['Basic realm="r"', 'Digest realm="r", qop="auth", nonce="n"'],
    algorithm: 'md5',
    nonce: 'n',
  },
  {
    name: 'qop auth-int beside auth (RFC4976-9.1-3)',
    challenges: ['Digest realm="r", qop="auth-int, auth", nonce="n"'],
    algorithm: 'md5',
    nonce: 'n',
  },
  {
    name: 'auth-int alone with SHA-256, auth with MD5',
    challenges: [
      'Digest realm="r", qop="auth-int", nonce="a", algorithm=SHA-256',
      'Digest realm="r", qop="auth", nonce="b", algorithm=MD5',
    ],
    algorithm: 'md5',
    nonce: 'b',
  },
  {
    name: 'a domain, ignored (RFC4976-9.1-6)',
    challenges: ['Digest realm="r", domain="msrps://elsewhere.example", qop="auth", nonce="n"'],
    algorithm: 'md5',
    nonce: 'n',
  },
  {
    name: 'no qop, taken as auth (RFC4976-9.1-7)',
    challenges: ['Digest realm="r", nonce="n"'],
    algorithm: 'md5',
    nonce: 'n',
  },
  {
    name: 'stale=true on the very first one',
    challenges: ['Digest realm="r", qop="auth", nonce="n", stale=true'],
    algorithm: 'md5',
    nonce: 'n',
  },
]

describe('A challenge is answered', () => {
  test.each(answered)('when it is $name', async ({ challenges, algorithm, nonce, opaque }) => {
    const relay = challenging(...challenges)
    const registration = await register(relay)
    expect(registration.usePath.join(' ')).toBe(token('t0ken'))
    const [first, second, ...more] = relay.received
    expect(more).toEqual([])
    expect(first?.authorization).toBeUndefined()
    expect(second?.authorization).toMatchObject({ username: USERNAME, algorithm, nonce, nc: '00000001' })
    expect(second?.authorization?.opaque).toBe(opaque)
    registration.stop()
    expect(relay.clock.pending).toBe(0)
  })
})

const refused: { name: string; challenges: string[]; code: string; says: RegExp }[] = [
  {
    name: 'Basic alone (RFC4976-9.1-2)',
    challenges: ['Basic realm="r"'],
    code: 'refused',
    says: /Digest with SHA-256/,
  },
  {
    name: 'MD5-sess alone (RFC4976-9.1-4)',
    challenges: ['Digest realm="r", qop="auth", nonce="n", algorithm=MD5-sess'],
    code: 'refused',
    says: /Digest with SHA-256/,
  },
  {
    name: 'auth-int alone (RFC4976-9.1-3)',
    challenges: ['Digest realm="r", qop="auth-int", nonce="n"'],
    code: 'refused',
    says: /qop="auth"/,
  },
  { name: 'without nonce', challenges: ['Digest realm="r", qop="auth"'], code: 'malformed', says: /nonce/ },
  { name: 'not to be read', challenges: ['Digest realm="r'], code: 'malformed', says: /WWW-Authenticate/ },
]

describe('A challenge is refused', () => {
  test.each(refused)('when it is $name', async ({ challenges, code, says }) => {
    const relay = challenging(...challenges)
    const error = await errorOf(register(relay))
    expect(error).toMatchObject({ code })
    expect(error.message).toMatch(says)
    expect(relay.received).toHaveLength(1)
    expect(relay.connections[0]?.open).toBe(false)
  })

  test('when the 401 has none at all', async () => {
    const relay = new ScriptedRelay(() => ({ status: 401 }))
    const error = await errorOf(register(relay))
    expect(error).toMatchObject({ code: 'malformed' })
    expect(error.message).toContain('WWW-Authenticate')
  })
})

describe('The credentials', () => {
  test('are, byte for byte, what RFC 7616 and RFC 4976 §9.1 make of a fixed password, nonce and cnonce (RFC4976-5.1-2, RFC4976-5.1-5, RFC4976-9.1-10)', async () => {
    const relay = challenging(
      'Digest realm="relay.example.com", qop="auth", nonce="0123456789abcdef", opaque="5ccc069c", algorithm=SHA-256',
    )
    const registration = await register(relay, { credentials: { username: 'alice', password: 'secret' } }).catch(
      () => undefined,
    )
    expect(registration).toBeUndefined()
    const sent = relay.received[1]!
    const response = '94c0460eeaf0287159643d8f1acce9beca63bbfde75991a03c8f813fabcc98b5'
    expect(sent.text).toBe(
      `MSRP ${sent.head.transactionId} AUTH\r\n` +
        'To-Path: msrps://relay.example.com:2855;tcp\r\n' +
        `From-Path: ${LOCAL}\r\n` +
        'Authorization: Digest username="alice", realm="relay.example.com", nonce="0123456789abcdef", ' +
        'uri="msrps://relay.example.com:2855;tcp", qop=auth, nc=00000001, cnonce="0102030405060708090a0b0c0d0e0f10", ' +
        `response="${response}", opaque="5ccc069c", algorithm=SHA-256\r\n` +
        `-------${sent.head.transactionId}$\r\n`,
    )
  })

  test('are, byte for byte, right with MD5 over the URI as it was configured, user part included (RFC4976-9.1-7, RFC4976-9.1-8)', async () => {
    const relay = challenging('Digest realm="r", qop="auth", nonce="n"')
    await register(relay, {
      credentials: { username: 'alice', password: 'secret' },
      relays: [MsrpUri.parse('MSRPS://alice@Relay.Example.com:2855;TCP')],
    }).catch(() => undefined)
    const line = relay.received[1]!.text.split('\r\n').find((one) => one.startsWith('Authorization'))
    expect(line).toBe(
      'Authorization: Digest username="alice", realm="r", nonce="n", uri="MSRPS://alice@Relay.Example.com:2855;TCP", ' +
        'qop=auth, nc=00000001, cnonce="0102030405060708090a0b0c0d0e0f10", response="1694e9a8c18544773e615a41d773b153", algorithm=MD5',
    )
  })

  test('are not in the first AUTH (RFC 4976 §5.1), which asks for no Expires either', async () => {
    const relay = challenging()
    const registration = await register(relay)
    const [first] = relay.received
    expect(first?.text).toBe(
      `MSRP ${first?.head.transactionId} AUTH\r\nTo-Path: ${RELAY}\r\nFrom-Path: ${LOCAL}\r\n` +
        `-------${first?.head.transactionId}$\r\n`,
    )
    registration.stop()
  })

  test('have a cnonce of 128 bits, another one each time (RFC4976-9.1-8)', async () => {
    let nonces = 0
    const relay = new ScriptedRelay((auth) =>
      auth.number < 4
        ? challenge(`Digest realm="r", qop="auth", nonce="n${++nonces}"${auth.number > 1 ? ', stale=true' : ''}`)
        : granted(token('t')),
    )
    const registration = await register(relay)
    const cnonces = relay.received.slice(1).map(({ authorization }) => authorization?.cnonce)
    expect(new Set(cnonces).size).toBe(3)
    for (const cnonce of cnonces) expect(cnonce).toMatch(/^[0-9a-f]{32}$/)
    registration.stop()
  })

  test('are refused here when the user name could smuggle in another field', async () => {
    const relay = challenging()
    const error = await errorOf(register(relay, { credentials: { username: 'a\r\nExpires: 1', password: 'p' } }))
    expect(error).toMatchObject({ code: 'invalid-argument' })
    expect(relay.received).toHaveLength(1)
  })
})

describe('A stale nonce', () => {
  test('is replaced without asking again, and is not taken for a wrong password (RFC4976-9.1-1)', async () => {
    const relay = new ScriptedRelay((auth) => {
      if (auth.number === 1) return challenge('Digest realm="r", qop="auth", nonce="old"')
      if (auth.number === 2) return challenge('Digest realm="r", qop="auth", nonce="new", stale=TRUE')
      return isRight(auth) ? granted(token('t')) : challenge()
    })
    const registration = await register(relay)
    expect(relay.received.map(({ authorization }) => authorization?.nonce)).toEqual([undefined, 'old', 'new'])
    expect(relay.last.authorization?.nc).toBe('00000001')
    registration.stop()
  })

  test('ends it after a few rounds, when every nonce is called stale', async () => {
    const relay = new ScriptedRelay((auth) =>
      challenge(`Digest realm="r", qop="auth", nonce="n${auth.number}", stale=true`),
    )
    const error = await errorOf(register(relay))
    expect(error).toMatchObject({ code: 'refused', status: 401 })
    expect(relay.received).toHaveLength(5)
  })
})

describe('A refusal', () => {
  test('has one text for a wrong password and an unknown user, for 401 and 403 (FIELD-liberal-16)', async () => {
    const relays = [
      new ScriptedRelay(() => challenge()),
      new ScriptedRelay((auth) => (auth.authorization ? { status: 403, comment: 'No such user' } : challenge())),
      new ScriptedRelay((auth) =>
        auth.authorization
          ? {
              status: 401,
              comment: 'Bad password',
              fields: [['WWW-Authenticate', 'Digest realm="r", qop="auth", nonce="2"']],
            }
          : challenge(),
      ),
      new ScriptedRelay((auth) => (auth.number < 3 ? challenge() : 'close')),
    ]
    const errors = await Promise.all(relays.map((relay) => errorOf(register(relay))))
    for (const error of errors) {
      expect(error.code).toBe('unauthorized')
      expect(error.message).toBe('the relay relay.example.com does not accept this user name or password')
    }
    // Not in words: another relay of the domain may be asked after a 403.
    expect(errors.map(({ status }) => status)).toEqual([undefined, 403, undefined, undefined])
    expect(relays.map(({ received }) => received.length)).toEqual([3, 2, 3, 3])
    expect(relays.map(({ connections }) => connections[0]?.open)).toEqual([false, false, false, false])
  })

  test.each(['alice@localhost', 'sip:alice@example.com'])(
    'of a user name with its domain says what it may be without: %s',
    async (username) => {
      const relays = [
        new ScriptedRelay(() => challenge()),
        new ScriptedRelay((auth) => (auth.authorization ? { status: 403, comment: '' } : challenge())),
        new ScriptedRelay((auth) => (auth.number < 3 ? challenge() : 'close')),
      ]
      for (const relay of relays) {
        const error = await errorOf(register(relay, { credentials: { username, password: 'secret' } }))
        expect(error).toMatchObject({
          code: 'unauthorized',
          message:
            'the relay relay.example.com does not accept this user name or password: ' +
            `most relays have "alice" for "${username}"`,
        })
      }
    },
  )

  test('of credentials that cannot be checked at present says so, and does not blame them', async () => {
    const relay = new ScriptedRelay((auth) =>
      auth.authorization ? { status: 403, comment: 'Later', fields: [['Retry-After', '10']] } : challenge(),
    )
    const error = await errorOf(register(relay))
    expect(error).toMatchObject({ code: 'refused', status: 403 })
    expect(error.message).toBe('the relay relay.example.com refused AUTH: 403 Later')
  })

  test.each([
    [403, 'Forbidden'],
    [481, 'No Such Session'],
    [500, 'Server Error'],
    [501, ''],
  ])('with %i before any credentials carries the status and its words', async (status, comment) => {
    const relay = new ScriptedRelay(() => ({ status, comment }))
    const error = await errorOf(register(relay))
    expect(error).toMatchObject({ code: 'refused', status })
    expect(error.message).toContain(`${status} ${comment}`.trim())
  })
})

describe('A 403 to credentials', () => {
  const refusal = { status: 403, comment: 'this user has 2 sessions' }

  test('that comes with the proof that they were right carries its words', async () => {
    const relay = new ScriptedRelay((auth) =>
      auth.authorization ? { ...refusal, fields: [authenticationInfo(auth)] } : challenge(),
    )
    const error = await errorOf(register(relay))
    expect(error).toMatchObject({ code: 'refused', status: 403 })
    expect(error.message).toBe('the relay relay.example.com refused AUTH: 403 this user has 2 sessions')
  })

  test('that comes with a proof of something else says no more than others', async () => {
    const relay = new ScriptedRelay((auth) => {
      if (!auth.authorization) return challenge()
      const [name, value] = authenticationInfo(auth)
      return { ...refusal, fields: [[name, value.replace(/rspauth="./, 'rspauth="z')]] }
    })
    expect(await errorOf(register(relay))).toMatchObject({ code: 'unauthorized' })
  })
})

describe('Authentication-Info', () => {
  test('with the right rspauth is taken (RFC4976-9.1-9)', async () => {
    const relay = new ScriptedRelay((auth) =>
      auth.authorization ? granted(token('t'), authenticationInfo(auth)) : challenge(),
    )
    const registration = await register(relay)
    registration.stop()
  })

  test.each([
    ['a wrong rspauth', (info: string) => info.replace(/rspauth="./, 'rspauth="z'), /rspauth/],
    ['another cnonce', (info: string) => info.replace(/cnonce="./, 'cnonce="z'), /another request/],
    ['another nc', (info: string) => info.replace('nc=00000001', 'nc=00000002'), /another request/],
  ])('with %s ends it: whoever answers may not know the password (RFC4976-9.1-9)', async (_, spoil, says) => {
    const relay = new ScriptedRelay((auth) => {
      if (!auth.authorization) return challenge()
      const [name, value] = authenticationInfo(auth)
      return granted(token('t'), [name, spoil(value)])
    })
    const error = await errorOf(register(relay))
    expect(error).toMatchObject({ code: 'malformed' })
    expect(error.message).toContain('Authentication-Info')
    expect(error.message).toMatch(says)
    expect(relay.connections[0]?.open).toBe(false)
  })

  test('may be absent, as with Kamailio (FIELD-liberal-25)', async () => {
    const registration = await register(challenging())
    registration.stop()
  })
})
