import { createInterface } from 'node:readline'
import { type IncomingMessage, MsrpError, type Session } from 'msrp'
import type { Context } from '../context.ts'
import { Incomplete, type Verdict, verdictOn } from '../failure.ts'
import { printTaken } from '../incoming/print-taken.ts'
import { prepareFolder } from '../incoming/stored-file.ts'
import { type Taken, takeMessage } from '../incoming/take-message.ts'
import { deliver } from '../outgoing/deliver.ts'
import { openTyped, textSource } from '../outgoing/source.ts'
import { ChatPrompt } from '../terminal/chat-prompt.ts'
import { printableLine, printableText } from '../terminal/printable.ts'
import { formatBytes } from '../terminal/units.ts'
import { Lane } from './lane.ts'

/** Texts, and files, that may be on their way unconfirmed; further ones wait for their turn. */
const UNCONFIRMED = 64

/** What may wait in all, in characters of texts and names plus `ITEM_COST` for each. */
const LARGEST_WAITING = 4 << 20

const ITEM_COST = 1024

const chatCommands = ['/send ', '/cancel', '/quit', '/help']

/** What can be written in a chat besides texts. */
export const chatHelp = `  /send FILE   send a file; the chat goes on meanwhile
  /cancel      stop the files you are sending
  /quit        leave when everything is delivered; again: leave at once
  /help        show this
  //text       send a text that begins with a slash`

export interface ConversationOptions {
  /** Folder for incoming files; made when the first one comes. */
  dir: string
  chunkSize?: number
}

/** Both directions of one chat. */
export class Conversation {
  messages = 0
  bytes = 0
  readonly #session: Session
  readonly #options: ConversationOptions
  readonly #context: Context
  readonly #interactive = process.stdin.isTTY === true && process.stderr.isTTY === true
  /** What is under way in either direction, and must end before a polite leave. */
  readonly #busy = new Set<Promise<void>>()
  readonly #cancels = new Set<AbortController>()
  // A text does not wait for files, which take their time.
  readonly #texts = new Lane(UNCONFIRMED)
  readonly #files = new Lane(UNCONFIRMED)
  #waiting = 0
  /** Texts and files of ours that are not delivered yet. */
  #undelivered = 0
  readonly #left = Promise.withResolvers<void>()
  #leaving = false
  #failures = 0
  #firstFailure: Verdict | undefined

  constructor(session: Session, options: ConversationOptions, context: Context) {
    this.#session = session
    this.#options = options
    this.#context = context
  }

