import { expect, test } from 'vitest'
import { runLive } from '../fuzz/live/run.ts'

/** The same connections each time; `npm run fuzz` tries others. */
const SEED = 4975
/** Milliseconds, for a machine that is busy with other things; a tenth is usual. */
const BUSY = 240_000
const CONNECTIONS = 2000

test(`${CONNECTIONS} connections of mutated traffic leave a relay and an endpoint serving as before`, {
  timeout: BUSY,
}, async () => {
  const result = await runLive({ seed: SEED, connections: CONNECTIONS, concurrency: 16 })
  expect(result.findings).toEqual([])
  expect(result.connections).toBe(CONNECTIONS)
  expect(Object.keys(result.ways).sort()).toEqual([
    'endpoint over TCP',
    'endpoint over TLS',
    'no MSRP',
    'relay over TCP',
    'relay over TLS',
    'relay, logged in',
  ])
})
