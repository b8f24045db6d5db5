import type { BlockList } from 'node:net'
import type { AccessSettings, LimitSettings } from '../config/index.ts'
import { isWithin, networkSet } from '../config/network.ts'
import type { Log } from '../forwarding/settings.ts'

/** What is said of connections that are too many, in all or from one address; and of those from networks that may not. */
export const TOO_MANY = 'too many connections'
export const TOO_MANY_FROM_ADDRESS = 'too many connections from this address'
export const NOT_ALLOWED = 'its address is not allowed by the access settings'

/** Who may connect, and how many at one time. */
export interface AdmissionSettings {
  readonly limits: Pick<LimitSettings, 'connections' | 'connectionsPerAddress'>
  readonly access: Pick<AccessSettings, 'allowNetworks' | 'denyNetworks'>
}

/** How one listener counts those who come. */
export interface Door {
  /** Why a connection from this address is not let in; undefined, and it counts from now on. */
  admit(address: string): string | undefined
  /** One that was let in is gone. */
  gone(address: string): void
}

/** Which connections are taken, by all listeners together. */
export class Admission {
  readonly #log: Log
  readonly #perAddress: Map<string, number> = new Map()
  #limits: AdmissionSettings['limits']
  /** Undefined: from everywhere. */
  #allow: BlockList | undefined
  #deny: BlockList = networkSet([])
  #total = 0

  constructor(settings: AdmissionSettings, log: Log) {
    this.#log = log
    this.#limits = settings.limits
    this.reconfigure(settings)
  }

  /** From now on; whoever is in stays. */
  reconfigure({ limits, access }: AdmissionSettings): void {
    this.#limits = limits
    this.#allow = access.allowNetworks.length === 0 ? undefined : networkSet(access.allowNetworks)
    this.#deny = networkSet(access.denyNetworks)
  }

  /** For a listener that everybody reaches by himself, or whose proxy tells who comes. */
  get door(): Door {
    return {
      admit: (address) => this.#denial(address) ?? this.#count(address, address, this.#limits.connectionsPerAddress),
      gone: (address) => this.#uncount(address),
    }
  }

  /** For a listener where all come from a proxy's address: how many each of them may have is for the proxy to say. */
  get doorBehindProxy(): Door {
    return {
      admit: (address) => this.#count(`${address}, in front`, address, this.#limits.connections),
      gone: (address) => this.#uncount(`${address}, in front`),
    }
  }

  #denial(address: string): string | undefined {
    const allowed = this.#allow === undefined || isWithin(this.#allow, address)
    if (allowed && !isWithin(this.#deny, address)) return undefined
    this.#log.info({ address }, 'refused: connections from this address are not allowed by the access settings')
    return NOT_ALLOWED
  }

  #count(key: string, address: string, most: number): string | undefined {
    const already = this.#perAddress.get(key) ?? 0
    if (this.#total >= this.#limits.connections || already >= most) {
      this.#log.warn({ address, total: this.#total, fromThisAddress: already }, 'refused: too many connections')
      return this.#total >= this.#limits.connections ? TOO_MANY : TOO_MANY_FROM_ADDRESS
    }
    this.#total++
    this.#perAddress.set(key, already + 1)
    return undefined
  }

  #uncount(key: string): void {
    this.#total--
    const left = (this.#perAddress.get(key) ?? 1) - 1
    if (left === 0) this.#perAddress.delete(key)
    else this.#perAddress.set(key, left)
  }
}
