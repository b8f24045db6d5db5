import { type Container, firstDecoded } from '../mime/index.ts'
import { MsrpError } from '../wire/index.ts'
import { CPIM_TYPE, CpimHeadReader, type FoundHead } from './head-reader.ts'

/** For the option `containers` of a session: shows what type a message/cpim has inside. */
export const cpimContainer: Container = {
  types: [CPIM_TYPE],
  look: (_type, firstBytes) => {
    const { head, rest } = headIn(firstBytes) ?? {}
    const contents =
      head === undefined || rest === undefined
        ? []
        : [{ contentType: head.contentType, firstBytes: firstDecoded(rest, head.transferEncoding) }]
    return { contents, complete: false, choice: false }
  },
}

function headIn(bytes: Uint8Array): FoundHead | undefined {
  try {
    return new CpimHeadReader().push(bytes)
  } catch (error) {
    if (error instanceof MsrpError) return undefined
    throw error
  }
}
