import { Command } from 'commander'
import { Endpoint, MsrpError, type Session } from 'msrp'
import { type Context, untilAborted } from '../context.ts'
import { Failure, Undelivered } from '../failure.ts'
import { addListenOptions, checkReachOptions } from '../incoming/waiting-place.ts'
import {
  addConnectionOptions,
  addFingerprintOption,
  addRelayOptions,
  type CallOptions,
  endpointOptions,
  relayOptions,
} from '../options/connection.ts'
import { readChunkSize, readMediaType, readPath, readSeconds } from '../options/values.ts'
import { callPeer } from '../outgoing/call-peer.ts'
import { type Delivered, deliver } from '../outgoing/deliver.ts'
import { describeLeftOut, openFolders, type ToSend } from '../outgoing/folder.ts'
import { LastingSession } from '../outgoing/lasting-session.ts'
import type { OfferOptions } from '../outgoing/offer-files.ts'
import { checkSource, type Source, textSource, type WaitingSource } from '../outgoing/source.ts'
import { tellSent } from '../outgoing/tell-sent.ts'

interface SendOptions extends Omit<OfferOptions, 'offer'>, CallOptions {
  to?: string
  offer?: string
  text?: string
  /** Milliseconds; false for not at all. */
  retry?: number | false
}

/** For so long a lost connection is replaced, unless the user says otherwise. Milliseconds. */
const RETRY_FOR = 60_000

const examples = `
Examples:
  msrp send photo.jpg --to 'msrps://relay.example.com:2855/s3cr3t;tcp msrps://a1b2.invalid:2855/x7;tcp'
  msrp send *.pdf --to '…' --relay relay.example.com --user bob@example.com
  tar cz folder | msrp send - --name folder.tar.gz --to '…'
  msrp send --text 'see you at ten' --to '…'
  msrp send album --to '…'                                  # every file below a folder
  msrp send film.mkv --offer offer.sdp --answer answer.sdp  # exchange descriptions by hand

A connection that is lost is made again, and the rest goes over it. An offer lets the receiver
verify the files; when its transfer breaks, the same two commands go on where it broke. The exit
code is 0 only when the receiver has confirmed every byte of every file.`

/** `msrp send`: files, one after another on one session, or each with an offer of its own. */
export function sendCommand(context: Context): Command {
  const command = new Command('send')
    .summary('send files or a text')
    .description('Send files and folders to whoever printed the path, or takes the offer. - is standard input.')
    .argument('[FILE...]', 'files to send; of a folder every file below it')
    .option('--to <PATH>', 'the path that the receiver printed, in single quotes', readPath)
    .option('--offer <FILE>', 'instead of --to: write an offer (SDP) here; - is standard output')
    .option('--answer <FILE>', 'with --offer: the answer will be here; standard input (-) unless given')
    .option('--text <TEXT>', 'send a text; before the files, if there are any')
    .option('--name <NAME>', 'name for the receiver to store the file under')
    .option('--type <TYPE>', 'media type, instead of what the name tells', readMediaType)
    .option('--chunk-size <BYTES>', 'largest chunk, for relays that take no large ones', readChunkSize)
    .option('--retry <SECONDS>', 'with --to: how long to try again when the connection is lost (60)', readSeconds)
    .option('--no-retry', 'with --to: end when the connection is lost')
  addRelayOptions(command)
  addListenOptions(command)
  addFingerprintOption(command)
  addConnectionOptions(command)
  return command
    .addHelpText('after', examples)
    .action((files: string[], options: SendOptions) => send(files, options, context))
}

async function send(named: string[], options: SendOptions, context: Context): Promise<void> {
  checkUsage(named, options)
  const { files, leftOut } = await openFolders(named)
  const left = describeLeftOut(leftOut)
  if (left !== undefined) context.output.warn(left)
  const { offer, to } = options
  if (to !== undefined) await sendTo(to, files, options, context)
  if (offer === undefined) return
  // Loaded only here: what reads and writes descriptions is large.
  const { offerFiles } = await import('../outgoing/offer-files.ts')
  await offerFiles(files, { ...options, offer }, context)
}

