import { Endpoint } from 'msrp'
import { Endpoint as BrowserEndpoint } from 'msrp/browser'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Place, tests } from './everywhere/sessions.ts'
import { WebSocketRelay } from './support/web-socket-relay.ts'

// The same tests run in Chromium: everywhere.long.test.ts.

let relay: WebSocketRelay

beforeAll(async () => {
  relay = await WebSocketRelay.start()
})

describe.each([
  ['of msrp', Endpoint as unknown as typeof BrowserEndpoint],
  // Node has the WebSocket of browsers, too.
  ['of msrp/browser', BrowserEndpoint],
])('A session %s over WebSocket, in Node', (_, Endpoint) => {
  test.each(Object.entries(tests))('%s', async (_, run) => {
    const { alice, bob } = relay.relay
    const place: Place = {
      Endpoint,
      url: `ws://localhost:${relay.ws}/msrp`,
      users: [credentials(alice), credentials(bob)],
    }
    await expect(run(place)).resolves.toBeUndefined()
  })
})

function credentials({ username, password }: { username: string; password: string }): Place['users'][0] {
  return { username, password }
}
