import { describe, expect, test } from 'vitest'
import type { PathChange, PreparedSession } from '../../src/session/api.ts'
import { MsrpEndpoint } from '../../src/session/endpoint.ts'
import { MemoryPlatform } from './memory-platform.ts'
import { type RawPeer, type Seen, settled } from './raw-peer.ts'
import { dialledPeer, failure, nextMessage, PEER, stateOf } from './stage.ts'
import { uncaught } from './uncaught.ts'

describe('A relay', () => {
  const relay = { uri: 'msrps://relay.example:2855;tcp', username: 'alice', password: 'secret' }

  async function registering(): Promise<{
    preparing: Promise<PreparedSession>
    peer: RawPeer
    platform: MemoryPlatform
    endpoint: MsrpEndpoint
  }> {
    const platform = new MemoryPlatform()
    const endpoint = new MsrpEndpoint(platform, {})
    const preparing = endpoint.prepare({ relay, remotePath: 'first' })
    preparing.catch(() => {})
    while (platform.dialled.length === 0) await settled(1)
    expect(platform.dialled[0]!.target).toMatchObject({ host: 'relay.example', port: 2855, secure: true })
    return { preparing, peer: await dialledPeer(platform), platform, endpoint }
  }

  const use = 'msrps://relay.example:2855/token;tcp'
  function grant(peer: RawPeer, auth: Seen, usePath = use): void {
    peer.write(
      `MSRP ${auth.transactionId} 200 OK\r\nTo-Path: ${auth.field('From-Path')}\r\nFrom-Path: ${auth.field('To-Path')}\r\n` +
        `Use-Path: ${usePath}\r\nExpires: 600\r\n-------${auth.transactionId}$\r\n`,
    )
  }

  test.each([
    ['no URI', { uri: [] }],
    ['a URI that is none', { uri: ['http://relay.example'] }],
    ['an empty user name', { username: '' }],
  ])('with %s is refused', async (_, wrong) => {
    const preparing = new MsrpEndpoint(new MemoryPlatform(), {}).prepare({ relay: { ...relay, ...wrong } })
    expect(await failure(preparing)).toMatchObject({ code: 'invalid-argument' })
  })

  test('whose connection breaks before it has answered AUTH fails the preparation', async () => {
    const { preparing, peer, platform } = await registering()
    await peer.request('AUTH')
    peer.transport.destroy()
    expect(await failure(preparing)).toMatchObject({ code: 'connection-lost' })
    expect(platform.clock.pending).toBe(0)
  })

  test('grants a path to an endpoint that is closed meanwhile: nothing stays', async () => {
    const { preparing, peer, platform, endpoint } = await registering()
    const auth = await peer.request('AUTH')
    grant(peer, auth)
    await endpoint.close()
    expect(await failure(preparing)).toMatchObject({ code: 'closed' })
    await settled()
    expect(peer.closed).toBe(true)
    expect(platform.clock.pending).toBe(0)
  })

  test('leads to us and carries our requests: its URI stands first in both directions, ours last (RFC4976-5.1-1, RFC4975-8.2-3, RFC4975-8.3-2)', async () => {
    const { preparing, peer, platform } = await registering()
    grant(peer, await peer.request('AUTH'))
    const prepared = await preparing
    const [first, own] = prepared.localPath.split(' ')
    expect(first).toBe(use)
    expect(own).toMatch(/^msrps:/)
    peer.to = own!
    peer.from = `${use} ${PEER}`
    const id = peer.send({ messageId: 'hello', body: 'hello', success: 'yes' })
    expect((await peer.response(id)).field('To-Path')).toBe(use)
    const session = (await prepared.sessions().next()).value!
    expect(session.remotePath).toBe(PEER)
    expect(await (await nextMessage(session)).text()).toBe('hello')
    expect((await peer.request('REPORT')).field('To-Path')).toBe(`${use} ${PEER}`)
    const sent = session.send('answer')
    const chunk = await peer.request('SEND')
    expect(chunk.field('To-Path')).toBe(`${use} ${PEER}`)
    expect(chunk.field('From-Path')).toBe(own)
    peer.respond(chunk)
    // The relay itself reports: its From-Path ends with the relay (RFC 4976 §6.4.1).
    peer.from = use
    peer.report(sent.messageId, '1-6/6', '000 481 Gone')
    expect(await failure(sent.delivered)).toMatchObject({ status: 481 })
    expect(await session.closed).toMatchObject({ by: 'failure', error: { status: 481 } })
    await prepared.close()
    await settled()
    expect(peer.closed).toBe(true)
    expect(platform.clock.pending).toBe(0)
  })

  test('is asked for a path for each session, which alone goes over its connection (RFC4976-3.1-1, RFC4976-5.1-3, RFC4976-5.2-2)', async () => {
    const platform = new MemoryPlatform()
    const endpoint = new MsrpEndpoint(platform, {})
    for (const usePath of ['one', 'two'].map((name) => use.replace('token', name))) {
      const connecting = endpoint.connect({ path: PEER, relay })
      const peer = await dialledPeer(platform)
      grant(peer, await peer.request('AUTH'), usePath)
      const bind = await peer.request('SEND')
      expect(bind.field('To-Path')).toBe(`${usePath} ${PEER}`)
      peer.respond(bind)
      expect((await connecting).localPath).toMatch(usePath)
    }
    expect(platform.dialled).toEqual([])
    await endpoint.close()
  })

  test.each([
    ['when all of it is taken', undefined],
    ['after the closeTimeout when nothing is', 1_000],
  ])('has what a closed session still had to say, and its connection is gone by then, %s', async (_, closeTimeout) => {
    const platform = new MemoryPlatform()
    platform.pairOptions = { capacity: 10 }
    const more = closeTimeout === undefined ? {} : { closeTimeout }
    const connecting = new MsrpEndpoint(platform, {}).connect({ path: PEER, relay, ...more })
    const peer = await dialledPeer(platform)
    grant(peer, await peer.request('AUTH'))
    peer.respond(await peer.request('SEND'))
    const session = await connecting
    peer.transport.pause()
    session.send('goodbye', { successReport: false, failureReport: 'no' })
    await settled()
    const closing = session.close()
    await platform.clock.advance(999)
    expect(await stateOf(closing)).toBe('pending')
    if (closeTimeout === undefined) peer.transport.resume()
    else await platform.clock.advance(1)
    await closing
    if (closeTimeout === undefined) expect((await peer.request('SEND')).text).toBe('goodbye')
    peer.transport.resume()
    await settled()
    expect(peer.closed).toBe(true)
    expect(platform.clock.pending).toBe(0)
  })

  test('that goes away takes the path and its sessions along', async () => {
    const { preparing, peer } = await registering()
    grant(peer, await peer.request('AUTH'))
    const prepared = await preparing
    peer.to = prepared.localPath.split(' ')[1]!
    peer.from = `${use} ${PEER}`
    await peer.response(peer.send())
    const session = (await prepared.sessions().next()).value!
    peer.transport.close()
    expect(await session.closed).toMatchObject({ by: 'failure', error: { code: 'connection-lost' } })
    expect(await prepared.closed).toMatchObject({ by: 'peer', error: { code: 'connection-lost' } })
    expect(await prepared.sessions().next()).toEqual({ done: true, value: undefined })
  })

  test('that hands out another path when it refreshes: the new one is told', async () => {
    const { preparing, peer, platform } = await registering()
    grant(peer, await peer.request('AUTH'))
    const prepared = await preparing
    const changes: PathChange[] = []
    prepared.onPathChanged = (change) => changes.push(change)
    while (peer.seen.length === 0) await platform.clock.advance(1_000)
    const auth = await peer.request('AUTH')
    peer.write(
      `MSRP ${auth.transactionId} 200 OK\r\nTo-Path: ${auth.field('From-Path')}\r\nFrom-Path: ${use}\r\n` +
        `Use-Path: ${use.replace('token', 'other')}\r\nExpires: 600\r\n-------${auth.transactionId}$\r\n`,
    )
    await settled()
    expect(changes).toHaveLength(1)
    expect(changes[0]!.localPath).toBe(prepared.localPath)
    expect(prepared.localPath).toContain('/other;tcp ')
    expect(changes[0]!.oldExpiresIn).toBeGreaterThan(0)
    await prepared.close()
  })

  test('that hands out another path where that is told to a mistake: it shows, and the path is refreshed again', async () => {
    const thrown = uncaught()
    const { preparing, peer, platform } = await registering()
    grant(peer, await peer.request('AUTH'))
    const prepared = await preparing
    prepared.onPathChanged = () => {
      throw new Error('a mistake')
    }
    for (const token of ['other', 'third']) {
      while (peer.seen.length === 0) await platform.clock.advance(1_000)
      grant(peer, await peer.request('AUTH'), use.replace('token', token))
      await settled()
      expect(prepared.localPath).toContain(`/${token};tcp `)
    }
    expect(thrown.map(String)).toEqual(['Error: a mistake', 'Error: a mistake'])
    await prepared.close()
  })
})
