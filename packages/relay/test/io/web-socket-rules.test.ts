import { expect, test } from 'vitest'
import { handshakeProtocol } from '../../../msrp/src/session/relay-client/handshake.ts'
import { shownCredentials } from '../../src/io/handshake-credentials.ts'
import { mayConnect } from '../../src/io/origins.ts'

const own = ['relay.example.com', '192.0.2.7']

test.each<[string, readonly string[], boolean]>([
  ['https://relay.example.com', [], true],
  ['https://relay.example.com:8443', [], true],
  ['http://relay.example.com', [], false],
  ['https://relay.example.com.evil.example', [], false],
  ['https://evil.example/relay.example.com', [], false],
  ['https://192.0.2.7', [], true],
  ['null', [], false],
  ['', [], false],
  ['http://localhost:8080', [], false],
  ['https://app.example.com', ['https://app.example.com'], true],
  ['https://APP.example.com:443', ['https://app.example.com'], true],
  ['https://app.example.com:444', ['https://app.example.com'], false],
  ['http://app.example.com', ['https://app.example.com'], false],
  ['https://relay.example.com', ['https://app.example.com'], false],
  ['null', ['*'], true],
])('a page of %s with the allowed origins %j may connect: %s', (origin, allowed, expected) => {
  expect(mayConnect(origin, allowed, own)).toBe(expected)
})

test.each<[string, boolean]>([
  ['http://localhost:8080', true],
  ['http://127.0.0.1', true],
  ['http://page.localhost', false],
])('a page of %s may connect to a relay that is called localhost: %s', (origin, expected) => {
  expect(mayConnect(origin, [], ['localhost', '127.0.0.1'])).toBe(expected)
})

const shown = { username: '1766000000.alice', password: 'gxkn0sI=/+:ü' }
const encoded = Buffer.from(`${shown.username}:${shown.password}`).toString('base64')

test.each([
  ['as a sub-protocol', { 'sec-websocket-protocol': `msrp, ${handshakeProtocol(shown.username, shown.password)}` }],
  ['by Authorization', { authorization: `Basic ${encoded}` }],
  ['in a cookie', { cookie: `a=b; token=${encoded}; c=d` }],
  ['in a cookie with quotes', { cookie: `token="${encoded}"` }],
])('credentials are found %s', (_, fields) => {
  expect(shownCredentials(fields, 'token')).toEqual(shown)
})

test.each<[string, Parameters<typeof shownCredentials>[0], ReturnType<typeof shownCredentials>]>([
  ['no fields', {}, undefined],
  ['another cookie', { cookie: 'tokens=YTpi; xtoken=YTpi' }, undefined],
  ['another scheme', { authorization: 'Bearer YTpi' }, undefined],
  ['no base64', { cookie: 'token=%41' }, 'unreadable'],
  ['nothing', { cookie: 'token=' }, 'unreadable'],
  ['no colon', { cookie: 'token=YWJj' }, 'unreadable'],
  ['no user', { cookie: 'token=OmFiYw==' }, 'unreadable'],
  ['far too much', { cookie: `token=${'YTpi'.repeat(300)}` }, 'unreadable'],
])('of %s the credentials are %j', (_, fields, expected) => {
  expect(shownCredentials(fields, 'token')).toBe(expected)
})

test('cookies are not looked at where none was named', () => {
  expect(shownCredentials({ cookie: 'token=YTpi; undefined=YTpi' }, undefined)).toBe(undefined)
})
