import { expect, test } from 'vitest'
import { MsrpEndpoint } from '../../src/session/endpoint.ts'
import { PARTS_AT_HAND } from '../../src/session/parts-at-hand.ts'
import { MsrpError } from '../../src/wire/index.ts'
import { MemoryPlatform } from './memory-platform.ts'

test('A local path whose sessions are to ask for signs of life is not made when what does that cannot be loaded', async () => {
  const platform = new MemoryPlatform()
  const notLoaded = new MsrpError('internal', 'A part of the library could not be loaded')
  platform.parts = { ...PARTS_AT_HAND, keepAlive: () => Promise.reject(notLoaded) }
  const endpoint = new MsrpEndpoint(platform, {})
  await expect(endpoint.prepare({ listen: {}, keepAlive: 1_000 })).rejects.toBe(notLoaded)
  expect(platform.ports).toEqual([])
  await (await endpoint.prepare({ listen: {} })).close()
})
