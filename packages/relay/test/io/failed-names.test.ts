import { MsrpError } from 'msrp/wire'
import { expect, it } from 'vitest'
import { FakeClock } from '../../../msrp/test/transport/fake-clock.ts'
import { FailedNames } from '../../src/io/failed-names.ts'

function names() {
  const clock = new FakeClock()
  const asked: string[] = []
  const known = new Map<string, string[]>()
  const lookup = async (host: string): Promise<string[]> => {
    asked.push(host)
    const found = known.get(host)
    if (found === undefined) throw new MsrpError('unreachable', `cannot find the address of ${host}`)
    return found
  }
  return { clock, asked, known, resolver: new FailedNames({ lookup, resolveSrv: async () => [] }, clock) }
}

const failure = { code: 'unreachable', message: /cannot find the address of peer/ }

it('A name that could not be found is not looked up again for five seconds, and then it is', async () => {
  const { clock, asked, known, resolver } = names()
  for (let turn = 0; turn < 3; turn++) await expect(resolver.lookup('peer')).rejects.toMatchObject(failure)
  expect(asked).toEqual(['peer'])
  known.set('peer', ['192.0.2.1'])
  await clock.advance(4_999)
  await expect(resolver.lookup('peer')).rejects.toMatchObject(failure)
  await clock.advance(1)
  for (let turn = 0; turn < 2; turn++) expect(await resolver.lookup('peer')).toEqual(['192.0.2.1'])
  expect(asked).toEqual(['peer', 'peer', 'peer'])
})

it('Of names that could not be found a thousand are remembered, the latest ones', async () => {
  const { asked, resolver } = names()
  for (let index = 0; index <= 1000; index++) await resolver.lookup(`peer${index}`).catch(() => {})
  for (const host of ['peer1', 'peer1000', 'peer0']) await resolver.lookup(host).catch(() => {})
  expect(asked.slice(1001)).toEqual(['peer0'])
})
