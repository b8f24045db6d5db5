import { describe, expect, test } from 'vitest'
import { freePort } from '../../../test/support/free-port.ts'
import { startMsrp } from '../../../test/support/process.ts'
import { eventFlaw } from './event-schema.ts'
import { rawPeer } from './raw-peer.ts'

const env = { MSRP_PASSWORD: 'opensesame' }

async function probe(
  authority: string,
  ...args: string[]
): Promise<{ code: number | null; lines: string[]; event: unknown }> {
  const program = startMsrp(['probe', authority, '--user', 'a@b', '--json', ...args], { env })
  const { code } = await program.exit()
  for (const event of program.stdout.json) expect(eventFlaw(event)).toBeUndefined()
  expect(program.stderr.text + program.stdout.text).not.toContain('opensesame')
  return { code, lines: program.stderr.lines, event: program.stdout.json.at(-1) }
}

describe('a probe says what is wrong', () => {
  test('nobody listens: 5', async () => {
    const { code, lines, event } = await probe(`127.0.0.1:${await freePort()}`)
    expect(code).toBe(5)
    expect(lines).toEqual([expect.stringMatching(/^error: .*refused/)])
    expect(event).toMatchObject({ event: 'error', code: 'unreachable' })
  })

  test('what listens does not speak TLS: 8', async () => {
    const peer = await rawPeer({ noise: 'HTTP/1.1 400 Bad Request\r\n\r\n' })
    const authority = peer.path.split('/')[2] ?? ''
    const { code, lines } = await probe(authority)
    expect(code).toBe(8)
    expect(lines).toHaveLength(1)
  })

  test('no answer in time: 13', async () => {
    const peer = await rawPeer()
    const authority = peer.path.split('/')[2] ?? ''
    const { code, lines } = await probe(authority, '--timeout', '0.5')
    expect(code).toBe(13)
    expect(lines).toEqual([expect.stringMatching(/^error: connect 1 is not done after 0\.5 s/)])
  })
})
