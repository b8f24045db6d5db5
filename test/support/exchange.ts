import { join } from 'node:path'
import { expect } from 'vitest'
import { type Program, startMsrp } from './process.ts'
import { type RandomFile, sha256OfFile, writeRandomFile } from './random-file.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { eventsNamed, expectExit, filesIn, outcomeOf } from './transfer.ts'

/** A folder where two people find each other's descriptions, and the programs of both. */
export class Exchange {
  readonly folder: string = temporaryFolder()
  readonly offer: string = join(this.folder, 'offer.sdp')
  readonly answer: string = join(this.folder, 'answer.sdp')
  readonly inbox: string = join(this.folder, 'inbox')

  send(args: readonly string[]): Program {
    const given = ['--offer', this.offer, '--answer', this.answer]
    return startMsrp(['send', '--json', ...args, ...given], { cwd: this.folder })
  }

  receive(args: readonly string[] = []): Program {
    const given = ['--offer', this.offer, '--answer', this.answer, '--dir', this.inbox]
    return startMsrp(['receive', '--json', ...args, ...given], { cwd: this.folder })
  }

  /** One of our files. */
  async file(name: string, size: number, seed?: number): Promise<RandomFile> {
    return writeRandomFile(join(this.folder, name), size, seed)
  }
}

/** How two people reach each other: what each adds to the command line. */
export interface Way {
  readonly sender: readonly string[]
  readonly receiver: readonly string[]
  /** What the m-lines of the offer say. */
  readonly protocol: 'TCP/MSRP' | 'TCP/TLS/MSRP'
}

/** Two files are offered, taken and verified. */
export async function expectExchange({ sender, receiver, protocol }: Way): Promise<void> {
  const exchange = new Exchange()
  const [one, two] = [await exchange.file('photo ü.jpg', 3_000_001), await exchange.file('empty.txt', 0)]
  const bob = exchange.receive(receiver)
  const alice = exchange.send(['photo ü.jpg', 'empty.txt', ...sender])
  await expectExit(alice)
  await expectExit(bob)
  const stored = join(exchange.inbox, 'photo ü.jpg')
  expect(outcomeOf(bob)).toHaveLength(3)
  expect(outcomeOf(bob)).toContainEqual(
    expect.objectContaining({ event: 'message', path: stored, sha256: one.sha256, verified: true, size: one.size }),
  )
  expect(outcomeOf(bob)).toContainEqual(expect.objectContaining({ name: 'empty.txt', size: 0, verified: true }))
  expect(outcomeOf(bob).at(-1)).toEqual({ event: 'done', messages: 2, bytes: one.size })
  expect(await sha256OfFile(stored)).toBe(one.sha256)
  expect(filesIn(exchange.inbox)).toEqual(['empty.txt', 'photo ü.jpg'])
  const [offered] = eventsNamed(alice, 'description')
  expect(offered).toMatchObject({ kind: 'offer', path: exchange.offer })
  expect(String(offered?.sdp).match(/^m=.*$/gm)).toEqual([
    expect.stringMatching(new RegExp(`^m=message \\d+ ${protocol} \\*\r?$`)),
    expect.stringContaining(protocol),
  ])
  expect(eventsNamed(alice, 'sent').map(({ sha256 }) => sha256)).toEqual(
    expect.arrayContaining([one.sha256, two.sha256]),
  )
  // What was offered has arrived, so nothing is left of the offer.
  expect(filesIn(exchange.folder)).toEqual(['answer.sdp', 'empty.txt', 'inbox', 'photo ü.jpg'])
}
