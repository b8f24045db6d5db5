import { Command } from 'commander'
import { Endpoint, MsrpError, type Session } from 'msrp'
import type { Agreed } from '../chat/agree.ts'
import { Conversation, type ConversationOptions, chatHelp } from '../chat/conversation.ts'
import { type Context, untilAborted } from '../context.ts'
import { Failure } from '../failure.ts'
import {
  ASK_AFTER,
  addListenOptions,
  announce,
  checkReachOptions,
  checkWaitingOptions,
  type WaitingOptions,
  waitForPeers,
} from '../incoming/waiting-place.ts'
import {
  addConnectionOptions,
  addFingerprintOption,
  addRelayOptions,
  type CallOptions,
  endpointOptions,
  relayOptions,
} from '../options/connection.ts'
import { readChunkSize, readPath } from '../options/values.ts'
import { callPeer } from '../outgoing/call-peer.ts'

interface ChatOptions extends WaitingOptions, ConversationOptions, CallOptions {
  to?: string
  offer?: string
  take?: string
  answer?: string
}

const examples = `
Examples:
  msrp chat --relay relay.example.com --user alice@example.com             # prints a path
  msrp chat --relay relay.example.com --user bob@example.com --to '…'      # takes it
  msrp chat --listen 127.0.0.1:0                                           # this machine only
  msrp chat --offer offer.sdp --answer answer.sdp --listen 192.0.2.7:0     # descriptions by hand
  msrp chat --take offer.sdp --answer answer.sdp                           # the other side of it

In the chat:
${chatHelp}

From a pipe every line is a message, and the end of the input leaves the chat when all are delivered.
Files from the other side are stored in --dir, never over an existing file.`

/** `msrp chat`: two people, lines of text and files on one session. */
export function chatCommand(context: Context): Command {
  const command = new Command('chat')
    .summary('chat with one other person')
    .description('Chat with one other person: one side prints its path, the other takes it with --to.')
    .option(
      '--to <PATH>',
      'the path that the other side printed, in single quotes; else wait for the other side',
      readPath,
    )
    .option('--offer <FILE>', 'write an offer (SDP) of the chat here, for the other side')
    .option('--take <FILE>', 'take the offer of the other side, which is here')
    .option('--answer <FILE>', 'with --offer: the answer will be here; with --take: write it here')
    .option('-d, --dir <DIR>', 'folder for incoming files; made when the first one comes', 'msrp-files')
    .option('--chunk-size <BYTES>', 'largest chunk, for relays that take no large ones', readChunkSize)
  addRelayOptions(command)
  addListenOptions(command)
  addFingerprintOption(command)
  addConnectionOptions(command)
  return command.addHelpText('after', examples).action((options: ChatOptions) => chat(options, context))
}

async function chat(options: ChatOptions, context: Context): Promise<void> {
  const { output, signal } = context
  if (options.to === undefined && options.fingerprint !== undefined) {
    throw new Failure('usage', '--fingerprint is for calling the other side: it needs --to PATH')
  }
  if (isByHand(options)) checkByHand(options)
  else if (options.to === undefined) checkWaitingOptions(options, 'msrp chat')
  else if (options.listen)
    throw new Failure('usage', 'give --to PATH to call the other side, or --listen to wait for it')
  const endpoint = new Endpoint(await endpointOptions(options, output))
  await using _ = endpoint
  const { session, negotiation } = isByHand(options)
    ? await agree(endpoint, options, context)
    : { session: await untilAborted(openSession(endpoint, options, context), signal), negotiation: undefined }
  const conversation = new Conversation(session, options, context)
  try {
    await untilAborted(conversation.run(), signal)
    output.event({ event: 'done', messages: conversation.messages, bytes: conversation.bytes })
  } finally {
    output.area.stop()
    await session.close()
    await negotiation?.close()
  }
}

function isByHand({ offer, take, answer }: ChatOptions): boolean {
  return offer !== undefined || take !== undefined || answer !== undefined
}

function checkByHand({ to, offer, take, answer, ...options }: ChatOptions): void {
  if (to !== undefined || (offer === undefined) === (take === undefined)) {
    throw new Failure('usage', 'give one of --to PATH, --offer FILE and --take FILE')
  }
  // What is typed and piped is the chat.
  if (answer === undefined || [offer, take, answer].includes('-')) {
    throw new Failure('usage', '--offer and --take need --answer FILE, and all are files')
  }
  checkReachOptions(options, { tlsAlone: true })
}

async function agree(endpoint: Endpoint, options: ChatOptions, context: Context): Promise<Agreed> {
  // Loaded only here: what reads and writes descriptions is large.
  const { agreeOnChat } = await import('../chat/agree.ts')
  return agreeOnChat(endpoint, { ...options, answer: options.answer ?? '' }, context)
}

async function openSession(endpoint: Endpoint, options: ChatOptions, context: Context): Promise<Session> {
  const { output, signal } = context
  if (options.to !== undefined) {
    const relay = await relayOptions(options, output)
    const keepAlive = relay || options.to.includes(' ') ? { keepAlive: ASK_AFTER } : {}
    const peerFingerprint = options.fingerprint
    return callPeer(endpoint, { path: options.to, peerFingerprint, signal, ...(relay ? { relay } : {}), ...keepAlive })
  }
  const place = await waitForPeers(endpoint, options, context)
  const { prepared } = place
  const tell = (): void => announce(place, options, output, 'chat')
  prepared.onPathChanged = tell
  tell()
  const over = prepared.closed.then(({ error }) => {
    throw error ?? new MsrpError('closed', 'the path does not exist any more')
  })
  over.catch(() => {})
  const first = await Promise.race([prepared.sessions().next(), over])
  if (first.done) return over
  prepared.onPathChanged = undefined
  return first.value
}
