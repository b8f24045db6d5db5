import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'msrp'
import { createAuthority, issueCertificate } from 'msrp-relay/certificates'
import { Server } from './server.ts'
import { type Victim, within } from './victim.ts'

const ANSWER_TIME = 10_000

/** An endpoint process that waits for peers. */
export class EndpointVictim implements Victim {
  readonly server: Server
  readonly ca: string
  /** Paths to attack. */
  readonly paths: readonly string[]
  /** Paths that are left to those who behave, one over TCP and one over TLS. */
  readonly #kept: readonly string[]

  static async start(folder: string): Promise<EndpointVictim> {
    const ca = await createAuthority()
    const { certificate, key } = await issueCertificate({ names: ['localhost', '127.0.0.1'], ca })
    const [certificateFile, keyFile] = [join(folder, 'endpoint.pem'), join(folder, 'endpoint.key')]
    const received = join(folder, 'received')
    mkdirSync(received)
    writeFileSync(certificateFile, certificate)
    writeFileSync(keyFile, key)
    const program = ['fuzz/live/endpoint-program.ts', certificateFile, keyFile, received]
    const { server, first } = await Server.start<{ paths: string[] }>('the endpoint', program)
    return new EndpointVictim(server, ca.certificate, first.paths)
  }

  constructor(server: Server, ca: string, paths: readonly string[]) {
    this.server = server
    this.ca = ca
    const first = paths.findIndex((path) => path.startsWith('msrps'))
    this.#kept = paths.filter((_, index) => index === 0 || index === first)
    this.paths = paths.filter((path) => !this.#kept.includes(path))
  }

  /** A message over each of TCP and TLS arrives, as its REPORT says. */
  async check(): Promise<void> {
    for (const path of this.#kept) {
      const session = await within(ANSWER_TIME, 'a session begins', connect({ path, tls: { ca: this.ca } }))
      // One in a few is refused by that application, as by any.
      const delivered = session.send('still there?', { successReport: true }).delivered.catch((error) => {
        if (error.code !== 'refused') throw error
      })
      await within(ANSWER_TIME, 'a message is delivered or refused', delivered)
      await session.close()
    }
  }

  close(): Promise<void> {
    return this.server.stop()
  }
}
