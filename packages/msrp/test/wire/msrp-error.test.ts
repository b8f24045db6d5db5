import { expect, test } from 'vitest'
import { MsrpError } from '../../src/wire/index.ts'

test('an error says what it is, and carries what stands behind it', () => {
  const cause = new Error('ECONNRESET')
  const error = new MsrpError('refused', 'The peer answered 481', { status: 481, cause })
  expect(error).toBeInstanceOf(Error)
  expect(error).toMatchObject({
    name: 'MsrpError',
    code: 'refused',
    status: 481,
    message: 'The peer answered 481',
    cause,
  })
})

test('status and cause are absent unless given', () => {
  const error = new MsrpError('timeout', 'No answer within 30 s')
  expect('status' in error && error.status !== undefined).toBe(false)
  expect('cause' in error).toBe(false)
})
