import { expect, it } from 'vitest'
import { systemAddresses } from '../../src/node/system-addresses.ts'

it('asks the system for a few names at a time, the others in their turn, but for those that nobody waits for', async () => {
  const gone = new AbortController()
  const ended: string[] = []
  const ask = (name: string, signal?: AbortSignal): Promise<unknown> =>
    systemAddresses('localhost', signal).then(
      (addresses) => ended.push(`${name}: ${addresses.length > 0}`),
      (reason) => ended.push(`${name}: ${reason}`),
    )
  const all = ['a', 'b', 'c', 'd', 'e'].map((name) => ask(name, name === 'd' ? gone.signal : undefined))
  gone.abort('nobody waits')
  await Promise.all(all)
  expect(ended[0]).toBe('d: nobody waits')
  expect(ended.slice(1).toSorted()).toEqual(['a: true', 'b: true', 'c: true', 'e: true'])
  // Every turn has come back.
  await Promise.all(['f', 'g', 'h'].map((name) => ask(name)))
  expect(ended.slice(5).toSorted()).toEqual(['f: true', 'g: true', 'h: true'])
  await expect(systemAddresses('localhost', gone.signal)).rejects.toBe('nobody waits')
})
