import { expect, test } from 'vitest'
import { MessageAssembly } from '../../src/connection/index.ts'
import { someBody } from './test-source.ts'

const MAXIMUM = 32 * 1024

function assembly(): { assembly: MessageAssembly; sent: Uint8Array[] } {
  const sent: Uint8Array[] = []
  return { assembly: new MessageAssembly(MAXIMUM, (message) => sent.push(message)), sent }
}

test('a write is a message of its own', () => {
  const { assembly: messages, sent } = assembly()
  messages.write(Buffer.from('one'))
  messages.write(Buffer.from('two'))
  expect(sent.map((message) => Buffer.from(message).toString())).toEqual(['one', 'two'])
})

test('what is written between begin and end is one message, whatever its pieces, and goes out at its end', () => {
  const { assembly: messages, sent } = assembly()
  const body = someBody(MAXIMUM)
  messages.begin()
  for (let from = 0; from < body.length; from += 1777) messages.write(body.subarray(from, from + 1777))
  expect(sent).toEqual([])
  messages.end()
  expect(sent).toHaveLength(1)
  expect(Buffer.from(sent[0]!).equals(body)).toBe(true)
})

test('a message is a copy: the bytes may be used for something else', () => {
  const { assembly: messages, sent } = assembly()
  const bytes = Buffer.from('bytes')
  messages.write(bytes)
  messages.begin()
  messages.write(bytes)
  messages.end()
  bytes.fill(0)
  expect(sent.map((message) => Buffer.from(message).toString())).toEqual(['bytes', 'bytes'])
})

test('what is larger than a message may be becomes several, in order', () => {
  const body = someBody(3 * MAXIMUM + 5)
  const { assembly: messages, sent } = assembly()
  messages.write(body)
  messages.begin()
  messages.write(body)
  messages.end()
  expect(Math.max(...sent.map(({ length }) => length))).toBe(MAXIMUM)
  expect(Buffer.concat(sent).equals(Buffer.concat([body, body]))).toBe(true)
})

test('a message without bytes is none, and an end without a beginning nothing', () => {
  const { assembly: messages, sent } = assembly()
  messages.begin()
  messages.end()
  messages.end()
  expect(sent).toEqual([])
})
