import { Command } from 'commander'
import { Endpoint } from 'msrp'
import { type Context, untilAborted } from '../context.ts'
import { Failure } from '../failure.ts'
import {
  addConnectionOptions,
  addFingerprintOption,
  addRelayOptions,
  type CallOptions,
  type ConnectionOptions,
  checkRelayOptions,
  endpointOptions,
  type RelayChoice,
  relayOptions,
} from '../options/connection.ts'
import { readChunkSize, readMediaType, readPath } from '../options/values.ts'
import { callPeer } from '../outgoing/call-peer.ts'
import { deliver } from '../outgoing/deliver.ts'
import { checkSource, type Source, textSource, type WaitingSource } from '../outgoing/source.ts'
import { printableLine } from '../terminal/printable.ts'
import { formatBytes, formatDuration, formatRate } from '../terminal/units.ts'

interface SendOptions extends ConnectionOptions, CallOptions, RelayChoice {
  to: string
  text?: string
  name?: string
  type?: string
  chunkSize?: number
}

const examples = `
Examples:
  msrp send photo.jpg --to 'msrps://relay.example.com:2855/s3cr3t;tcp msrps://a1b2.invalid:2855/x7;tcp'
  msrp send *.pdf --to '…' --relay relay.example.com --user bob@example.com
  tar cz folder | msrp send - --name folder.tar.gz --to '…'
  msrp send --text 'see you at ten' --to '…'

The exit code is 0 only when the receiver has confirmed every byte of every file.`

/** `msrp send`: files, one after another on one session. */
export function sendCommand(context: Context): Command {
  const command = new Command('send')
    .summary('send files or a text')
    .description('Send files, one after another, to whoever printed the path. - is standard input.')
    .argument('[FILE...]', 'files to send')
    .requiredOption('--to <PATH>', 'the path that the receiver printed, in single quotes', readPath)
    .option('--text <TEXT>', 'send a text; before the files, if there are any')
    .option('--name <NAME>', 'name for the receiver to store the file under')
    .option('--type <TYPE>', 'media type, instead of what the name tells', readMediaType)
    .option('--chunk-size <BYTES>', 'largest chunk, for relays that take no large ones', readChunkSize)
  addRelayOptions(command)
  addFingerprintOption(command)
  addConnectionOptions(command)
  return command
    .addHelpText('after', examples)
    .action((files: string[], options: SendOptions) => send(files, options, context))
}

async function send(files: string[], options: SendOptions, { output, signal }: Context): Promise<void> {
  checkUsage(files, options)
  checkRelayOptions(options)
  const waiting = await checkAll(files, options)
  try {
    const endpoint = new Endpoint(await endpointOptions(options, output))
    const relay = await relayOptions(options, output)
    await using _ = endpoint
    const session = await untilAborted(
      callPeer(endpoint, {
        path: options.to,
        peerFingerprint: options.fingerprint,
        signal,
        ...(relay ? { relay } : {}),
      }),
      signal,
    )
    try {
      let bytes = 0
      for (const { open } of waiting) {
        const source = await open()
        const start = performance.now()
        const size = await deliver(session, source, { output, signal, chunkSize: options.chunkSize })
        bytes += size
        if (!options.json) output.say(summary(source, size, (performance.now() - start) / 1000))
      }
      output.event({ event: 'done', messages: waiting.length, bytes })
    } finally {
      await session.close()
    }
  } finally {
    for (const { close } of waiting) await close().catch(() => {})
  }
}

function checkUsage(files: string[], { text, name, type }: SendOptions): void {
  const stray = files.find((file) => /^msrps?:\/\//i.test(file))
  if (stray !== undefined) {
    throw new Failure(
      'usage',
      `${stray} is not a file; put the whole path in single quotes: --to 'msrps://… msrps://…'`,
    )
  }
  if (files.length === 0 && text === undefined) {
    throw new Failure('usage', 'nothing to send: name a FILE, - for standard input, or give --text TEXT')
  }
  if (files.filter((file) => file === '-').length > 1) {
    throw new Failure('usage', 'standard input (-) can be sent once only')
  }
  if (files.length !== 1 && (name !== undefined || type !== undefined)) {
    throw new Failure('usage', '--name and --type are for one file; send several with a command each')
  }
}

/** Before anybody is connected to: a file that is missing shall not cost a started session. */
async function checkAll(files: string[], { text, name, type }: SendOptions): Promise<WaitingSource[]> {
  const waiting: WaitingSource[] =
    text === undefined ? [] : [{ open: async () => textSource(text), close: async () => {} }]
  try {
    for (const file of files) {
      waiting.push(
        await checkSource(file, { ...(name === undefined ? {} : { name }), ...(type === undefined ? {} : { type }) }),
      )
    }
    return waiting
  } catch (error) {
    for (const { close } of waiting) await close().catch(() => {})
    throw error
  }
}

function summary(source: Source, size: number, seconds: number): string {
  const what = printableLine(source.label)
  if (!source.attached) return `${what} was delivered`
  const rate = seconds > 0 ? `, ${formatRate(size / seconds)}` : ''
  return `${what} was delivered: ${formatBytes(size)} in ${formatDuration(seconds)}${rate}`
}