  /** Resolves when either side has left in order. */
  async run(): Promise<void> {
    const { output } = this.#context
    if (this.#interactive) {
      output.say(output.faint('The other side is here. Type and press Enter; /help shows what else you can do.'))
    }
    void this.#readInput()
    const receiving = this.#receive()
    await Promise.race([this.#left.promise, receiving])
    if (this.#context.signal.aborted) return
    if (this.#session.state !== 'open') {
      const { error } = await this.#session.closed
      await this.#idle()
      if (error && !hasLeft(error)) throw error
      output.area.stop()
      if (!output.json) output.say(output.faint('The other side has left.'))
    }
    // A person has seen it and decided what to do; a script learns it from the exit code.
    const lost = this.#failures + this.#undelivered
    if (lost > 0 && !this.#interactive) {
      const first = this.#firstFailure ?? verdictOn(new MsrpError('aborted', 'left before everything was delivered'))
      throw new Incomplete(`${lost === 1 ? '1 message was' : `${lost} messages were`} not delivered`, first)
    }
  }

  async #receive(): Promise<void> {
    for await (const message of this.#session) this.#track(this.#take(message))
  }

  async #take(message: IncomingMessage): Promise<void> {
    const { output, signal } = this.#context
    try {
      const folder = (): Promise<string> => prepareFolder(this.#options.dir)
      const taken = await takeMessage(message, { folder, output, signal })
      this.#count(taken.size)
      this.#show(taken)
    } catch (error) {
      if (signal.aborted) return
      const verdict = verdictOn(error)
      const name = message.fileName ?? 'a message'
      output.error(
        { ...verdict, message: `${name} from the other side was not stored: ${verdict.message}` },
        message.messageId,
      )
    }
  }

  #show(taken: Taken): void {
    const { output } = this.#context
    if (taken.kind === 'file' || !this.#interactive || output.json) {
      printTaken(taken, output)
      return
    }
    // Further lines are indented, so that nobody can write a line that looks like one of somebody else.
    output.print(`${output.strong('peer>')} ${printableText(taken.text).replaceAll('\n', '\n      ')}`)
  }

  async #readInput(): Promise<void> {
    for await (const line of this.#lines()) {
      if (line.trim() === '') continue
      const [, command, argument = ''] = /^\/(\w*)\s*(.*)$/.exec(line) ?? []
      if (line.startsWith('//')) await this.#sendText(line.slice(1))
      else if (command === undefined) await this.#sendText(line)
      else if (command === 'send' && argument.trim() !== '') await this.#sendFile(argument.trim())
      else this.#obey(command)
    }
    // A terminal that is closed on purpose, by Ctrl-D, or the end of a pipe, which is no second /quit.
    if (this.#interactive || !this.#leaving) this.#quit()
  }

  #lines(): AsyncIterable<string> {
    if (!this.#interactive) return createInterface({ input: process.stdin, terminal: false })
    const prompt = new ChatPrompt(process.stderr, chatCommands)
    this.#context.output.area = prompt
    return prompt.lines
  }

  #obey(command: string): void {
    const { output } = this.#context
    if (command === 'quit') this.#quit()
    else if (command === 'help') output.say(chatHelp)
    else if (command === 'cancel') this.#cancel()
    else if (command === 'send') output.say('Which file? Write /send FILE')
    else
      output.say(
        `There is no /${printableLine(command)}; /help shows what there is. A text that begins with a slash: //text`,
      )
  }

  async #sendText(text: string): Promise<void> {
    if (this.#refused()) return
    const label = `"${shorten(text)}"`
    await this.#queue(this.#texts, text.length, async (turn) => {
      await this.#deliver(turn, () => Promise.resolve(textSource(text)), label)
    })
  }

  async #sendFile(path: string): Promise<void> {
    if (this.#refused()) return
    const { output } = this.#context
    const cancel = new AbortController()
    this.#cancels.add(cancel)
    const { signal } = cancel
    await this.#queue(
      this.#files,
      path.length,
      async (turn) => {
        const size = await this.#deliver(turn, () => openTyped(path), undefined, signal)
        this.#cancels.delete(cancel)
        if (size !== undefined && !output.json)
          output.say(output.faint(`${printableLine(path)} was delivered, ${formatBytes(size)}`))
      },
      signal,
    )
  }

  #refused(): boolean {
    if (!this.#interactive || this.#waiting <= LARGEST_WAITING) return false
    this.#context.output.say('Too much is waiting for the other side already; this was not sent.')
    return true
  }

  /**
   * Has something sent when its turn comes. Resolves when the next line may be read: at once, so that commands are obeyed
   * whatever waits. Only a pipe that brings more than can be kept is read no further until all of it is on its way. A
   * person is told.
   */
  async #queue(
    lane: Lane,
    length: number,
    send: (turn: Promise<void>) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<void> {
    const cost = length + ITEM_COST
    this.#waiting += cost
    this.#undelivered++
    const turn = lane.enter(signal)
    const settled = turn.then(
      () => true,
      () => false,
    )
    const sent = send(turn)
    const begun = settled.then(() => {
      this.#waiting -= cost
    })
    const over = Promise.all([settled, sent]).then(([entered]) => {
      this.#undelivered--
      if (entered) lane.leave()
    })
    this.#track(over)
    if (this.#waiting > LARGEST_WAITING && !this.#interactive) await begun
  }

  async #deliver(
    turn: Promise<void>,
    open: () => ReturnType<typeof openTyped>,
    label?: string,
    cancel?: AbortSignal,
  ): Promise<number | undefined> {
    const { output } = this.#context
    const signal = cancel ? AbortSignal.any([cancel, this.#context.signal]) : this.#context.signal
    try {
      await turn
      const source = await open()
      if (label !== undefined) source.label = label
      const { chunkSize } = this.#options
      const { size } = await deliver(this.#session, source, { output, signal, chunkSize })
      this.#count(size)
      return size
    } catch (error) {
      if (this.#context.signal.aborted) return undefined
      if (cancel?.aborted) {
        output.say('Stopped.')
        return undefined
      }
      const verdict = verdictOn(error)
      this.#failures++
      this.#firstFailure ??= verdict
      output.error(verdict)
      return undefined
    }
  }

  #cancel(): void {
    if (this.#cancels.size === 0) this.#context.output.say('You are sending no file.')
    for (const cancel of this.#cancels) cancel.abort()
  }

  #quit(): void {
    const { output, signal } = this.#context
    // Where a signal ends the chat, the input ends as well.
    if (signal.aborted) return
    if (this.#leaving) {
      this.#left.resolve()
      return
    }
    this.#leaving = true
    if (this.#busy.size > 0 && this.#interactive)
      output.say('Leaving when everything is through; /quit again leaves at once.')
    void this.#idle().then(() => this.#left.resolve())
  }

  #track(action: Promise<unknown>): void {
    const tracked: Promise<void> = action.then(() => {}).finally(() => this.#busy.delete(tracked))
    this.#busy.add(tracked)
  }

  async #idle(): Promise<void> {
    while (this.#busy.size > 0) await Promise.allSettled(this.#busy)
  }

  #count(size: number): void {
    this.messages++
    this.bytes += size
  }
}

/** Through a relay nobody says goodbye: the session's end shows when the far side no longer knows it. */
function hasLeft(error: MsrpError): boolean {
  return error.code === 'refused' && error.status === 481
}

function shorten(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 39)}…`
}
