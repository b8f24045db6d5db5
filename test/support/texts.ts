import { setTimeout as delay } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import type { RawClient } from './raw-client.ts'
import { until } from './transfer.ts'

/** How long a well-behaved pair may wait for its text and its answer while others misbehave, in milliseconds. */
const PATIENCE = 10_000

/**
 * Two who behave well and write to each other all the time, one text after another, through the process that is under
 * attack; or one who writes to that process itself. A text counts when it has arrived and was answered 200.
 */
export class Texts {
  /** Texts that arrived. */
  count = 0
  #failure: unknown
  #over = false

  /** `path` leads from `sender` to `receiver`; without a receiver the far end answers for itself. */
  constructor(sender: RawClient, path: readonly string[], receiver?: RawClient) {
    const run = this.#run(sender, path, receiver).catch((error) => {
      if (!this.#over) this.#failure = error
    })
    onTestFinished(async () => {
      this.#over = true
      await run
    })
  }

  /** Waits for some more of them: they go on. */
  async more(texts = 3): Promise<void> {
    const wanted = this.count + texts
    await until(() => this.#failure !== undefined || this.count >= wanted, `${texts} more texts`, 2 * PATIENCE)
    if (this.#failure !== undefined) throw this.#failure
  }

  async #run(sender: RawClient, path: readonly string[], receiver: RawClient | undefined): Promise<void> {
    while (!this.#over) {
      const text = `text ${this.count}`
      const sent = sender.send(path, text)
      if (receiver !== undefined) {
        const arrived = await receiver.nextRequest(({ body }) => String(body) === text, PATIENCE)
        receiver.respond(arrived)
        receiver.requests.length = 0
      }
      const { head } = await sender.response(sent, PATIENCE)
      if (head.status !== 200) throw new Error(`a text was answered ${head.status}`)
      sender.responses.length = 0
      this.count++
      await delay(10)
    }
  }
}
