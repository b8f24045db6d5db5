// A chat room, and three who take part: nicknames, messages to all and to one alone, and what the room refuses before anybody
// gets it. All in one program; SIP carries the offers and answers otherwise, and says who somebody is.
//
//   npx node examples/room.ts

import { Endpoint, type Session } from 'msrp'
import { ChatRoom, roomVerdict } from 'msrp/chatroom'
import { CPIM_TYPE, comparableUri, cpimContainer, openCpim, parseCpim } from 'msrp/cpim'
import { Negotiation } from 'msrp/sdp'

const [ROOM, ALICE, BOB] = ['sip:room@example.com', 'sip:alice@example.com', 'sip:bob@example.com']
const GUEST = 'sip:anonymous-7@anonymous.invalid'
const CAPABILITIES = ['nickname', 'private-messages']

/** Texts in envelopes, and nothing else. */
const media = { acceptTypes: [CPIM_TYPE], acceptWrappedTypes: ['text/plain'], containers: [cpimContainer] }
const tell = ({ message }: Error): void => console.log(message)
await using endpoint = new Endpoint()

// ---- The room: who is in it, what it lets through, and to whom that goes.

const participants = new Map<string, { session: Session; capabilities: readonly string[] }>()
const nicknames = new Map<string, string>()

/** The same for two nicknames that count as one (RFC 8266 §2.4). */
function comparable(nickname: string): string {
  return nickname
    .trim()
    .replace(/\p{Zs}+/gu, ' ')
    .toLowerCase()
    .normalize('NFKC')
}

function nicknameVerdict(uri: string, nickname: string): 'accept' | number {
  const wanted = comparable(nickname)
  if (uri === GUEST) return 403
  if (wanted === '' && nickname !== '') return 424
  if (wanted !== '' && [...nicknames].some(([of, other]) => of !== uri && comparable(other) === wanted)) return 425
  nicknames.set(uri, nickname) // an empty one gives it up
  return 'accept'
}

/** Answers the INVITE of somebody who is this URI, and has them in the room until their session ends. */
async function invited(uri: string, offer: string): Promise<string> {
  const facts = {
    uri: ROOM,
    isSender: (from: string) => from === uri,
    isParticipant: (to: string) => participants.has(to),
    takesPrivateMessages: (to: string) => participants.get(to)?.capabilities.includes('private-messages') === true,
  }
  const call = new Negotiation(endpoint, {
    ...media,
    listen: { host: '127.0.0.1' },
    chatroom: CAPABILITIES,
    maxMessageSize: 10_000, // each is kept until all have it
    onNickname: (nickname) => nicknameVerdict(uri, nickname),
    onRequest: (request, firstBytes) => roomVerdict(request, firstBytes, facts),
  })
  const answer = await call.answer(offer)
  call.session.then(async (session) => {
    participants.set(uri, { session, capabilities: call.media[0]?.remote?.chatroom ?? [] })
    // Half a message is nobody's, and the next one comes all the same.
    for await (const message of session) await message.bytes().then((bytes) => passOn(uri, bytes), tell)
    participants.delete(uri)
    nicknames.delete(uri)
  }, tell)
  return answer
}

/** To the one it is for, or to all but its sender, byte for byte; whoever is too slow misses it (RFC 7701 §6.4). */
function passOn(sender: string, message: Uint8Array): void {
  const to = comparableUri(parseCpim(message).head.to[0]?.uri ?? '')
  for (const [uri, { session }] of participants) {
    const isRecipient = to === ROOM ? uri !== sender : uri === to
    if (isRecipient && session.statistics.unconfirmed.messages < 100) session.send(message, { contentType: CPIM_TYPE })
  }
}

// ---- Those who take part.

async function join(uri: string, chatroom: string[]): Promise<ChatRoom> {
  const call = new Negotiation(endpoint, { ...media, chatroom })
  const session = await call.accept(await invited(uri, await call.offer()))
  const room = new ChatRoom(session, { uri: ROOM, self: uri, capabilities: call.media[0]?.remote?.chatroom })
  read(room).catch(tell)
  return room
}

async function read(room: ChatRoom): Promise<void> {
  for await (const message of room.session) {
    const { head, text } = await openCpim(message, { signal: AbortSignal.timeout(30_000) })
    console.log(`${room.self} reads${room.isPrivate(head) ? ' alone' : ''}: ${head.from?.uri}: ${await text()}`)
  }
}

const alice = await join(ALICE, CAPABILITIES)
const bob = await join(BOB, CAPABILITIES)
const guest = await join(GUEST, []) // whose program cannot show that something is for nobody else

await alice.useNickname('Alice the Great')
await bob.useNickname('alice  the great').catch(tell)
await bob.useNickname(' ').catch(tell)
await guest.useNickname('Nobody').catch(tell)

await alice.send('Hello all').delivered
await bob.sendPrivate(ALICE, 'Hello Alice').delivered
await bob.sendPrivate(GUEST, 'Who are you?').delivered.catch(tell)
await bob.sendPrivate('sip:carol@example.com', 'Are you here?').delivered.catch(tell)
await new ChatRoom(bob.session, { uri: ROOM, self: ALICE }).send('I am Alice').delivered.catch(tell)

await Promise.all([...participants.values()].map(({ session }) => session.finish()))
