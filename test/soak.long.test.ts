import { readFileSync } from 'node:fs'
import { Endpoint, type RelayOptions, type Session } from 'msrp'
import { beforeAll, expect, test } from 'vitest'
import { chatThrough } from './support/chat.ts'
import { heapOf, saysItsHeap } from './support/heap.ts'
import type { Program } from './support/process.ts'
import { type RelayUser, startRelay, type TestRelay } from './support/relay.ts'
import { residentMemory, until } from './support/transfer.ts'

const MB = 1_000_000

/** How much more memory a process may hold at the end than after most of the same work, in bytes. */
const GROWTH = 20 * MB

/** How much more a relay may keep after nine times as much work, garbage aside. Bytes. */
const KEPT = 2 * MB

/** Far more than many connections and short messages need, far less than what they bring in all. Bytes. */
const SOAKED = 300 * MB

let relay: TestRelay

beforeAll(async () => {
  relay = await startRelay({ lifetime: 'file' })
})

test('two hundred thousand lines of a chat arrive in order, and nobody grows', async () => {
  const { alice, bob } = await chatThrough(relay)
  const programs = [alice.program, bob.program, relay.program]
  const lines = 100_000
  const arrived = (program: Program): number => program.stdout.lines.length
  const first = [arrived(alice.program), arrived(bob.program)]
  const memory: number[][] = []
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
    memory.push(programs.map(residentMemory))
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
    expect((memory[1]?.[index] ?? 0) - (memory[0]?.[index] ?? 0), program.describe()).toBeLessThan(GROWTH)
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