async function sendTo(path: string, files: readonly ToSend[], options: SendOptions, context: Context): Promise<void> {
  const { output, signal } = context
  const { retry = RETRY_FOR } = options
  const waiting = await checkAll(files, options)
  try {
    const endpoint = new Endpoint(await endpointOptions(options, output))
    const relay = await relayOptions(options, output)
    await using _ = endpoint
    const call = (signal: AbortSignal): Promise<Session> =>
      callPeer(endpoint, { path, peerFingerprint: options.fingerprint, signal, ...(relay ? { relay } : {}) })
    const first = await untilAborted(call(signal), signal)
    const lasting = retry === false ? undefined : new LastingSession(first, { call, within: retry, output })
    const session = lasting?.session ?? first
    try {
      let bytes = 0
      for (const one of waiting) {
        const start = performance.now()
        const { source, ...sent } = await deliverOne(one, session, lasting, options, context)
        bytes += sent.size
        const { label, fileName, attached } = source
        const seconds = (performance.now() - start) / 1000
        tellSent({ ...sent, label, name: fileName ?? null, seconds, text: !attached }, output)
      }
      output.event({ event: 'done', messages: waiting.length, bytes })
    } finally {
      await session.close()
    }
  } finally {
    for (const { close } of waiting) await close().catch(() => {})
  }
}

/** Sends one thing; again from its beginning when a receiver has not kept what came before a connection was lost. */
async function deliverOne(
  { open }: WaitingSource,
  session: Session,
  lasting: LastingSession | undefined,
  { chunkSize }: SendOptions,
  { output, signal }: Context,
): Promise<Delivered & { source: Source }> {
  for (;;) {
    const source = await open()
    const before = lasting?.replaced ?? 0
    const explain = (error: unknown): unknown => lasting?.explain(error) ?? error
    try {
      return { source, ...(await deliver(session, source, { output, signal, chunkSize, explain })) }
    } catch (error) {
      const cause: unknown = error instanceof Undelivered ? error.cause : undefined
      const isForgotten = cause instanceof MsrpError && cause.code === 'refused' && cause.status === 413
      const isAnew = isForgotten && before < (lasting?.replaced ?? 0) && source.size !== undefined
      if (!isAnew || signal.aborted) throw error
      if (!output.json) output.say(output.faint('The other side has not kept what came before: all of it goes again.'))
    }
  }
}

function checkUsage(files: string[], options: SendOptions): void {
  const { text, name, type, to, offer, answer, listen, fingerprint, retry } = options
  const stray = files.find((file) => /^msrps?:\/\//i.test(file))
  if (stray !== undefined) {
    throw new Failure(
      'usage',
      `${stray} is not a file; put the whole path in single quotes: --to 'msrps://… msrps://…'`,
    )
  }
  if ((to === undefined) === (offer === undefined)) {
    throw new Failure('usage', "give --to 'PATH', which the receiver printed, or --offer FILE for a receiver to take")
  }
  if (files.length === 0 && (text === undefined || offer !== undefined)) {
    throw new Failure('usage', 'nothing to send: name a FILE, - for standard input, or give --text TEXT')
  }
  if (files.filter((file) => file === '-').length > 1) {
    throw new Failure('usage', 'standard input (-) can be sent once only')
  }
  if (files.length !== 1 && (name !== undefined || type !== undefined)) {
    const how = files.length === 0 ? 'there is only a text' : 'send several with a command each'
    throw new Failure('usage', `--name and --type are for one file; ${how}`)
  }
  if (offer === undefined) {
    if (answer !== undefined) throw new Failure('usage', '--answer needs --offer FILE')
    if (listen !== undefined)
      throw new Failure('usage', '--listen needs --offer FILE: with --to it is you who connects')
    checkReachOptions(options)
    return
  }
  if (retry !== undefined) throw new Failure('usage', '--retry and --no-retry need --to PATH')
  if (text !== undefined) throw new Failure('usage', '--text needs --to PATH: an offer is about files')
  if (fingerprint !== undefined) throw new Failure('usage', '--fingerprint needs --to PATH: an answer has its own')
  checkReachOptions(options, { tlsAlone: true })
}

/** Before anybody is connected to: a file that is missing shall not cost a started session. */
async function checkAll(files: readonly ToSend[], { text, name, type }: SendOptions): Promise<WaitingSource[]> {
  const waiting: WaitingSource[] =
    text === undefined ? [] : [{ open: async () => textSource(text), close: async () => {} }]
  try {
    for (const file of files) {
      const called = name ?? file.name
      const said = { ...(called === undefined ? {} : { name: called }), ...(type === undefined ? {} : { type }) }
      waiting.push(await checkSource(file.path, said))
    }
    return waiting
  } catch (error) {
    for (const { close } of waiting) await close().catch(() => {})
    throw error
  }
}
