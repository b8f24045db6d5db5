import { expect, test } from 'vitest'
import { EndpointConnection } from '../../src/session/endpoint-connection.ts'
import { IGNORED } from '../../src/session/incoming-request.ts'
import { ENDPOINT_LIMITS } from '../../src/session/limits.ts'
import type { MsrpError } from '../../src/wire/index.ts'
import { memoryPair } from '../transport/memory-transport.ts'
import { MemoryPlatform } from './memory-platform.ts'

test('A request to a connection that has failed is lost: whoever waits for its answer hears of it at once', () => {
  const connection = new EndpointConnection({
    platform: new MemoryPlatform(),
    transport: memoryPair().left,
    route: () => IGNORED,
    onClosed: () => {},
    limits: ENDPOINT_LIMITS,
  })
  connection.msrp.fail(undefined)
  const lost: (MsrpError | undefined)[] = []
  connection.msrp.sendRequest('abcd1', new Uint8Array(), {
    answered: () => {},
    timedOut: () => {},
    lost: (error) => lost.push(error),
  })
  expect(lost).toEqual([expect.objectContaining({ code: 'connection-lost' })])
})
