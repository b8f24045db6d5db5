import { describe, expect, it } from 'vitest'
import { Admission, type AdmissionSettings } from '../../src/io/index.ts'

const everybody: AdmissionSettings = {
  limits: { connections: 4, connectionsPerAddress: 2 },
  access: { allowNetworks: [], denyNetworks: [] },
}

function admission(access: Partial<AdmissionSettings['access']> = {}): { admission: Admission; logged: object[] } {
  const logged: object[] = []
  const log = (fields: object): void => void logged.push(fields)
  const settings = { ...everybody, access: { ...everybody.access, ...access } }
  return { admission: new Admission(settings, { debug: log, info: log, warn: log }), logged }
}

const notAllowed = 'its address is not allowed by the access settings'

describe('networks', () => {
  it.each([
    ['none said', {}, ['192.0.2.1', '2001:db8::1', '127.0.0.1'], []],
    [
      'some allowed',
      { allowNetworks: ['192.0.2.0/24', '2001:db8::/32'] },
      ['192.0.2.1', '2001:db8::1'],
      ['198.51.100.1', '2001:db9::1'],
    ],
    ['some denied', { denyNetworks: ['192.0.2.0/24', '::1'] }, ['198.51.100.1', '2001:db8::1'], ['192.0.2.200', '::1']],
    [
      'a denied one inside of an allowed one',
      { allowNetworks: ['192.0.2.0/24'], denyNetworks: ['192.0.2.66'] },
      ['192.0.2.1'],
      ['192.0.2.66', '198.51.100.1'],
    ],
  ])('with %s', (_, access, allowed, denied) => {
    const { door } = admission(access).admission
    expect(allowed.map((address) => door.admit(address))).toEqual(allowed.map(() => undefined))
    expect(denied.map((address) => door.admit(address))).toEqual(denied.map(() => notAllowed))
  })

  it('are taken over while the relay runs; whoever is in stays and is counted', () => {
    const { admission: running, logged } = admission()
    const { door } = running
    expect([door.admit('192.0.2.1'), door.admit('192.0.2.1')]).toEqual([undefined, undefined])
    running.reconfigure({ ...everybody, access: { allowNetworks: [], denyNetworks: ['192.0.2.0/24'] } })
    expect(door.admit('192.0.2.1')).toBe(notAllowed)
    expect(logged).toEqual([{ address: '192.0.2.1' }])
    running.reconfigure(everybody)
    expect(door.admit('192.0.2.1')).toBe('too many connections from this address')
    door.gone('192.0.2.1')
    expect(door.admit('192.0.2.1')).toBeUndefined()
  })

  it('take an address with its zone for what it is, and what is no address for one of none', () => {
    const { door } = admission({ denyNetworks: ['fe80::/10'] }).admission
    expect(door.admit('fe80::1%eth0')).toBe(notAllowed)
    expect(door.admit('')).toBeUndefined()
    expect(admission({ allowNetworks: ['192.0.2.0/24'] }).admission.door.admit('')).toBe(notAllowed)
  })

  it('say nothing of those who all come from a proxy that does not tell who they are', () => {
    const { doorBehindProxy } = admission({ denyNetworks: ['127.0.0.0/8'] }).admission
    expect(doorBehindProxy.admit('127.0.0.1')).toBeUndefined()
  })
})

describe('numbers', () => {
  it('count for each address, and for all listeners together', () => {
    const { admission: open } = admission()
    const { door, doorBehindProxy } = open
    for (const address of ['192.0.2.1', '192.0.2.1', '192.0.2.2']) expect(door.admit(address)).toBeUndefined()
    expect(door.admit('192.0.2.1')).toBe('too many connections from this address')
    expect(doorBehindProxy.admit('192.0.2.1')).toBeUndefined()
    expect(doorBehindProxy.admit('192.0.2.1')).toBe('too many connections')
    doorBehindProxy.gone('192.0.2.1')
    door.gone('192.0.2.1')
    expect([door.admit('192.0.2.1'), door.admit('192.0.2.3')]).toEqual([undefined, undefined])
    expect(door.admit('192.0.2.4')).toBe('too many connections')
  })
})
