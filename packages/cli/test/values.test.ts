import { InvalidArgumentError } from 'commander'
import { describe, expect, test } from 'vitest'
import {
  isWildcard,
  readChunkSize,
  readCount,
  readHostPort,
  readKeepAlive,
  readMediaType,
  readPath,
  readPublicHost,
  readRelay,
  readResolve,
  readSeconds,
  readUser,
} from '../src/options/values.ts'

const uri = 'msrps://relay.example.com:2855/s3cr3t;tcp'

const readers: Record<string, [read: (text: string) => unknown, good: [string, unknown][], bad: string[]]> = {
  '--listen': [
    readHostPort,
    [
      ['127.0.0.1:2855', { host: '127.0.0.1', port: 2855 }],
      ['localhost:0', { host: 'localhost', port: 0 }],
      ['[::1]:2855', { host: '::1', port: 2855 }],
      [':2855', { host: '0.0.0.0', port: 2855 }],
      ['*:2855', { host: '0.0.0.0', port: 2855 }],
      ['[::]:1', { host: '::', port: 1 }],
    ],
    ['', '2855', 'localhost', 'localhost:', 'localhost:99999', '::1:2855', '[x]:1', 'a:-1', 'a:1x'],
  ],
  '--host': [
    readPublicHost,
    [
      ['my.example.com', { host: 'my.example.com' }],
      ['my.example.com:1234', { host: 'my.example.com', port: 1234 }],
      ['192.0.2.7', { host: '192.0.2.7' }],
      ['2001:db8::1', { host: '2001:db8::1' }],
      ['[2001:db8::1]:1234', { host: '2001:db8::1', port: 1234 }],
    ],
    ['', 'a b', 'a:0', 'a:99999', 'msrp://a', 'a/b'],
  ],
  '--count': [
    readCount,
    [
      ['1', 1],
      ['10', 10],
    ],
    ['', '0', '-1', '1.5', 'x', '99999999999999999999'],
  ],
  '--chunk-size': [
    readChunkSize,
    [
      ['2048', 2048],
      ['10240', 10240],
      ['64k', 65536],
      ['64KiB', 65536],
      ['1M', 1048576],
    ],
    ['', '2047', '1k', '-5', '1.5M', '1G', 'x'],
  ],
  '--timeout': [
    readSeconds,
    [
      ['10', 10_000],
      ['2.5', 2_500],
    ],
    ['', '0', '-1', 'x', '1e9', '100000'],
  ],
  '--keep-alive': [
    readKeepAlive,
    [
      ['1', 1_000],
      ['60', 60_000],
    ],
    ['', '0', '-1', '2.5', 'x', '1e3', '40000'],
  ],
  '--resolve': [
    (text) => readResolve(text),
    [
      ['Relay.example.com=192.0.2.7', { 'relay.example.com': ['192.0.2.7'] }],
      ['a=::1', { a: ['::1'] }],
      ['a=[::1]', { a: ['::1'] }],
    ],
    ['', 'a', 'a=', '=1.2.3.4', 'a=b', 'a=1.2.3', 'a b=1.2.3.4'],
  ],
  '--to': [
    readPath,
    [
      [uri, uri],
      [`  ${uri}   msrp://a.invalid:1/x;tcp `, `${uri} msrp://a.invalid:1/x;tcp`],
      [`a=path:${uri}`, uri],
    ],
    ['', 'x', 'http://a/b;tcp', 'msrps://relay.example.com:2855/s3cr3t', `${uri} x`],
  ],
  '--relay': [
    readRelay,
    [
      ['msrps://relay.example.com:2855;tcp', 'msrps://relay.example.com:2855;tcp'],
      ['msrps://relay.example.com', 'msrps://relay.example.com;tcp'],
      ['relay.example.com', 'msrps://relay.example.com;tcp'],
      ['relay.example.com:2855', 'msrps://relay.example.com:2855;tcp'],
      ['[::1]:2855', 'msrps://[::1]:2855;tcp'],
      ['a.example b.example:1', 'msrps://a.example;tcp msrps://b.example:1;tcp'],
      ['wss://relay.example.com', 'wss://relay.example.com'],
      ['wss://a.example:8443/msrp b.example:1', 'wss://a.example:8443/msrp msrps://b.example:1;tcp'],
    ],
    ['', 'http://x', 'msrp://relay.example.com;tcp', uri, 'a b/c', 'wss://', 'a.example wss://b.example/'],
  ],
  '--user': [
    readUser,
    [
      ['bob@example.com', 'bob@example.com'],
      ['bob', 'bob'],
    ],
    ['', '@x', 'a@b@c', 'a b', 'a:b@c'],
  ],
  '--type': [
    readMediaType,
    [
      ['image/jpeg', 'image/jpeg'],
      ['text/plain; charset="utf-8"', 'text/plain; charset="utf-8"'],
    ],
    ['', 'image', 'image/', 'a/b\r\nX: y', 'a/b;'],
  ],
}

describe.each(Object.entries(readers))('%s', (_option, [read, good, bad]) => {
  test.each(good)('takes %j', (text, value) => {
    expect(read(text)).toEqual(value)
  })

  test.each(bad)('refuses %j and says what to write', (text) => {
    expect(() => read(text)).toThrow(InvalidArgumentError)
  })
})

test('a name that is resolved twice has two addresses', () => {
  expect(readResolve('A=192.0.2.2', readResolve('a=192.0.2.1'))).toEqual({ a: ['192.0.2.1', '192.0.2.2'] })
})

test('a path without its ;tcp is explained, since a shell cuts it off where quotes are missing', () => {
  expect(() => readPath('msrps://a:1/x')).toThrow(/single quotes/)
})

test.each([
  ['0.0.0.0', true],
  ['0', true],
  ['::', true],
  ['0:0:0:0:0:0:0:0', true],
  ['127.0.0.1', false],
  ['::1', false],
  ['localhost', false],
  ['10.0.0.0', false],
])('%s as a wildcard: %s', (host, wildcard) => {
  expect(isWildcard(host)).toBe(wildcard)
})
