import { stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { Endpoint } from 'msrp'
import {
  type FileSelector,
  FileTransfers,
  type LocalFile,
  parseFileDescription,
  type SendTransfer,
  selectorOf,
  withHashes,
} from 'msrp/file'
import { fileHash, nodeFilePlatform, unreadable } from 'msrp/node'
import { type MessageDescription, Negotiation, type SessionDescription } from 'msrp/sdp'
import { type Context, untilAborted } from '../context.ts'
import {
  awaitDescription,
  checkNoOffer,
  checkPlaces,
  holdPlace,
  isStandard,
  offersSomething,
  readDescriptionFile,
} from '../exchange/description-file.ts'
import { MOST_OFFERED, PATIENCE, reachOf } from '../exchange/reach.ts'
import { type Confirmed, RestingOffer } from '../exchange/resting-offer.ts'
import { Failure, Incomplete, Undelivered, type Verdict, verdictOn } from '../failure.ts'
import type { WaitingOptions } from '../incoming/waiting-place.ts'
import { endpointOptions } from '../options/connection.ts'
import { printableLine } from '../terminal/printable.ts'
import { Progress } from '../terminal/progress.ts'
import { programName, shellWord } from '../terminal/shell-word.ts'
import { formatBytes } from '../terminal/units.ts'
import type { ToSend } from './folder.ts'
import { openSource, type Source } from './source.ts'
import { tellSent } from './tell-sent.ts'

/** Pause between two notes about how far the files are, in milliseconds. */
const NOTE_EVERY = 1_000

/** How files are offered. */
export interface OfferOptions extends WaitingOptions {
  /** Where the offer goes. */
  offer: string
  /** Where the answer comes from. */
  answer?: string
  type?: string
  name?: string
  chunkSize?: number
}

/** A file of an offer. */
interface Offered {
  readonly source: Source
  readonly file: LocalFile
  readonly sha256: string
  /** Bytes that the receiver has confirmed to an earlier command. */
  readonly from: number
  transfer?: SendTransfer
  begun?: number
  outcome?: 'delivered' | 'failed'
  failure?: Verdict
}

/**
 * Offers files in a session description (RFC 5547), waits for the answer, and sends what it takes. What an earlier command
 * with the same offer has brought is not sent again.
 * @throws Failure, MsrpError, Undelivered; Incomplete when some files were delivered and others not
 */
export async function offerFiles(toSend: readonly ToSend[], options: OfferOptions, context: Context): Promise<void> {
  const { output } = context
  const { offer, answer = '-' } = options
  checkOffered(toSend)
  await checkPlaces({ offer, answer }, 'offer')
  await using _ = await holdPlace(offer)
  await checkNoOffer(offer, 'msrp receive --offer', (description) => isOurs(description, toSend, options))
  const before = isStandard(answer) ? undefined : await readDescriptionFile(answer)
  const resting = new RestingOffer(offer, output)
  const files: Offered[] = []
  try {
    const confirmed = await resting.read()
    for (const one of toSend) files.push(await prepare(one, options, confirmed, context))
    const missing = files.filter(({ from, source }) => from === 0 || from < (source.size ?? 0))
    for (const file of files.filter((one) => !missing.includes(one))) {
      file.outcome = 'delivered'
      output.say(`${printableLine(file.source.label)} was delivered before`)
    }
    if (missing.length > 0) await exchange(files, missing, { before, resting }, options, context)
    await resting.remove()
    conclude(missing, context)
  } finally {
    for (const { source } of files) await source.close().catch(() => {})
  }
}

/** Offers what is missing and sends it; whatever happens, the place of the offer tells how far the files are. */
async function exchange(
  files: readonly Offered[],
  missing: readonly Offered[],
  { before, resting }: { before: string | undefined; resting: RestingOffer },
  options: OfferOptions,
  context: Context,
): Promise<void> {
  const { output, signal } = context
  const { answer = '-' } = options
  await using endpoint = new Endpoint(await endpointOptions(options, output))
  const media = await reachOf(options, output)
  const transfers = new FileTransfers({ platform: nodeFilePlatform, media, most: MOST_OFFERED })
  await using negotiation = new Negotiation(endpoint, [], { signal, patience: PATIENCE })
  for (const file of missing) file.transfer = await begin(file, transfers, negotiation, options, context)
  const text = await negotiation.offer()
  const note = (): Promise<void> => resting.write(files.map(stateOf))
  let noting: NodeJS.Timeout | undefined
  try {
    await resting.offer(text)
    tell(text, missing, options, context)
    const fits = ({ media }: SessionDescription): boolean => media.length >= missing.length
    const came = await awaitDescription({ kind: 'answer', place: answer, before, fits }, { output, signal })
    output.say(output.faint('The answer is here; waiting for the connection.'))
    await note()
    noting = setInterval(() => void note().catch(() => {}), NOTE_EVERY)
    const broken = unusable(negotiation.accept(came), missing)
    await untilAborted(Promise.race([Promise.all(missing.map((file) => settle(file, context))), broken]), signal)
    if (missing.some(({ outcome }) => outcome === 'failed')) conclude(missing, context)
  } catch (error) {
    await note()
    throw error
  } finally {
    clearInterval(noting)
  }
}

function checkOffered(toSend: readonly ToSend[]): void {
  if (toSend.some(({ path }) => path === '-')) {
    throw new Failure('usage', 'standard input cannot be offered: an offer says size and hash of what is to come')
  }
  if (toSend.length > MOST_OFFERED) {
    const text = `these are ${toSend.length} files, and an offer has room for ${MOST_OFFERED}: make an archive of them`
    throw new Failure('usage', text)
  }
}

/** Whether an offer is one of these files, which was killed before there was an answer; or at rest, so that nobody waits at it. */
function isOurs(description: SessionDescription, toSend: readonly ToSend[], options: OfferOptions): boolean {
  const names = new Set<string | undefined>(toSend.map(({ path, name }) => name ?? options.name ?? basename(path)))
  const named = (section: MessageDescription): boolean => {
    const name = parseFileDescription(section)?.selector.name
    return name !== undefined && names.has(name)
  }
  return !offersSomething(description) || description.messages.every(named)
}

async function prepare(
  { path, name }: ToSend,
  options: OfferOptions,
  confirmed: (selector: FileSelector) => number,
  { output, signal }: Context,
): Promise<Offered> {
  const called = name ?? options.name
  const { type } = options
  const source = await openSource(path, {
    ...(called === undefined ? {} : { name: called }),
    ...(type === undefined ? {} : { type }),
  })
  const { size, body, fileName, contentType, label } = source
  if (size === undefined) throw unreadable(path, new Error('only regular files can be offered'))
  const { mtime } = await stat(path)
  const bar = output.area.start({ label: `hashing ${printableLine(label)}`, bytes: 0, total: size, bytesPerSecond: 0 })
  const onProgress = (bytes: number): void =>
    bar.update({ label: `hashing ${printableLine(label)}`, bytes, total: size, bytesPerSecond: 0 })
  try {
    const plain: LocalFile = {
      body,
      ...(fileName === undefined ? {} : { name: fileName }),
      type: contentType,
      dates: { modification: mtime },
    }
    const file = await withHashes(plain, { createHash: fileHash, signal, onProgress })
    const sha256 = file.hashes?.find(({ algorithm }) => algorithm === 'sha-256')?.digest ?? ''
    return { source, file, sha256, from: confirmed(selectorOf(file)) }
  } catch (error) {
    await source.close()
    throw signal.aborted ? signal.reason : error
  } finally {
    bar.end()
  }
}

async function begin(
  offered: Offered,
  transfers: FileTransfers,
  negotiation: Negotiation,
  { chunkSize }: OfferOptions,
  { output }: Context,
): Promise<SendTransfer> {
  const { file, from, source } = offered
  let progress: Progress | undefined
  const transfer: SendTransfer = await transfers.offer(negotiation, file, {
    ...(from === 0 ? {} : { range: { start: from + 1 } }),
    ...(chunkSize === undefined ? {} : { chunkSize }),
    onProgress: ({ bytes, size }) => {
      offered.begun ??= performance.now()
      const { transferId: messageId = '' } = transfer.description
      progress ??= new Progress(output, { messageId, direction: 'sending', name: file.name ?? null }, source.size)
      progress.update(bytes, size, bytes === size ? 'waiting for confirmation' : undefined)
    },
  })
  transfer.done.then(
    () => progress?.complete(source.size ?? 0),
    () => progress?.end(),
  )
  return transfer
}

function tell(
  sdp: string,
  files: readonly Offered[],
  { offer, answer, listen, relay }: OfferOptions,
  { output }: Context,
): void {
  output.event({
    event: 'description',
    kind: 'offer',
    path: isStandard(offer) ? null : resolve(offer),
    sdp,
  })
  if (output.json) return
  for (const { source, from } of files) {
    const rest = from === 0 ? '' : `, goes on behind byte ${from}, which the receiver has`
    output.say(`  ${printableLine(source.label)}  ${formatBytes(source.size ?? 0)}${rest}`)
  }
  const what = files.length === 1 ? '1 file' : `${files.length} files`
  const where = isStandard(offer) ? 'The text above' : printableLine(shellWord(offer))
  output.say(`${where} offers ${what}. The other side takes it, for example with\n`)
  const reply = answer === undefined || isStandard(answer) ? '' : ` --answer ${shellWord(answer)}`
  const given = isStandard(offer) ? '-' : shellWord(offer)
  // Who can be reached nowhere leaves that to the other side.
  const place = listen === undefined && relay === undefined ? ' --listen HOST:PORT' : ''
  output.say(`  ${output.strong(`${programName()} receive --offer ${given}${reply}${place}`)}\n`)
  output.say(`${place === '' ? '' : '(or --relay, since nobody can connect to here) '}and gives back an answer.`)
}

/** Never resolves; rejects when the answer cannot be used, so that nothing of it begins. */
async function unusable(accepted: Promise<unknown>, files: readonly Offered[]): Promise<void> {
  try {
    await accepted
  } catch (error) {
    if (files.every(({ transfer }) => transfer?.medium?.state === 'offered')) throw error
  }
  // What becomes of each file is told by its own transfer.
  await new Promise<never>(() => {})
}

/** Waits for the end of one file and tells it. */
async function settle(offered: Offered, { output, signal }: Context): Promise<void> {
  const { transfer, source, sha256, from, file } = offered
  try {
    await transfer?.done
    offered.outcome = 'delivered'
    const seconds = offered.begun === undefined ? 0 : (performance.now() - offered.begun) / 1000
    const messageId = transfer?.description.transferId ?? ''
    const size = source.size ?? 0
    tellSent({ label: source.label, messageId, name: file.name ?? null, size, sha256, from, seconds }, output)
  } catch (cause) {
    offered.outcome = 'failed'
    if (signal.aborted) return
    const confirmed = transfer?.confirmed ?? from
    offered.failure = verdictOn(new Undelivered(source.label, { confirmedBytes: confirmed, total: source.size }, cause))
  }
}

function conclude(files: readonly Offered[], { output }: Context): void {
  const failed = files.flatMap(({ failure }) => failure ?? [])
  const delivered = files.filter(({ outcome }) => outcome === 'delivered')
  const [first] = failed
  if (first === undefined) {
    const bytes = delivered.reduce((sum, { source, from }) => sum + (source.size ?? 0) - from, 0)
    output.event({ event: 'done', messages: delivered.length, bytes })
    return
  }
  if (files.length > 1) for (const one of failed) output.error(one)
  const hasBegun = files.some((file) => file.outcome === 'failed' && stateOf(file).bytes > 0)
  throw new Incomplete(
    files.length === 1 ? first.message : `${failed.length} of ${files.length} files were not delivered`,
    hasBegun ? { ...first, details: ['The same two commands again go on where it broke.'] } : first,
  )
}

/** How far a file is. What was refused is offered whole the next time: the receiver may not have what it was believed to. */
function stateOf({ file, source, from, transfer, outcome, failure }: Offered): Confirmed {
  const selector = selectorOf(file)
  if (outcome === 'delivered') return { selector, bytes: source.size ?? 0 }
  if (failure?.code === 'not-acceptable') return { selector, bytes: 0 }
  return { selector, bytes: transfer?.confirmed ?? from }
}
