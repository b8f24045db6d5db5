import { describe, expect, test } from 'vitest'
import { buildCpim, CPIM_TYPE, cpimEnvelope, cpimVerdict, openCpim, parseCpim } from '../../src/cpim/index.ts'
import type { Seen } from './raw-peer.ts'
import { active, both, failure, nextMessage, passive, pattern } from './stage.ts'

const parties = { from: 'sip:alice@example.com', to: 'sip:bob@example.com' }
const gateway = { peerAcceptTypes: ['message/cpim', 'text/plain', '*'], envelope: cpimEnvelope(parties) }

function whole(chunks: readonly Seen[]): Uint8Array {
  return new Uint8Array(Buffer.concat(chunks.map(({ body }) => body)))
}

describe('message/cpim in a session', () => {
  test('travels from end to end, whatever it wraps, and is opened there (RFC4975-13-5, FIELD-endpoint-11)', async () => {
    const { sender, receiver, close } = await both()
    for (const content of ['Grüße', pattern(300_000)]) {
      const sent = sender.send(buildCpim(parties, content), { contentType: CPIM_TYPE })
      const { head, bytes } = await openCpim(await nextMessage(receiver))
      expect(head.from).toEqual({ uri: parties.from })
      expect(await bytes()).toEqual(typeof content === 'string' ? new TextEncoder().encode(content) : content)
      await sent.delivered
    }
    await close()
  })

  test('is wrapped as a whole and then divided into chunks (RFC4975-13-6, FIELD-endpoint-12)', async () => {
    const { session, peer } = await active({ ...gateway, chunkSize: 2048 })
    const chunks: Seen[] = []
    peer.onRequest = (chunk) => {
      chunks.push(chunk)
      peer.respond(chunk)
    }
    const text = 'x'.repeat(10_000)
    const sent = session.send(text, { successReport: false })
    await sent.delivered
    expect(chunks.length).toBeGreaterThan(4)
    expect(new Set(chunks.map((chunk) => chunk.field('Content-Type')))).toEqual(new Set([CPIM_TYPE]))
    expect(chunks.filter((chunk) => chunk.text.includes('From:'))).toHaveLength(1)
    const { head, content } = parseCpim(whole(chunks))
    expect(head.to).toEqual([{ uri: parties.to }])
    expect(new TextDecoder().decode(content)).toBe(text)
  })

  test('wraps what goes to a peer that names it first, a gateway for one (RFC4975-13-2, RFC4975-13-4)', async () => {
    const { session, peer } = await active({
      ...gateway,
      envelope: cpimEnvelope(() => ({ ...parties, dateTime: new Date('2026-01-02T03:04:05Z') })),
    })
    session.send('Hello')
    session.send('<p>', { contentType: 'text/html' })
    session.send(buildCpim(parties, 'own'), { contentType: 'Message/CPIM' })
    session.send('%PDF', { fileName: 'a.pdf', contentType: 'application/pdf' })
    const hello = await peer.request('SEND')
    expect(hello.field('Content-Type')).toBe('message/cpim')
    const { head, text } = parseCpim(hello.body)
    expect([head.from?.uri, head.to[0]?.uri, head.dateTime?.getUTCFullYear()]).toEqual([parties.from, parties.to, 2026])
    expect([head.contentType, text()]).toEqual(['text/plain;charset=utf-8', 'Hello'])
    expect(parseCpim((await peer.request('SEND')).body).head.contentType).toBe('text/html')
    expect(parseCpim((await peer.request('SEND')).body).text()).toBe('own')
    expect((await peer.request('SEND')).field('Content-Type')).toBe('application/pdf')
  })

  test('wraps nothing for a peer that names it later, or when nobody says who writes', async () => {
    const later = await active({ envelope: cpimEnvelope(parties), peerAcceptTypes: ['text/plain', 'message/cpim'] })
    later.session.send('Hello')
    expect((await later.peer.request('SEND')).text).toBe('Hello')
    const nobody = await active({ peerAcceptTypes: ['message/cpim'] })
    const error = await failure(nobody.session.send('Hello').delivered)
    expect(error).toMatchObject({ code: 'type-not-accepted', message: expect.stringContaining('envelope') })
  })

  test('is refused before it is answered when it requires what is not understood (RFC4975-13-7)', async () => {
    const { peer } = await passive({ onRequest: (request, first) => cpimVerdict(request, first) })
    const body = buildCpim({ ...parties, namespaces: { x: 'urn:x:y' }, require: ['x.Vital'] }, 'z')
    const id = peer.send({ type: 'message/cpim', body, failure: 'yes' })
    expect(await peer.response(id)).toMatchObject({ status: 400, comment: expect.stringContaining('Vital') })
  })
})
