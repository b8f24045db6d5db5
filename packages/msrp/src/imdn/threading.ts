import type { CpimHead, CpimParts } from '../cpim/index.ts'
import { CPIM_NAMESPACE } from '../cpim/index.ts'

/** Namespace of headers of OMA's Converged IP Messaging, which RCS is built on. */
export const CPM_NAMESPACE = 'http://www.openmobilealliance.org/cpm/'
/** Namespace of headers of RCS (GSMA RCC.07). */
export const RCS_NAMESPACE = 'http://www.gsma.com'

/** Where messages refer to others in the manner of before RCC.07 had a header for it. */
const REPLIES = 'urn:rcs:message:replies:'
const REACTIONS = 'urn:rcs:message:reactions:'

/** How a message belongs to others. Ids of messages are those of imdn.Message-ID. */
export interface Threading {
  /** All that the same people say to each other, whenever and in how many sessions. */
  readonly conversationId?: string
  /** One session of it, or a message outside of sessions. */
  readonly contributionId?: string
  /** The session or message that this one answers. */
  readonly inReplyToContributionId?: string
  /** The message that this one is about. */
  readonly reference?: MessageReference
}

/** A message that another one is about, and in which way. */
export interface MessageReference {
  readonly messageId: string
  /** `+Reaction` and `-Reaction` give a reaction and take it back; `Reply`; others as they come. */
  readonly type: string
}

const IDS = {
  conversationId: 'Conversation-ID',
  contributionId: 'Contribution-ID',
  inReplyToContributionId: 'InReplyTo-Contribution-ID',
} as const

/** Reads what RCS puts around messages to thread them, by any of the names that clients use for it. */
export function readThreading(head: CpimHead): Threading {
  const reference = readReference(head)
  const ids = Object.entries(IDS).flatMap(([key, name]) => {
    // RCS has them in SIP, so gateways copy them under one namespace or another, or none.
    const value = find(head, [CPM_NAMESPACE, RCS_NAMESPACE, CPIM_NAMESPACE, undefined], name)
    return value === undefined ? [] : [[key, value]]
  })
  return { ...Object.fromEntries(ids), ...(reference === undefined ? {} : { reference }) }
}

function readReference(head: CpimHead): MessageReference | undefined {
  const messageId = find(head, [RCS_NAMESPACE], 'Reference-ID')
  if (messageId !== undefined) return { messageId, type: find(head, [RCS_NAMESPACE], 'Reference-Type') ?? '' }
  const reacted = find(head, [REACTIONS], 'In-Reply-To-Message-Id')
  if (reacted !== undefined) {
    const removed = find(head, [REACTIONS], 'Message-Reply-Type') === 'message-reaction-remove'
    return { messageId: reacted, type: removed ? '-Reaction' : '+Reaction' }
  }
  const replied = find(head, [REPLIES], 'In-Reply-To-Message-Id')
  return replied === undefined ? undefined : { messageId: replied, type: 'Reply' }
}

function find(head: CpimHead, namespaces: readonly (string | undefined)[], name: string): string | undefined {
  const of = (namespace: string | undefined): string | undefined =>
    head.headers.find((header) => header.name === name && header.namespace === namespace)?.value.trim() || undefined
  return namespaces.map(of).find((value) => value !== undefined)
}

/**
 * Adds the headers that thread a message to what goes around it, or to the option `cpim` of `Receipts.send` and
 * `ChatRoom.send`: ids with the prefix `cpm`, the reference with `rcs`. `buildCpim` throws for ids that no header can have.
 */
export function withThreading<Parts extends Pick<CpimParts, 'namespaces' | 'headers'>>(
  parts: Parts,
  threading: Threading,
): Parts & Pick<CpimParts, 'namespaces' | 'headers'> {
  const { conversationId, contributionId, inReplyToContributionId, reference } = threading
  const ids = Object.entries({ conversationId, contributionId, inReplyToContributionId }).flatMap(([key, value]) =>
    value === undefined ? [] : [[`cpm.${IDS[key as keyof typeof IDS]}`, value] as const],
  )
  const references =
    reference === undefined
      ? []
      : ([
          ['rcs.Reference-ID', reference.messageId],
          ['rcs.Reference-Type', reference.type],
        ] as const)
  return {
    ...parts,
    namespaces: {
      ...parts.namespaces,
      ...(ids.length === 0 ? {} : { cpm: CPM_NAMESPACE }),
      ...(references.length === 0 ? {} : { rcs: RCS_NAMESPACE }),
    },
    headers: [...ids, ...references, ...(parts.headers ?? [])],
  }
}
