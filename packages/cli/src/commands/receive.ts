import { Command } from 'commander'
import { Endpoint, type IncomingMessage, MsrpError, type Session } from 'msrp'
import { type Context, untilAborted } from '../context.ts'
import { Failure, verdictOn } from '../failure.ts'
import { printTaken } from '../incoming/print-taken.ts'
import { isOfTheFolder, prepareFolder } from '../incoming/stored-file.ts'
import { takeMessage } from '../incoming/take-message.ts'
import type { TakeOptions } from '../incoming/take-offer.ts'
import {
  addListenOptions,
  announce,
  checkReachOptions,
  checkWaitingOptions,
  waitForPeers,
} from '../incoming/waiting-place.ts'
import { addConnectionOptions, addRelayOptions, endpointOptions } from '../options/connection.ts'
import { readCount } from '../options/values.ts'
import type { Output } from '../terminal/output.ts'
import { printableLine } from '../terminal/printable.ts'

/** What has arrived of a message whose connection was lost waits so long for its sender to come back. Milliseconds. */
const KEEP_FOR = 300_000

interface ReceiveOptions extends Omit<TakeOptions, 'offer'> {
  offer?: string
  count?: number
}

const examples = `
Examples:
  msrp receive --relay relay.example.com --user alice@example.com
  msrp receive --listen 127.0.0.1:0                        # this machine only
  msrp receive --listen 0.0.0.0:2855 --host my.example.com --tls --dir inbox
  msrp receive --listen 192.0.2.7:2855 --count 1 --json    # for scripts
  msrp receive --offer offer.sdp --answer answer.sdp       # take what msrp send --offer describes

One sender at a time is let in; the next when it has left. Texts are printed, everything else
is stored, never over an existing file. Ctrl-C ends it. Files of an offer are verified; what has
arrived of one when the connection breaks is kept for the next offer of it.`

/** `msrp receive`: takes what senders bring, one sender after another. */
export function receiveCommand(context: Context): Command {
  const command = new Command('receive')
    .summary('wait for files and texts')
    .description('Wait for senders: print the path for them, store their files, print their texts.')
    .option('-d, --dir <DIR>', 'folder for files; made when missing', '.')
    .option('--offer <FILE>', 'take the files of this offer (SDP) and no others; - is standard input')
    .option('--answer <FILE>', 'with --offer: write the answer here; standard output (-) unless given')
    .option('--only <NAME>', 'with --offer: take the file of this name; may be repeated', collect)
    .option('-n, --count <N>', 'end after this many complete messages, texts included', readCount)
  addRelayOptions(command)
  addListenOptions(command)
  addConnectionOptions(command)
  return command.addHelpText('after', examples).action((options: ReceiveOptions) => receive(options, context))
}

async function receive(options: ReceiveOptions, context: Context): Promise<void> {
  const { offer, answer, only, count } = options
  if (offer !== undefined) {
    if (count !== undefined)
      throw new Failure('usage', '--count is for waiting; an offer says how many files there are')
    checkReachOptions(options)
    // Loaded only here: what reads and writes descriptions is large.
    const { takeOffer } = await import('../incoming/take-offer.ts')
    await takeOffer({ ...options, offer }, context)
    return
  }
  if (answer !== undefined || only !== undefined) throw new Failure('usage', '--answer and --only need --offer FILE')
  checkWaitingOptions(options, 'msrp receive')
  const { output, signal } = context
  const folder = await prepareFolder(options.dir)
  const endpoint = new Endpoint({ ...(await endpointOptions(options, output)), resumeFor: KEEP_FOR })
  await using _ = endpoint
  const place = await untilAborted(waitForPeers(endpoint, options, { output, signal }), signal)
  const { prepared } = place
  const tell = (): void => announce(place, options, output, 'send FILE')
  prepared.onPathChanged = tell
  tell()

  const reception = new Reception(folder, options.count, context)
  void prepared.closed.then(({ error }) => {
    reception.fail(error ?? new MsrpError('closed', 'the path does not exist any more'))
  })
  const serving = serveAll(prepared.sessions(), reception)
  try {
    await untilAborted(reception.over, signal)
    output.event({ event: 'done', messages: reception.messages, bytes: reception.bytes })
  } finally {
    await reception.close()
    await prepared.close()
    await serving
  }
}

function collect(name: string, before: string[] = []): string[] {
  return [...before, name]
}

async function serveAll(sessions: AsyncIterable<Session>, reception: Reception): Promise<void> {
  try {
    for await (const session of sessions) void reception.serve(session)
  } catch (error) {
    reception.fail(error)
  }
}

/** What is taken in over the whole run, whichever session brings it. */
class Reception {
  /** Resolves when `count` messages are complete; rejects with what makes going on pointless. */
  readonly over: Promise<void>
  messages = 0
  bytes = 0
  readonly #folder: string
  readonly #count: number
  readonly #output: Output
  readonly #signal: AbortSignal
  readonly #sessions = new Set<Session>()
  readonly #stop: () => void
  readonly fail: (error: unknown) => void

  constructor(folder: string, count: number | undefined, { output, signal }: Context) {
    this.#folder = folder
    this.#count = count ?? Number.POSITIVE_INFINITY
    this.#output = output
    this.#signal = signal
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    promise.catch(() => {})
    this.over = promise
    this.#stop = resolve
    this.fail = reject
  }

  async serve(session: Session): Promise<void> {
    const { json } = this.#output
    if (!json) this.#output.say(this.#output.faint('A sender is here.'))
    this.#sessions.add(session)
    // A file that takes its time does not hold up the text behind it.
    const taking = new Set<Promise<void>>()
    for await (const message of session) {
      const taken: Promise<void> = this.#take(message).finally(() => taking.delete(taken))
      taking.add(taken)
    }
    const { error } = await session.closed
    await Promise.all(taking)
    this.#sessions.delete(session)
    if (error && !this.#signal.aborted)
      this.#output.say(this.#output.faint(`The sender is gone: ${printableLine(error.message)}`))
    else if (!json) this.#output.say(this.#output.faint('The sender has left.'))
  }

  /** Ends the sessions that live; what they owe of responses and REPORTs goes out first. */
  async close(): Promise<void> {
    await Promise.all([...this.#sessions].map((session) => session.close()))
  }

  async #take(message: IncomingMessage): Promise<void> {
    // Its sender goes on behind bytes that came over an earlier connection.
    if (message.frontMissing) {
      message.refuse(413, 'What came before the connection was lost was not kept')
      return
    }
    try {
      const taken = await takeMessage(message, {
        folder: async () => this.#folder,
        output: this.#output,
        signal: this.#signal,
      })
      // Also one beyond the count that was under way: its sender has been told that it arrived.
      this.messages++
      this.bytes += taken.size
      printTaken(taken, this.#output)
      if (this.messages >= this.#count) this.#stop()
    } catch (error) {
      if (this.#signal.aborted) return
      if (isOfTheFolder(error)) {
        this.fail(error)
        return
      }
      const verdict = verdictOn(error)
      const name = message.fileName ?? 'a message'
      this.#output.error({ ...verdict, message: `${name} did not arrive whole: ${verdict.message}` }, message.messageId)
    }
  }
}
