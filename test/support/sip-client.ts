import { createHash, randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'

export interface SipAccount {
  username: string
  domain: string
  password: string
}

/** A SIP client over UDP that can do one thing: REGISTER with Digest (RFC 3261 §10, RFC 2617). */
export class SipClient {
  readonly #socket: Socket
  readonly #proxyPort: number
  #sequence = 0

  private constructor(socket: Socket, proxyPort: number) {
    this.#socket = socket
    this.#proxyPort = proxyPort
  }

  static async open(proxyPort: number): Promise<SipClient> {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return new SipClient(socket, proxyPort)
  }

  /** Registers; gives the statuses of the responses, the challenge first. */
  async register(account: SipAccount): Promise<number[]> {
    const challenge = await this.#request(account, [])
    if (challenge.status !== 401) return [challenge.status]
    const field = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(challenge.text)?.[1] ?? ''
    const { username, domain, password } = account
    const uri = `sip:${domain}`
    const ha1 = md5(`${username}:${field('realm')}:${password}`)
    const response = md5(`${ha1}:${field('nonce')}:${md5(`REGISTER:${uri}`)}`)
    const values = { username, realm: field('realm'), nonce: field('nonce'), uri, response }
    const credentials = Object.entries(values).map(([name, value]) => `${name}="${value}"`)
    const answer = await this.#request(account, [`Authorization: Digest ${credentials.join(', ')}, algorithm=MD5`])
    return [challenge.status, answer.status]
  }

  close(): void {
    this.#socket.close()
  }

  async #request({ username, domain }: SipAccount, fields: string[]): Promise<{ status: number; text: string }> {
    const { port } = this.#socket.address()
    const call = randomBytes(8).toString('hex')
    const address = `<sip:${username}@${domain}>`
    const message = [
      `REGISTER sip:${domain} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:${port};rport;branch=z9hG4bK${call}`,
      `From: ${address};tag=${call}`,
      `To: ${address}`,
      `Call-ID: ${call}@127.0.0.1`,
      `CSeq: ${++this.#sequence} REGISTER`,
      `Contact: <sip:${username}@127.0.0.1:${port}>`,
      'Max-Forwards: 70',
      'Expires: 600',
      ...fields,
      'Content-Length: 0',
    ]
    // UDP may lose it while the proxy starts (RFC 3261 §17.1.2.2: again after half a second).
    const send = (): void => this.#socket.send(`${message.join('\r\n')}\r\n\r\n`, this.#proxyPort, '127.0.0.1')
    const again = setInterval(send, 500)
    try {
      send()
      for (;;) {
        const [bytes] = await once(this.#socket, 'message', { signal: AbortSignal.timeout(20_000) })
        const text = String(bytes)
        const status = Number(/^SIP\/2\.0 (\d{3})/.exec(text)?.[1])
        if (status >= 200 && text.includes(call)) return { status, text }
      }
    } finally {
      clearInterval(again)
    }
  }
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex')
}
