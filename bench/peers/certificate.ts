import { createAuthority, issueCertificate } from 'msrp-relay/certificates'

/** One certificate for everybody who is measured: ECDSA P-256, as the relay makes its own. PEM. */
export interface Certificate {
  readonly chain: string
  readonly key: string
}

export async function makeCertificate(): Promise<Certificate> {
  const { certificate, key } = await issueCertificate({
    names: ['localhost', '127.0.0.1'],
    ca: await createAuthority(),
  })
  return { chain: certificate, key }
}
