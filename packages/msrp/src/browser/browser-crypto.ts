import { type DigestAlgorithm, type Hash, MsrpError } from '../wire/index.ts'
import { loaded } from './loaded-parts.ts'
import { md5 } from './md5.ts'

const sha256Part = /* @__PURE__ */ loaded(() => import('./sha-256.ts'))

const hashes: { [Algorithm in DigestAlgorithm]?: (bytes: Uint8Array) => string } = { md5 }

/** For HTTP Digest. MD5, which relays ask for by default, is there at once; anything else is loaded when one asks for it. */
export const browserHash: Hash = /* @__PURE__ */ Object.assign(
  (algorithm: DigestAlgorithm, text: string): string => {
    const hash = hashes[algorithm]
    if (hash === undefined) throw new MsrpError('internal', `${algorithm} was not loaded`)
    return hash(new TextEncoder().encode(text))
  },
  {
    load: async (algorithm: DigestAlgorithm): Promise<void> => {
      if (algorithm === 'sha-256') hashes[algorithm] ??= (await sha256Part()).sha256
    },
  },
)
