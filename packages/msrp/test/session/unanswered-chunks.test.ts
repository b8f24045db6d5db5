import { describe, expect, test } from 'vitest'
import { UnansweredChunks } from '../../src/session/unanswered-chunks.ts'

const options = { answersExpected: true, mostChunks: 64, mostBytes: 1_000_000 }

describe('What has been answered of a message', () => {
  test.each([0, 5_000])('counts without gaps from where sending began, %i', (start) => {
    const chunks = new UnansweredChunks({ ...options, start })
    expect(chunks.answeredUntil).toBe(start)
    chunks.confirm({ start: start + 100, end: start + 200 })
    expect(chunks.answeredUntil).toBe(start)
    chunks.confirm({ start, end: start + 100 })
    expect(chunks.answeredUntil).toBe(start + 200)
  })
})
