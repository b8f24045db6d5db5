import { buildCpim, type CpimParts } from './build.ts'
import type { CpimContent, WrappedContent } from './content.ts'
import { CPIM_TYPE } from './head-reader.ts'

/** What the option `envelope` of a session takes. */
export interface CpimEnvelope {
  readonly contentType: string
  wrap<Content extends CpimContent>(content: Content, contentType: string | undefined): WrappedContent<Content>
}

/**
 * The envelope for a peer that wants message/cpim around what it gets (RFC 4975 §13): what goes around each message, or a
 * function that gives it, for what changes, such as `dateTime`.
 */
export function cpimEnvelope(parts: CpimParts | (() => CpimParts)): CpimEnvelope {
  return {
    contentType: CPIM_TYPE,
    wrap: (content, contentType) => {
      const around = typeof parts === 'function' ? parts() : parts
      return buildCpim(contentType === undefined ? around : { ...around, contentType }, content)
    },
  }
}
