import { type Content, defaultType } from '../mime/index.ts'
import { buildCpim, type CpimParts, type WrappedContent } from './build.ts'
import { CPIM_TYPE } from './head-reader.ts'

/** What the option `envelope` of a session takes. */
export interface CpimEnvelope {
  readonly contentType: string
  wrap<Kind extends Content>(
    content: Kind,
    contentType: string | undefined,
  ): { readonly body: WrappedContent<Kind>; readonly wrappedType: string }
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
      const wrappedType = contentType ?? around.contentType ?? defaultType(content)
      return { body: buildCpim({ ...around, contentType: wrappedType }, content), wrappedType }
    },
  }
}
