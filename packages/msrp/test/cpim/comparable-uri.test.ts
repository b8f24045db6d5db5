import { expect, test } from 'vitest'
import { comparableUri } from '../../src/cpim/index.ts'

test.each([
  ['SIP:Bob@Example.COM', 'sip:Bob@example.com'],
  ['sip:Chat.Example.com', 'sip:chat.example.com'],
  [' sip:Chat.Example.com:5061;transport=TLS?Subject=Hi ', 'sip:chat.example.com:5061;transport=TLS?Subject=Hi'],
  ['sip:Bob:Pw@Ex.com;x=Y', 'sip:Bob:Pw@ex.com;x=Y'],
  ['sip:Bob;A=B@Ex.com', 'sip:Bob;A=B@ex.com'],
  ['sip:Bob@[2001:DB8::1]:5060', 'sip:Bob@[2001:db8::1]:5060'],
  ['HTTPS://Example.com/Path', 'https://example.com/Path'],
  ['TEL:+1-800', 'tel:+1-800'],
  ['Bob', 'Bob'],
  ['', ''],
])('%j compares as %j', (uri, comparable) => expect(comparableUri(uri)).toBe(comparable))
