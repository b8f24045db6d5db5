import { describe, expect, test } from 'vitest'
import { CpimContentSink } from '../../src/file/cpim-content-sink.ts'
import { failure } from '../session/stage.ts'

const text = 'From: <sip:a@example.com>\r\nTo: <sip:b@example.com>\r\n\r\nContent-Type: text/plain\r\n\r\nHello'
const message = new TextEncoder().encode(text)

function stage(): { sink: CpimContentSink; content: () => string } {
  const bytes: number[] = []
  const sink = new CpimContentSink(
    {
      write: async (position, piece) => {
        for (const [at, byte] of piece.entries()) bytes[position + at] = byte
      },
      finish: async (size) => size,
      discard: async () => {},
    },
    () => {},
  )
  return { sink, content: () => String.fromCharCode(...bytes) }
}

describe('a message/cpim that arrives in pieces of one byte', () => {
  const inOrder = [...message.keys()]
  test.each([
    ['in order', inOrder],
    ['backwards', inOrder.toReversed()],
    ['its even ones first', [...inOrder.filter((at) => at % 2 === 0), ...inOrder.filter((at) => at % 2 === 1)]],
  ])('is read: %s', async (_, order) => {
    const { sink, content } = stage()
    const shared = new Uint8Array(1)
    for (const at of order) {
      shared.set(message.subarray(at, at + 1))
      await sink.write(at, shared)
    }
    expect(content()).toBe('Hello')
    expect(await sink.finish(message.length)).toBe(5)
  })

  test('is refused when thousands of them wait for what is in front of them', async () => {
    const { sink } = stage()
    const early = async (): Promise<void> => {
      for (let at = 1; at < 10_000; at++) await sink.write(2 * at, new Uint8Array(1))
    }
    expect(await failure(early())).toMatchObject({ code: 'limit-exceeded', status: 413 })
  })
})
