import { describe, expect, it, vi } from 'vitest'
import { settle } from '../forwarding/network.ts'
import { AdminNetwork } from './admin.ts'

const farUri = 'msrps://far.example.net:7000/f;tcp'

async function talking() {
  const admin = new AdminNetwork()
  const { network } = admin
  const [alice, bob] = [await network.client('alice'), await network.client('bob')]
  const far = network.within(farUri)
  far.answers = true
  const say = async (text: string): Promise<void> => {
    alice.send([alice.token, farUri], text)
    bob.send([bob.token, ...alice.path], 'of bob')
    await settle()
  }
  const sessions = (await admin.json('GET /sessions')).body.sessions
  const traced = (): string[] =>
    admin.logged
      .filter(({ message }) => message === 'trace')
      .map(({ fields }) => `${fields.direction} ${(fields.lines as string[]).join(' | ')}`)
  return { admin, network, alice, bob, far, say, traced, id: sessions[1]!.id, alices: sessions[0]!.id }
}

describe('a trace of a session', () => {
  it('shows its requests and responses on both sides of the relay, and nothing of others', async () => {
    const { admin, say, traced, network, bob, far } = await talking()
    const { sessions } = (await admin.json('GET /sessions?account=bob@example.com')).body
    await admin.call(`PUT /trace/${sessions[0]!.id}`)
    bob.send([bob.token, farUri], 'secret text')
    await settle()
    await say('of alice alone')
    const lines = traced()
    expect(lines[0]).toMatch(/^in MSRP \w+ SEND \| To-Path: msrps:\/\/relay.example.com:2855\/\w{6}…;tcp msrps:/)
    expect(lines[1]).toMatch(/^in \(11 bytes of body\) \| -------\w+\$$/)
    expect(lines.some((line) => /^out MSRP \w+ 200/.test(line))).toBe(true)
    expect(lines.filter((line) => /^out MSRP \w+ SEND/.test(line)).length).toBeGreaterThan(0)
    expect(lines.join('\n')).not.toContain('secret text')
    expect(lines.join('\n')).not.toContain('of alice alone')
    expect(far.all('SEND').length + network.relay.tokens).toBeGreaterThan(2)
  })

  it('tells neither credentials nor whole URIs', async () => {
    const { admin, alice, say, traced, alices } = await talking()
    await admin.call(`PUT /trace/${alices}`)
    await alice.authenticate('alice', 'wonderland', { toPath: [alice.token] })
    await say('hello')
    const text = traced().join('\n')
    expect(text).toContain('AUTH')
    expect(text).toMatch(/username="alice".*cnonce="….*response="…/)
    expect(text).not.toContain('c0ffee')
    expect(text).not.toContain(alice.usePath[0]!.sessionId)
    for (const { head } of alice.responses) {
      const { authenticationInfo } = head.fields
      if (authenticationInfo?.rspauth) expect(text).not.toContain(authenticationInfo.rspauth)
    }
  })

  it('shows no credentials either that are written as few do', async () => {
    const { admin, alice, traced } = await talking()
    await admin.call('PUT /trace/alice@example.com')
    const value = 'Digest username="alice", realm="example.com", response = "0123 4567", cnonce = "c0 ffee"'
    alice.request('AUTH', { toPath: ['msrps://relay.example.com:2855;tcp'], fields: [['Authorization', value]] })
    await settle()
    const text = traced().join('\n')
    expect(text).toContain('username="alice"')
    expect(text).not.toMatch(/0123|4567|c0 ffee/)
  })

  it('shows the REPORTs that the relay makes itself', async () => {
    const { admin, alice, far, traced, alices } = await talking()
    await admin.call(`PUT /trace/${alices}`)
    far.answers = false
    alice.send([alice.token, farUri], 'hello')
    await settle()
    far.close()
    await settle()
    expect(alice.reports).toEqual(['481 1-5/5'])
    expect(traced().filter((line) => /^out MSRP \w+ REPORT .*Status: 000 481/.test(line))).toHaveLength(1)
  })

  it('ends at its time, and costs nothing from then on', async () => {
    const { admin, network, say, traced, alices } = await talking()
    const observe = vi.spyOn(network.relay, 'observe')
    const { body } = await admin.json(`PUT /trace/${alices}?seconds=5`)
    expect(body).toEqual({ target: alices, to: 'log', until: expect.stringMatching(/Z$/) })
    expect((await admin.json('GET /trace')).body.traces).toHaveLength(1)
    await network.clock.advance(5000)
    expect((await admin.json('GET /trace')).body.traces).toEqual([])
    expect(observe.mock.calls.map(([observer]) => typeof observer)).toEqual(['function', 'undefined'])
    await say('hello')
    expect(traced()).toEqual([])
  })

  it('ends when it is told to', async () => {
    const { admin, say, traced, alices } = await talking()
    await admin.call(`PUT /trace/${alices}`)
    expect((await admin.json(`DELETE /trace/${alices}`)).body).toEqual({ ended: 1 })
    await say('hello')
    expect(traced()).toEqual([])
  })
})

