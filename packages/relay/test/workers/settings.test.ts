import { describe, expect, it } from 'vitest'
import { completeSettings, Secret } from '../../src/config/index.ts'
import type { SettingsInput } from '../../src/config/settings.ts'
import { shareOf } from '../../src/workers/assignment.ts'
import { packSettings, unpackSettings } from '../../src/workers/messages.ts'
import { ownListeners } from '../../src/workers/own-listeners.ts'

const listen = [
  { host: '127.0.0.1', port: 2855 },
  { host: '127.0.0.1', port: 2850, transport: 'tcp' },
  { host: '::1', port: 2855 },
] as const

describe('settings of workers', () => {
  it('give each a port of its own at every address with TLS, or none', () => {
    const input: SettingsInput = { listen, workers: { count: 2, firstPort: 2900 } }
    const own = ownListeners(completeSettings(input))
    expect(own.map((each) => each.map(({ host, port }) => `${host} ${port}`))).toEqual([
      ['127.0.0.1 2900', '::1 2900'],
      ['127.0.0.1 2901', '::1 2901'],
    ])
    expect(ownListeners(completeSettings({ listen, workers: { count: 2, mode: 'single-port' } }))).toEqual([[], []])
    expect(ownListeners(completeSettings({ listen }))).toEqual([[]])
  })

  it('are refused where ports collide, do not exist, or nobody could reach them', () => {
    const wrong = (input: SettingsInput) => () => completeSettings(input)
    expect(wrong({ listen, workers: { count: 4, firstPort: 2852 } })).toThrow(
      /workers.first_port gives the workers ports 2852 to 2855, of which a listener has 2855/,
    )
    expect(wrong({ listen, workers: { count: 4, firstPort: 65_534 } })).toThrow(
      /workers.first_port must not be above 65532 with 4 workers/,
    )
    const advertised = { name: 'relay.example.com', port: 2855 }
    const proxied = { listen: [{ host: '127.0.0.1', transport: 'tls-in-front' }], advertised } as const
    expect(wrong({ ...proxied, workers: { count: 2 } })).toThrow(/workers.mode must be "single-port"/)
    expect(wrong({ ...proxied, workers: { count: 2, mode: 'single-port' } })).not.toThrow()
    expect(wrong({ listen, workers: { count: 1, firstPort: 2855 } })).not.toThrow()
  })

  it('divide what bounds the whole relay, and nothing else', () => {
    const settings = completeSettings({ limits: { connections: 7, totalBuffer: 1 << 20, tokensPerConnection: 5 } })
    const { limits } = shareOf(settings, 2)
    expect(limits).toMatchObject({ connections: 4, totalBuffer: 1 << 19, tokensPerConnection: 5 })
    expect(limits.connectionsPerAddress).toBe(settings.limits.connectionsPerAddress)
  })

  it('get to a worker whole, secrets included', () => {
    const settings = { ...completeSettings({ listen }), secret: new Secret('of the database') }
    const arrived = unpackSettings(JSON.parse(JSON.stringify(packSettings(settings)))) as typeof settings
    expect(arrived.secret.reveal()).toBe('of the database')
    const { secret: _, ...plain } = settings
    expect(JSON.parse(JSON.stringify(arrived))).toEqual({ ...JSON.parse(JSON.stringify(plain)), secret: '…' })
  })
})
