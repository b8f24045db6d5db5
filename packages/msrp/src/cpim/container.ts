import { transferDecoder } from '../mime/transfer-encoding.ts'
import { MsrpError } from '../wire/index.ts'
import { CPIM_TYPE, CpimHeadReader } from './head-reader.ts'

/** For the option `containers` of a session: shows what type a message/cpim has inside. */
export const cpimContainer: CpimContainer = {
  types: [CPIM_TYPE],
  look: (_type, firstBytes) => {
    const found = lookInto(firstBytes)
    if (found === undefined) return { contents: [], complete: false, choice: false }
    return { contents: [found], complete: false, choice: false }
  },
}

/** What the option `containers` takes. */
export interface CpimContainer {
  readonly types: readonly string[]
  look(
    contentType: string,
    firstBytes: Uint8Array,
  ): {
    readonly contents: readonly { readonly contentType: string; readonly firstBytes: Uint8Array }[]
    readonly complete: boolean
    readonly choice: boolean
  }
}

function lookInto(bytes: Uint8Array): { contentType: string; firstBytes: Uint8Array } | undefined {
  try {
    const found = new CpimHeadReader().push(bytes)
    if (found === undefined) return undefined
    const { head, rest } = found
    return { contentType: head.contentType, firstBytes: transferDecoder(head.transferEncoding)?.push(rest) ?? rest }
  } catch (error) {
    if (error instanceof MsrpError) return undefined
    throw error
  }
}
