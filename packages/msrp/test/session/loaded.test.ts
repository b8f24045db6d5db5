import { expect, test } from 'vitest'
import { loaded } from '../../src/session/loaded.ts'

test('What cannot be loaded is told as that, with its cause', async () => {
  const missing = './missing.ts'
  expect(await loaded(import('../../src/session/wire-trace.ts'))).toHaveProperty('traceOf')
  await expect(loaded(import(missing))).rejects.toMatchObject({
    code: 'internal',
    message: expect.stringContaining('could not be loaded'),
    cause: expect.anything(),
  })
})
