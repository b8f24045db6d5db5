import type { Transport } from '../../src/connection/index.ts'
import {
  type FileTransfer,
  FileTransfers,
  type FileTransfersOptions,
  type LocalFile,
  type ReceiveTransfer,
  type SendTransfer,
  withHashes,
} from '../../src/file/index.ts'
import { fileHash } from '../../src/node/index.ts'
import { type MediaWishes, Negotiation } from '../../src/sdp/index.ts'
import { MsrpEndpoint } from '../../src/session/endpoint.ts'
import type { EndpointOptions } from '../../src/session/options.ts'
import { MsrpError } from '../../src/wire/index.ts'
import { MemoryPlatform } from '../session/memory-platform.ts'
import { pattern } from '../session/stage.ts'
import { MemoryTarget } from './memory-target.ts'

/** One side of a call in memory. */
export interface Side {
  readonly platform: MemoryPlatform
  readonly files: FileTransfers
  readonly negotiation: Negotiation
  /** Transfers for which an offer was due. */
  readonly due: FileTransfer[]
  /** Every description that this side wrote, the latest last. */
  readonly written: string[]
}

export type SideOptions = Omit<Partial<FileTransfersOptions>, 'platform'> & {
  readonly wishes?: MediaWishes[]
  readonly endpoint?: EndpointOptions
}

/** Alice and Bob, between whom descriptions can go to and fro. */
export class Call {
  readonly alice: Side
  readonly bob: Side
  readonly #endpoints: MsrpEndpoint[] = []
  readonly #cables: Transport[] = []

  constructor(options: { alice?: SideOptions; bob?: SideOptions } = {}) {
    const one = new MemoryPlatform()
    const other = new MemoryPlatform(one.clock)
    const take = (platform: MemoryPlatform, transport: Transport, port: number): void => {
      this.#cables.push(transport)
      platform.take(port, transport)
    }
    one.onDial = (transport, target) => take(other, transport, target.port)
    other.onDial = (transport, target) => take(one, transport, target.port)
    this.alice = this.#side(one, options.alice ?? {})
    this.bob = this.#side(other, options.bob ?? {})
  }

  /** An offer of one and the answer of the other; resolves with both. */
  async exchange(
    from: Side = this.alice,
    change: { offer?: (offer: string) => string; answer?: (answer: string) => string } = {},
  ): Promise<{ offer: string; answer: string }> {
    const to = from === this.alice ? this.bob : this.alice
    const offer = await from.negotiation.offer()
    from.written.push(offer)
    const answer = await this.#answer(to, (change.offer ?? same)(offer))
    to.written.push(answer)
    // A medium that is refused is not the whole of the answer.
    await from.negotiation.accept((change.answer ?? same)(answer)).catch(() => {})
    return { offer, answer }
  }

  /** Breaks every connection between them. */
  cut(): void {
    for (const cable of this.#cables) cable.destroy()
  }

  async close(): Promise<void> {
    await Promise.all(this.#endpoints.map((endpoint) => endpoint.close()))
  }

  /** A first offer of which nothing is taken is refused as a whole. */
  async #answer({ negotiation }: Side, offer: string): Promise<string> {
    try {
      return await negotiation.answer(offer)
    } catch (error) {
      if (!(error instanceof MsrpError) || error.code !== 'not-acceptable') throw error
      return negotiation.refuse(offer)
    }
  }

  #side(platform: MemoryPlatform, { wishes = [], endpoint: settings = {}, ...options }: SideOptions): Side {
    const endpoint = new MsrpEndpoint(platform, settings)
    this.#endpoints.push(endpoint)
    const due: FileTransfer[] = []
    const { clock, random } = platform
    const files = new FileTransfers({
      platform: { createHash: fileHash, random: (size) => longer(random, size), clock },
      media: { listen: {} },
      onOfferDue: (transfer) => due.push(transfer),
      ...options,
    })
    const negotiation = new Negotiation(endpoint, wishes, { onMedium: files.onMedium, clock, random })
    return { platform, files, negotiation, due, written: [] }
  }
}

/** Content of a file. */
export const bytes: Uint8Array = pattern(200_000)

export async function picture(more: Partial<LocalFile> = {}): Promise<LocalFile> {
  return withHashes({ body: bytes, name: 'picture.jpg', type: 'image/jpeg', ...more }, { createHash: fileHash })
}

/** A side that takes every file, and what it took. */
export function taking(
  target: () => MemoryTarget = () => new MemoryTarget(),
): SideOptions & { taken: ReceiveTransfer[]; targets: MemoryTarget[] } {
  const taken: ReceiveTransfer[] = []
  const targets: MemoryTarget[] = []
  return {
    taken,
    targets,
    onOffered: (offer) => {
      const one = target()
      targets.push(one)
      taken.push(offer.take(one))
    },
  }
}

/** A side that gives of these files what is asked for. */
export function giving(...files: LocalFile[]): SideOptions & { given: SendTransfer[] } {
  const given: SendTransfer[] = []
  return {
    given,
    onRequested: async (request) => {
      const [file, second] = await request.select(files)
      if (file !== undefined && second === undefined) given.push(await request.give(file))
    },
  }
}

/** The lines of a description with one of these names, `m` or the name of an attribute. */
export function lines(description: string, ...names: string[]): string[] {
  return description.split('\r\n').filter((line) => {
    const [, name = ''] = /^(?:a=([^:]*)|([a-z])=)/.exec(line) ?? []
    return names.includes(name) || (names.includes('m') && line.startsWith('m='))
  })
}

function same(text: string): string {
  return text
}

function longer(random: (size: number) => Uint8Array, size: number): Uint8Array {
  return Uint8Array.from([...random(size), ...random(size)].slice(0, size))
}
