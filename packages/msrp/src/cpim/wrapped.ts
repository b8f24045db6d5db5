import { type Content, defaultType } from '../mime/index.ts'
import { buildCpim, type CpimParts, type WrappedContent } from './build.ts'
import { CPIM_TYPE } from './head-reader.ts'

/**
 * What is handed to `Session.send` for content in a message/cpim. It names the type of what is wrapped: a peer that refuses
 * that one with 415 goes on getting messages that wrap others.
 * @throws MsrpError `invalid-argument` as `buildCpim`
 */
export function wrapped<Kind extends Content, Options extends object>(
  parts: CpimParts,
  content: Kind,
  options: Options,
): {
  readonly body: WrappedContent<Kind>
  readonly options: Options & { readonly contentType: string; readonly wrappedTypes: readonly string[] }
} {
  const wrappedTypes = [parts.contentType ?? defaultType(content)]
  return { body: buildCpim(parts, content), options: { ...options, contentType: CPIM_TYPE, wrappedTypes } }
}
