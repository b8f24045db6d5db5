import { readFileSync } from 'node:fs'
import { Endpoint, type RelayOptions, type Session } from 'msrp'
import { expect, test } from 'vitest'
import { chatThrough } from './support/chat.ts'
import { heapOf, saysItsHeap } from './support/heap.ts'
import type { Program } from './support/process.ts'
import { type RelayUser, startRelay } from './support/relay.ts'
import { until } from './support/transfer.ts'

const MB = 1_000_000

/** How much more a program may keep at the end than after a part of the same work, garbage aside. Bytes. */
const KEPT = 2 * MB

/** Far more than many connections and short messages need, far less than what they bring in all. Bytes. */
const SOAKED = 300 * MB

test('two hundred thousand lines of a chat arrive in order, and nobody grows', async () => {
  const relay = await startRelay({ env: saysItsHeap })
  const { alice, bob } = await chatThrough(relay, { env: saysItsHeap })
  const programs = [alice.program, bob.program, relay.program]
  const lines = 100_000
  const arrived = (program: Program): number => program.stdout.lines.length
  const first = [arrived(alice.program), arrived(bob.program)]
  const kept: number[][] = []
  for (const [from, name] of [
    [alice.program, 'to bob'],
    [bob.program, 'to alice'],
  ] as const) {
    void (async () => {
      for (let line = 0; line < lines; line++) await from.write(`${name} ${line}\n`)
    })()
  }
  for (const part of [0.5, 1]) {
    const all = (): boolean =>
      [alice.program, bob.program].every((program, index) => arrived(program) >= (first[index] ?? 0) + part * lines)
    await until(all, `${part * lines} lines: ${alice.program.describe()} ${bob.program.describe()}`, 300_000)
    kept.push(await Promise.all(programs.map(heapOf)))
  }
  for (const [program, name] of [
    [bob.program, 'to bob'],
    [alice.program, 'to alice'],
  ] as const) {
    const texts = program.stdout.lines.flatMap((line) => (line.includes(`"text":"${name}`) ? [JSON.parse(line)] : []))
    expect(texts).toHaveLength(lines)
    expect(texts.every(({ text }, index) => text === `${name} ${index}`)).toBe(true)
  }
  for (const [index, program] of programs.entries()) {
    expect((kept[1]?.[index] ?? 0) - (kept[0]?.[index] ?? 0), program.describe()).toBeLessThan(KEPT)
    expect(program.peakMemory, program.describe()).toBeLessThan(SOAKED)
  }
})

test('ten thousand sessions come and go, and leave nothing at the relay', async () => {
  const own = await startRelay({ env: saysItsHeap })
  const ca = readFileSync(own.ca, 'utf8')
  const login = ({ username, password }: RelayUser): RelayOptions => ({ uri: own.uri, username, password })
  const [forAlice, forBob] = [login(own.alice), login(own.bob)]
  const many = async (sessions: number): Promise<number> => {
    let begun = 0
    const work = Array.from({ length: 8 }, async () => {
      while (begun++ < sessions) await oneSession(forAlice, forBob, ca)
    })
    await Promise.all(work)
    return await heapOf(own.program)
  }

  const before = await many(1_000)
  const after = await many(9_000)
  expect(after - before, `${before} bytes, then ${after}`).toBeLessThan(KEPT)
  expect(own.program.peakMemory).toBeLessThan(SOAKED)
}, 600_000)

/** Two log in, one calls the other, texts and a small file go over, and both leave. */
async function oneSession(forAlice: RelayOptions, forBob: RelayOptions, ca: string): Promise<void> {
  await using endpoint = new Endpoint({ tls: { ca } })
  const prepared = await endpoint.prepare({ relay: forBob, remotePath: 'first' })
  const waiting = prepared.sessions().next()
  const calling = await endpoint.connect({ path: prepared.localPath, relay: forAlice })
  const called = (await waiting).value as Session
  const messages = ['one', 'two', 'three', 'x'.repeat(50_000)]
  const reading = (async () => {
    const texts: string[] = []
    for await (const message of called) {
      texts.push(await message.text())
      if (texts.length === messages.length) return texts
    }
    return texts
  })()
  await Promise.all(messages.map((text) => calling.send(text).delivered))
  expect((await reading).sort()).toEqual(messages.toSorted())
}
