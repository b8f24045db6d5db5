import { createHash, X509Certificate } from 'node:crypto'
import { connect as connectTls } from 'node:tls'
import { type Browser, chromium } from 'playwright-core'
import { findProgram } from './requires.ts'
import type { WebSocketRelay } from './web-socket-relay.ts'

/** Chromium, which takes the relay's certificate; undefined where it is not installed. */
export async function launchChromium(relay: WebSocketRelay): Promise<Browser | undefined> {
  const executablePath = findProgram('chromium')
  if (executablePath === undefined) return undefined
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // The relay's certificate, and no other one, though no authority that the browser knows has issued it.
      `--ignore-certificate-errors-spki-list=${await pinOf(relay.wss)}`,
    ],
  })
}

/** The hash by which Chromium takes a certificate that nobody it knows has issued. */
async function pinOf(port: number): Promise<string> {
  const socket = connectTls({ host: '127.0.0.1', port, servername: 'localhost', rejectUnauthorized: false })
  await new Promise((resolve) => socket.once('secureConnect', resolve))
  const certificate = new X509Certificate(socket.getPeerCertificate(true).raw)
  socket.destroy()
  return createHash('sha256')
    .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64')
}
