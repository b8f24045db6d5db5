import type { Clock } from 'msrp/connection'
import type { RequestHead } from 'msrp/wire'
import type { DailyBytes } from '../limits/daily-bytes.ts'
import { Toll } from '../limits/toll.ts'
import { Usages } from '../limits/usages.ts'
import { mayUse } from './access.ts'
import { MessagePolicy } from './message-policy.ts'
import { NO_POLICY, type PolicySettings } from './policy-settings.ts'
import type { Refusal } from './refusal.ts'

/** Whose URIs a request passes, and which of them is its sender's, as `Way` has them. */
interface Passed {
  readonly tokens: readonly Payer[]
  readonly sender: Payer | undefined
}

interface Payer {
  readonly account: string
}

/** What the operator lets accounts do: who may have a URI, which messages are passed on, and how many bytes of them. */
export class Policy {
  readonly usages: Usages
  #access: PolicySettings['access']
  /** Undefined when everything is passed on. */
  #messages: MessagePolicy | undefined

  constructor(options: { clock: Clock; days: DailyBytes; settings?: PolicySettings | undefined }) {
    const { clock, days, settings = NO_POLICY } = options
    this.usages = new Usages({ clock, days, settings: settings.limits })
    this.#access = settings.access
    this.#messages = messagePolicy(settings)
  }

  /** Other settings, from now on. */
  reconfigure(settings: PolicySettings = NO_POLICY): void {
    this.usages.reconfigure(settings.limits)
    this.#access = settings.access
    this.#messages = messagePolicy(settings)
  }

  /** Why an account, whose credentials were right, may not use the relay. */
  accessRefusal(account: string): Refusal | undefined {
    if (mayUse(this.#access, account)) return undefined
    return { status: 403, comment: 'this user may not use this relay', counter: 'access' }
  }

  /** Why a request goes no further, by its head. A REPORT always does. */
  refusal(head: RequestHead): Refusal | undefined {
    return this.#messages === undefined || head.method === 'REPORT' ? undefined : this.#messages.refusal(head)
  }

  /** What is to be counted on a way; undefined when nothing is. */
  toll({ tokens, sender }: Passed): Toll | undefined {
    const payers = tokens.flatMap((token, index) => {
      const direction = token !== sender && index === tokens.length - 1 ? 'received' : 'sent'
      return this.usages.counted(token.account).map((usage) => ({ usage, direction }) as const)
    })
    const limited = this.#messages !== undefined && Number.isFinite(this.#messages.maximumSize)
    return payers.length === 0 && !limited ? undefined : new Toll(payers, this.#messages)
  }
}

/** Undefined when it would let everything pass, so that nobody has to ask it. */
function messagePolicy({ messages }: PolicySettings): MessagePolicy | undefined {
  const { contentTypes, maximumSize, smime } = messages
  return contentTypes.length === 0 && maximumSize === 0 && smime === 'optional'
    ? undefined
    : new MessagePolicy(messages)
}
