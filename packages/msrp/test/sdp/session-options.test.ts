import { expect, test } from 'vitest'
import { cpimEnvelope } from '../../src/cpim/index.ts'
import { MsrpEndpoint } from '../../src/session/endpoint.ts'
import type { CompleteOptions } from '../../src/session/options.ts'
import { peerSays } from '../../src/session/peer-facts.ts'
import { MemoryPlatform } from '../session/memory-platform.ts'
import { dialledPeer, failure, PEER } from '../session/stage.ts'

// What a description brings into a session: options of `complete` that have no other source.

async function completed(options: CompleteOptions): Promise<{
  platform: MemoryPlatform
  session: Awaited<ReturnType<Awaited<ReturnType<MsrpEndpoint['prepare']>>['complete']>>
  host: string
  port: number
  serverName: string | undefined
}> {
  const platform = new MemoryPlatform()
  const prepared = await new MsrpEndpoint(platform, {}).prepare({})
  const completing = prepared.complete(PEER, options)
  while (platform.dialled.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const { host, port, serverName } = platform.dialled[0]!.target
  const peer = await dialledPeer(platform)
  const bind = await peer.request('SEND')
  expect(bind.field('To-Path')).toBe(PEER)
  peer.to = bind.field('From-Path')!
  peer.respond(bind)
  return { platform, session: await completing, host, port, serverName }
}

test('connectTo is where to connect, with the certificate of the path (RFC6714-4.2-9, RFC6714-4.3-8)', async () => {
  const connectTo = { host: '203.0.113.99', port: 7000 }
  expect(await completed({ connectTo })).toMatchObject({ ...connectTo, serverName: 'peer.example' })
  const without = await completed({})
  expect([without.host, without.port, without.serverName]).toEqual(['peer.example', 9000, undefined])
})

test('what is wrapped is of a type that the peer takes inside of others (RFC4975-8.6-9)', async () => {
  const { session } = await completed({
    peerAcceptTypes: ['message/cpim', 'text/html'],
    peerAcceptWrappedTypes: ['text/plain'],
    envelope: cpimEnvelope({ from: 'sip:a@example.com', to: 'sip:b@example.com' }),
  })
  const refused = session.send('{}', { contentType: 'application/json' })
  expect(await failure(refused.delivered)).toMatchObject({
    code: 'type-not-accepted',
    message: expect.stringContaining('application/json'),
  })
  for (const contentType of [undefined, 'text/html']) {
    const sent = session.send('hello', contentType === undefined ? {} : { contentType })
    expect(
      await Promise.race([failure(sent.delivered), new Promise((resolve) => setImmediate(resolve))]),
    ).toBeUndefined()
  }
})

test('what a later description says counts for what is sent from then on (RFC4975-8.6-9)', async () => {
  const { session } = await completed({ peerAcceptTypes: ['text/plain'], peerMaxMessageSize: 3 })
  const png = () => session.send(new Uint8Array(10), { contentType: 'image/png' }).delivered
  const before = { code: 'type-not-accepted' }
  expect(await failure(png())).toMatchObject(before)
  peerSays(session, { peerAcceptTypes: ['image/png'] })
  expect(await Promise.race([failure(png()), new Promise((resolve) => setImmediate(resolve))])).toBeUndefined()
  expect(await failure(session.send('hello').delivered)).toMatchObject(before)
  peerSays(session, { peerAcceptTypes: ['image/png'], peerMaxMessageSize: 9 })
  expect(await failure(png())).toMatchObject({ code: 'too-large' })
})