describe('a trace of an account', () => {
  it('shows its AUTHs, those that fail and those of sessions to come', async () => {
    const admin = new AdminNetwork()
    await admin.call('PUT /trace/alice@example.com')
    const client = await admin.network.client('alice')
    await client.authenticate('alice', 'guess')
    await admin.network.client('bob')
    const heads = admin.logged
      .filter(({ message }) => message === 'trace')
      .map(({ fields }) => (fields.lines as string[])[0]!.replace(/MSRP \w+/, 'MSRP'))
      .filter((line) => line.startsWith('MSRP'))
    expect(heads).toEqual(['MSRP AUTH', 'MSRP 200 OK', 'MSRP AUTH', 'MSRP 401 Unauthorized'])
  })
})

describe('whoever traces', () => {
  it('may be shown it as it runs, until he has seen enough', async () => {
    const { admin, alices, say } = await talking()
    const response = await admin.call(`GET /trace/${alices}`)
    expect(response.headers.get('content-type')).toBe('application/x-ndjson')
    await say('hello')
    const reader = response.body!.getReader()
    const lines: Record<string, unknown>[] = []
    while (lines.length < 3) lines.push(JSON.parse(new TextDecoder().decode((await reader.read()).value)))
    expect(lines[0]).toMatchObject({ target: alices, to: 'caller' })
    expect(lines[1]).toMatchObject({ direction: 'in', connection: expect.any(Number), far: expect.any(String) })
    await reader.cancel()
    expect((await admin.json('GET /trace')).body.traces).toEqual([])
  })

  it('and does not read holds nobody up: lines are left out and counted', async () => {
    const { admin, alices, say, network } = await talking()
    const response = await admin.call(`GET /trace/${alices}?seconds=60`)
    for (let count = 0; count < 400; count++) await say('hello')
    await network.clock.advance(60_000)
    const lines = (await response.text()).trimEnd().split('\n')
    expect(lines.length).toBeLessThanOrEqual(1001)
    expect(JSON.parse(lines.at(-1)!).leftOut).toBeGreaterThan(500)
  })

  it.each([
    ['PUT /trace/x-1', 404],
    ['GET /trace/x-1', 404],
    ['PUT /trace/alice@example.com?seconds=0', 400],
    ['PUT /trace/alice@example.com?seconds=3601', 400],
    ['GET /trace/alice@example.com?seconds=soon', 400],
  ])('what cannot be is refused: %s', async (call, status) => {
    expect((await new AdminNetwork().json(call)).status).toBe(status)
  })

  it('gets eight at a time at most', async () => {
    const admin = new AdminNetwork()
    const statuses: number[] = []
    for (let count = 0; count < 9; count++) statuses.push((await admin.call('PUT /trace/alice@example.com')).status)
    expect(statuses).toEqual([...new Array(8).fill(200), 429])
  })
})
