import { describe, expect, test } from 'vitest'
import { startMsrp } from '../../../test/support/process.ts'
import { startRelay } from '../../../test/support/relay.ts'
import { documentedEvents, eventFlaw } from './event-schema.ts'

describe('with a relay that runs', () => {
  test('a probe takes each step and says so, for people and for programs', async () => {
    const relay = await startRelay()
    const { address, passwordFile } = relay.alice
    const args = ['probe', relay.uri, '--user', address, '--password-file', passwordFile, '--ca', relay.ca]
    const forPrograms = startMsrp([...args, '--json'])
    expect(await forPrograms.exit(), forPrograms.describe()).toEqual({ code: 0, signal: null })
    const events = forPrograms.stdout.json as { event: string; name?: string; milliseconds: number }[]
    for (const event of events) expect(eventFlaw(event)).toBeUndefined()
    const steps = ['connect 1', 'auth 1', 'connect 2', 'auth 2', 'session', 'message', 'report']
    expect(events.map(({ event, name }) => name ?? event)).toEqual([...steps, 'done'])
    const sum = events.slice(0, -1).reduce((all, { milliseconds }) => all + milliseconds, 0)
    expect(events.at(-1)!.milliseconds).toBeCloseTo(sum, 1)

    const forPeople = startMsrp(args)
    expect(await forPeople.exit()).toEqual({ code: 0, signal: null })
    expect(forPeople.stdout.lines.map((line) => line.replace(/ +[\d.]+ ms$/, ''))).toEqual([...steps, 'healthy'])
  })

  test('a wrong password and an unknown user end with 9 and the same line', async () => {
    const relay = await startRelay()
    const lines: string[] = []
    for (const user of ['alice@localhost', 'nobody@localhost']) {
      const args = ['probe', relay.uri, '--user', user, '--ca', relay.ca]
      const program = startMsrp(args, { env: { MSRP_PASSWORD: 'wrong' } })
      expect(await program.exit()).toEqual({ code: 9, signal: null })
      lines.push(...program.stderr.lines)
    }
    expect(lines).toHaveLength(2)
    expect(new Set(lines).size).toBe(1)
  })

  test('its users are listed as events', async () => {
    const relay = await startRelay()
    const list = startMsrp(['relay', 'user', 'list', '--config', relay.config, '--json'])
    expect(await list.exit()).toEqual({ code: 0, signal: null })
    for (const event of list.stdout.json) expect(eventFlaw(event)).toBeUndefined()
    expect(list.stdout.json).toMatchObject([
      { event: 'user', user: 'alice@localhost' },
      { event: 'user', user: 'bob@localhost' },
    ])
  })

  test('a receiver whose relay goes away ends with 12', async () => {
    const relay = await startRelay()
    const { address, passwordFile } = relay.bob
    const receiver = startMsrp([
      'receive',
      '--json',
      '--relay',
      relay.uri,
      '--user',
      address,
      '--password-file',
      passwordFile,
      '--ca',
      relay.ca,
    ])
    await receiver.stdout.line(/listening/)
    relay.program.kill('SIGKILL')
    expect(await receiver.exit()).toEqual({ code: 12, signal: null })
    expect(receiver.stdout.json.at(-1)).toMatchObject({ event: 'error', code: 'connection-lost' })
  })

  test('a receiver whose user is removed ends with 10 when its path expires', async () => {
    const relay = await startRelay({ settings: { expires: { default: 3, minimum: 1, maximum: 60 } } })
    const receiver = startMsrp(['receive', '--json', ...relay.options(relay.bob)])
    await receiver.stdout.line(/listening/)
    const removal = startMsrp(['relay', 'user', 'remove', relay.bob.address, '--config', relay.config])
    expect(await removal.exit()).toEqual({ code: 0, signal: null })
    expect(await receiver.exit(), receiver.describe()).toEqual({ code: 10, signal: null })
    expect(receiver.stdout.json.at(-1)).toMatchObject({ event: 'error', code: 'token-expired' })
  })
})

test('docs/json-events.md describes these events', () => {
  expect(documentedEvents).toEqual([
    'listening',
    'description',
    'offered',
    'message',
    'sent',
    'progress',
    'step',
    'user',
    'credentials',
    'checked',
    'settings',
    'status',
    'session',
    'kicked',
    'trace',
    'reloaded',
    'draining',
    'done',
    'error',
  ])
})

test.each([
  [{}, /no event/],
  [{ event: 'unheard-of' }, /not documented/],
  [{ event: 'done', messages: 1 }, /bytes is undefined/],
  [{ event: 'done', messages: 1, bytes: -1 }, /bytes is -1/],
  [{ event: 'done', messages: 1, bytes: 1, more: 1 }, /more is not documented/],
])('the check of events finds what is wrong with %j', (event, flaw) => {
  expect(eventFlaw(event)).toMatch(flaw)
})
