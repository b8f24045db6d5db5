import { resolve } from 'node:path'
import { type Endpoint, MsrpError, type Session } from 'msrp'
import { Negotiation, SessionDescription } from 'msrp/sdp'
import { type Context, untilAborted } from '../context.ts'
import {
  awaitDescription,
  checkNoOffer,
  checkPlaces,
  holdPlace,
  offersSomething,
  readDescriptionFile,
  removeDescription,
  writeDescription,
} from '../exchange/description-file.ts'
import { isOfFile, PATIENCE, reachOf, reachOfAnswerer } from '../exchange/reach.ts'
import { Failure } from '../failure.ts'
import type { WaitingOptions } from '../incoming/waiting-place.ts'
import type { Output } from '../terminal/output.ts'
import { printableLine } from '../terminal/printable.ts'
import { programName, shellWord } from '../terminal/shell-word.ts'

/** How a chat is agreed on by descriptions in files; standard input is for the chat. */
export interface AgreeOptions extends WaitingOptions {
  /** Where our offer goes. */
  offer?: string
  /** Where the other side's offer is. */
  take?: string
  answer: string
}

/** A chat that was agreed on. */
export interface Agreed {
  readonly session: Session
  /** To be closed behind the session. */
  readonly negotiation: Negotiation
}

/**
 * Agrees on a chat: writes an offer and waits for the answer, or answers an offer.
 * @throws Failure, MsrpError
 */
export async function agreeOnChat(endpoint: Endpoint, options: AgreeOptions, context: Context): Promise<Agreed> {
  const { output, signal } = context
  const { offer, take = '', answer } = options
  await checkPlaces({ offer: offer ?? take, answer }, offer === undefined ? 'answer' : 'offer')
  if (offer === undefined) {
    const text = await awaitDescription({ kind: 'offer', place: take, fits: offersSomething }, context)
    const offered = SessionDescription.parse(text).messages.filter(({ port }) => port !== 0)
    if (offered.every(isOfFile)) {
      throw new Failure('usage', `this offers files: msrp receive --offer ${shellWord(take)} --answer FILE takes them`)
    }
    const reach = await reachOfAnswerer(offered, options, output)
    const negotiation = new Negotiation(endpoint, reach, { signal, patience: PATIENCE })
    const given = await negotiation.answer(text).catch(async (error: unknown) => {
      // Whoever waits for it should not wait in vain.
      if (error instanceof MsrpError && error.code === 'not-acceptable') {
        await give(negotiation.refuse(text), answer, output)
      }
      throw error
    })
    await give(given, answer, output)
    return { session: await untilAborted(negotiation.session, signal), negotiation }
  }
  await using _ = await holdPlace(offer)
  // A chat leaves none behind, so it is somebody else's.
  await checkNoOffer(offer, '--take', () => false)
  const before = await readDescriptionFile(answer)
  const negotiation = new Negotiation(endpoint, await reachOf(options, output), { signal, patience: PATIENCE })
  const text = await negotiation.offer()
  await writeDescription(offer, text, output)
  output.event({ event: 'description', kind: 'offer', path: resolve(offer), sdp: text })
  if (!output.json) {
    const command = `${programName()} chat --take ${shellWord(offer)} --answer ${shellWord(answer)}`
    output.say(`${named(offer)} offers a chat. The other side takes it, for example with ${command}`)
  }
  try {
    const came = await awaitDescription({ kind: 'answer', place: answer, before, fits: () => true }, context)
    return { session: await untilAborted(negotiation.accept(came), signal), negotiation }
  } finally {
    // Nobody else can take it.
    await removeDescription(offer, text)
  }
}

async function give(text: string, answer: string, output: Output): Promise<void> {
  await writeDescription(answer, text, output)
  output.event({ event: 'description', kind: 'answer', path: resolve(answer), sdp: text })
  if (!output.json) output.say(`${named(answer)} is the answer: the side that made the offer needs it.`)
}

function named(place: string): string {
  return printableLine(shellWord(place))
}
