import type { MediaWishes, MessageDescription } from 'msrp/sdp'
import { Failure } from '../failure.ts'
import { ASK_AFTER, listeningPlace, type WaitingOptions } from '../incoming/waiting-place.ts'
import { relayOptions } from '../options/connection.ts'
import type { Output } from '../terminal/output.ts'

/** Files of one offer: descriptions of more media are not read. */
export const MOST_OFFERED: number = 64

/** How long the side that has answered and connects tries again: people carry the answer, which takes its time. Milliseconds. */
export const PATIENCE: number = 30 * 60_000

/** How media are reached. */
export type Reach = Pick<MediaWishes, 'listen' | 'relay' | 'tls' | 'secure' | 'keepAlive' | 'chunkSize'>

/**
 * How this side can be reached, and how it reaches the other one: as the options say. Asks for the password where one is needed.
 * @param tls also without `--tls`, since the other side wants it
 * @throws Failure, MsrpError
 */
export async function reachOf(
  options: WaitingOptions & { chunkSize?: number },
  output: Output,
  { tls = false }: { tls?: boolean } = {},
): Promise<Reach> {
  const { listen, chunkSize } = options
  const relay = await relayOptions(options, output)
  const rest = chunkSize === undefined ? {} : { chunkSize }
  if (relay !== undefined) return { ...rest, relay, keepAlive: ASK_AFTER }
  const secure = options.tls === true
  const withTls = tls || secure
  if (listen === undefined) return withTls ? { ...rest, tls: {}, secure } : rest
  const place = await listeningPlace({ ...options, listen, tls: withTls })
  return { ...rest, listen: place.listen, secure }
}

/** Whether a section is of a file (RFC 5547), and no chat. */
export function isOfFile(section: MessageDescription): boolean {
  return section.attribute('file-selector') !== undefined
}

/**
 * How this side is reached by who made an offer: with TLS where that wants it.
 * @throws Failure `usage` when neither side can be reached, before there is an answer that could only refuse; MsrpError
 */
export async function reachOfAnswerer(
  offered: readonly MessageDescription[],
  options: WaitingOptions & { chunkSize?: number },
  output: Output,
): Promise<Reach> {
  const { listen, relay } = options
  const comes = offered.some(({ setup }) => setup === 'actpass' || setup === 'passive')
  if (listen === undefined && relay === undefined && !comes) {
    throw new Failure(
      'usage',
      'the side that offers cannot be reached, so this side has to be: give --listen HOST:PORT or --relay URI',
    )
  }
  return reachOf(options, output, { tls: listen !== undefined && offered.some(({ secure }) => secure) })
}
