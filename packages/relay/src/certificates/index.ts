/** Certificates: a private authority, what it signs, and reading what others signed. */
export { isCertifiableName } from './certifiable-name.ts'
export {
  authorityDays,
  type CertifiedKey,
  certificateDays,
  createAuthority,
  issueCertificate,
  selfSignedCertificate,
} from './issue.ts'
export { type LoadedCertificate, loadAuthorities, loadCertificate } from './load.ts'
export { certifies, ensurePrivateCertificates, type PrivateCertificates } from './private-authority.ts'
