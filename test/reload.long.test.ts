import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { issueCertificate } from 'msrp-relay/certificates'
import { expect, test } from 'vitest'
import type { RawClient } from './support/raw-client.ts'
import { newAuthority, startRelay, type TestRelay } from './support/relay.ts'
import { until } from './support/transfer.ts'

// A relay that is reloaded, and one that is stopped, while it is busy. Every transaction counts.

/** Users who send each other messages without a pause, and what became of them. */
class Load {
  /** Statuses of the responses, and how often each came. */
  readonly statuses: Map<number, number> = new Map()
  /** Messages that were answered 200, by Message-ID; those that arrived; and those whose failure was reported. */
  readonly taken: Set<string> = new Set()
  readonly arrived: Set<string> = new Set()
  readonly reported: Set<string> = new Set()
  logins = 0
  readonly refused: number[] = []
  readonly #relay: TestRelay
  #stopped = false
  readonly #work: Promise<unknown>[] = []

  constructor(relay: TestRelay) {
    this.#relay = relay
  }

  async start(pairs: number): Promise<void> {
    for (let index = 0; index < pairs; index++) {
      const bob = await this.#relay.login(this.#relay.bob)
      const alice = await this.#relay.login(this.#relay.alice)
      this.#work.push(this.#receive(bob), this.#send(alice, bob, index))
    }
  }

  /** Somebody logs in, again and again. */
  logIn(): void {
    this.#work.push(
      (async () => {
        while (!this.#stopped) {
          const client = await this.#relay.connect()
          const { head } = await client.authenticate(this.#relay.alice, { toPath: [this.#relay.uri] })
          if (head.status === 200) this.logins++
          else this.refused.push(head.status)
          client.destroy()
        }
      })(),
    )
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#work)
  }

  async #send(alice: RawClient, bob: RawClient, index: number): Promise<void> {
    for (let count = 0; !this.#stopped && !alice.closed; count++) {
      const id = `message-${index}-${count}`
      const sent = alice.send([alice.token, ...bob.path], 'x'.repeat(3000), { fields: [['Message-ID', id]] })
      const response = await alice.response(sent).catch(() => undefined)
      if (response === undefined) break
      const { status } = response.head
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1)
      if (status === 200) this.taken.add(id)
      for (const { head } of alice.requests)
        if (head.method === 'REPORT') this.reported.add(head.fields.messageId ?? '')
    }
    await alice.untilClosed(1_000).catch(() => {})
    for (const { head } of alice.requests) if (head.method === 'REPORT') this.reported.add(head.fields.messageId ?? '')
  }

  async #receive(bob: RawClient): Promise<void> {
    let seen = 0
    while (!bob.closed) {
      const request = await bob
        .until(() => bob.requests[seen] ?? (this.#stopped ? null : undefined), 'a message')
        .catch(() => null)
      if (request === null) return
      seen++
      if (request.head.method !== 'SEND') continue
      this.arrived.add(request.head.fields.messageId ?? '')
      bob.respond(request)
    }
  }
}

test('certificates renewed and settings read again ten times under load fail no transaction', async () => {
  const authority = await newAuthority()
  const relay = await startRelay({ authority, settings: { expires: { default: 1000 } } })
  const load = new Load(relay)
  await load.start(8)
  load.logIn()
  load.logIn()
  const good = readFileSync(relay.config, 'utf8')
  for (let round = 1; round <= 10; round++) {
    const { certificate, key } = await issueCertificate({ names: ['localhost', '127.0.0.1'], ca: authority })
    writeFileSync(join(relay.config, '..', 'relay.pem'), certificate)
    writeFileSync(join(relay.config, '..', 'relay.key'), key)
    writeFileSync(relay.config, good.replace('default = 1000', `default = ${1000 + round}`))
    relay.program.kill('SIGHUP')
    const reloads = (): number =>
      relay.program.stderr.lines.filter((line) => line.includes('have been read again')).length
    await until(() => reloads() === round, `${round} reloads`, 20_000)
    const before = load.logins
    await until(() => load.logins >= before + 5, 'logins after the reload', 20_000)
  }
  await load.stop()
  console.log(`reloads 10, messages ${load.taken.size}, logins ${load.logins}`)
  expect([...load.statuses.keys()]).toEqual([200])
  expect(load.refused).toEqual([])
  expect(load.reported).toEqual(new Set())
  expect([...load.taken].filter((id) => !load.arrived.has(id)).length).toBeLessThanOrEqual(8)
  expect(load.taken.size).toBeGreaterThan(100)
})

test('a stop under load loses nothing that was answered 200: it arrived, or its sender was told', async () => {
  const relay = await startRelay({ settings: { drain: 3 } })
  const load = new Load(relay)
  await load.start(8)
  await until(() => load.taken.size >= 300, 'messages', 20_000)
  relay.program.kill('SIGTERM')
  expect(await relay.program.exit(20_000)).toEqual({ code: 0, signal: null })
  await load.stop()
  const lost = [...load.taken].filter((id) => !load.arrived.has(id) && !load.reported.has(id))
  console.log(`taken ${load.taken.size}, arrived ${load.arrived.size}, reported ${load.reported.size}`)
  expect(lost).toEqual([])
})
