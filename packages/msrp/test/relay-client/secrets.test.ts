import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { RelayMemory } from '../../src/session/relay-client/index.ts'
import {
  authenticationInfo,
  challenge,
  granted,
  isRight,
  PASSWORD,
  type Reply,
  register,
  ScriptedRelay,
  token,
  USERNAME,
} from './scripted-relay.ts'

const HA1 = createHash('md5').update(`${USERNAME}:r:${PASSWORD}`).digest('hex')

/** Everything that a log, a trace or an uncaught error could show. */
function all(value: unknown): string {
  const shown = inspect(value, { depth: 20, showHidden: true, getters: false })
  const cause = value instanceof Error ? `${value.stack} ${all(value.cause ?? '')}` : ''
  return `${shown} ${String(value)} ${cause}`
}

function expectNoSecret(text: string): void {
  expect(text).not.toContain(PASSWORD)
  expect(text).not.toContain('1234')
  expect(text).not.toContain(HA1)
}

const failures: [name: string, script: (authorized: boolean) => Reply][] = [
  ['refused credentials', () => challenge('Digest realm="r", qop="auth", nonce="n"')],
  ['403', (authorized) => (authorized ? { status: 403 } : challenge())],
  ['a broken challenge', () => challenge('Digest realm="r')],
  ['a lost connection', (authorized) => (authorized ? 'close' : challenge())],
  ['a useless path', (authorized) => (authorized ? granted('msrps://a:1;tcp') : challenge())],
  [
    'a false proof',
    (authorized) => (authorized ? granted(token('t'), ['Authentication-Info', 'rspauth="00"']) : challenge()),
  ],
]

describe('Passwords and HA1 do not show', () => {
  test.each(failures)('in what comes of %s', async (_, script) => {
    const relay = new ScriptedRelay((auth) => script(auth.authorization !== undefined))
    const error = await register(relay).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(Error)
    expectNoSecret(all(error))
  })

  test('in a registration, however it is looked at, and in what is remembered of a relay', async () => {
    const memory = new RelayMemory()
    const relay = new ScriptedRelay((auth) =>
      isRight(auth) ? granted(token('t'), authenticationInfo(auth, 'next')) : challenge(),
    )
    const registration = await register(relay, { memory })
    expectNoSecret(inspect(registration, { depth: 20 }))
    expectNoSecret(JSON.stringify({ ...registration, room: undefined }))
    expectNoSecret(all(memory))
    registration.stop()
  })

  test('on the wire either', async () => {
    const relay = new ScriptedRelay((auth) => (isRight(auth) ? granted(token('t')) : challenge()))
    const registration = await register(relay)
    for (const { text } of relay.received) expectNoSecret(text.replace(/nonce="[^"]*"|response="[^"]*"/g, ''))
    registration.stop()
  })
})
