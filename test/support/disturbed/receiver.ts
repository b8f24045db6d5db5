// A program that takes in messages through a relay and writes down each one that it has whole. It can be killed at any
// moment: what is in its log, or under its final name in its folder, stays.
import { createHash } from 'node:crypto'
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Endpoint, type FileSink, type IncomingMessage, type RelayOptions, type Session } from 'msrp'

/** What it is told on its command line, as JSON. */
export interface ReceiverTask {
  /** Which of the ways to read it uses. A `reader` has a message before it has written it down, so it is not to be killed. */
  readonly kind: 'sink' | 'file' | 'reader'
  readonly relay: RelayOptions
  readonly ca: string
  /** One path each is written to these files, again and again as it changes. */
  readonly pathFiles: readonly string[]
  readonly log: string
  readonly folder: string
}

/** A line of its log. */
export interface TakenMessage {
  readonly messageId: string
  readonly sha256: string
  /** Whether the library knew that it had been complete before. */
  readonly duplicate: boolean
  /** Read and thrown away, as something that is there already. */
  readonly dropped: boolean
  /** Which start of the program. */
  readonly process: number
}

const task: ReceiverTask = JSON.parse(process.argv[2] ?? '')
const endpoint = new Endpoint({ tls: { ca: readFileSync(task.ca) }, resumeFor: 60_000 })

/** What streams had given of messages whose session broke. */
const begun = new Map<string, Uint8Array[]>()
let files = 0

/** Has a path at the relay for ever, and a new one whenever that is lost. */
async function wait(pathFile: string): Promise<void> {
  for (;;) {
    try {
      const signal = AbortSignal.timeout(5_000)
      const prepared = await endpoint.prepare({ relay: task.relay, remotePath: 'first', resumeKey: pathFile, signal })
      writeFileSync(`${pathFile}.new`, prepared.localPath)
      renameSync(`${pathFile}.new`, pathFile)
      for await (const session of prepared.sessions()) void serve(session)
      await prepared.close()
    } catch {
      // The relay is away.
    }
    await pause(100)
  }
}

async function serve(session: Session): Promise<void> {
  for await (const message of session) {
    // What ends half way is its sender's to hear of.
    take(message).catch(() => {})
  }
}

function take(message: IncomingMessage): Promise<unknown> {
  switch (task.kind) {
    case 'sink':
      return message.saveTo(new LoggedSink(message))
    case 'file':
      return message.duplicate ? drop(message) : save(message)
    case 'reader':
      return read(message)
  }
}

function save(message: IncomingMessage): Promise<unknown> {
  const name = `${message.messageId} ${process.pid}-${files++}`
  // Now and then there is no place for it.
  return message.saveTo(join(task.folder, files % 20 === 0 ? join('missing', name) : name))
}

async function drop(message: IncomingMessage): Promise<void> {
  writeDown(message, [await message.bytes()], true)
}

function writeDown(message: IncomingMessage, bytes: readonly Uint8Array[], dropped = false): void {
  const hash = createHash('sha256')
  for (const piece of bytes) hash.update(piece)
  const { messageId, duplicate } = message
  const taken: TakenMessage = { messageId, duplicate, dropped, sha256: hash.digest('hex'), process: process.pid }
  appendFileSync(task.log, `${JSON.stringify(taken)}\n`)
}

/** Either all at once, or as a stream, of which an earlier session may have brought the beginning. */
async function read(message: IncomingMessage): Promise<void> {
  const { messageId } = message
  if (messageId.charCodeAt(messageId.length - 1) % 2 === 0) return writeDown(message, [await message.bytes()])
  const pieces = message.offset === 0 ? [] : (begun.get(messageId) ?? [])
  begun.set(messageId, pieces)
  for await (const piece of message.stream()) pieces.push(piece)
  begun.delete(messageId)
  writeDown(message, pieces)
}

/** Memory that has the message only once it is in the log, which takes a while, as with a busy database. */
class LoggedSink implements FileSink {
  readonly #message: IncomingMessage
  #bytes: Uint8Array = new Uint8Array(64 * 1024)

  constructor(message: IncomingMessage) {
    this.#message = message
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    const end = position + bytes.length
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#bytes.length))
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    this.#bytes.set(bytes, position)
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    return this.#bytes.slice(position, position + length)
  }

  async finish(size: number): Promise<void> {
    await pause(size % 40)
    writeDown(this.#message, [this.#bytes.subarray(0, size)])
  }

  async discard(): Promise<void> {}
}

console.log('ready')
await Promise.all(task.pathFiles.map(wait))
