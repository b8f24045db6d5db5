import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { type DigestAlgorithm, digestAlgorithmName, MsrpError } from 'msrp/wire'
import { urlFlaw } from './service-url.ts'
import { isAskable, type UserBackend } from './user-backend.ts'

/** Bytes of an answer that are read at most: H(A1) and whatever else somebody puts beside it. */
const LONGEST_ANSWER = 16_384

/** Where users are asked for over HTTP. */
export interface HttpUsersOptions {
  /** `https:`, or `http:` where `allowHttp` says so or its host is a loopback address. */
  readonly url: string
  /** `http:` to other machines: passwords' hashes go over the network in the clear. Default: false. */
  readonly allowHttp: boolean
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string
  /** PEM: authorities that may have issued the server's certificate. Default: those known to Node.js. */
  readonly ca?: string
  /** Seconds for a whole question and its answer. */
  readonly timeout: number
  /** Most connections at one time. */
  readonly connections: number
}

/**
 * Users that a web service knows. It is asked with a POST of `{"username", "realm", "algorithm"}`, where the algorithm is
 * `MD5` or `SHA-256`, and answers 200 with `{"ha1"}` or 404 when it has no such user. Whatever else comes is a failure.
 */
export class HttpUsers implements UserBackend {
  readonly description: string
  readonly #options: HttpUsersOptions
  readonly #url: URL
  readonly #agent: HttpAgent

  /** @throws MsrpError `invalid-argument` when the URL cannot be used */
  constructor(options: HttpUsersOptions) {
    this.#options = options
    const flaw = urlFlaw(options.url, options.allowHttp)
    if (flaw !== undefined) throw new MsrpError('invalid-argument', `users.http.url ${flaw}`)
    this.#url = new URL(options.url)
    this.description = `the web service ${this.#url.origin}${this.#url.pathname}`
    const pooled = { keepAlive: true, maxSockets: options.connections, scheduling: 'lifo' as const }
    this.#agent =
      this.#url.protocol === 'https:' ? new HttpsAgent({ ...pooled, ca: options.ca }) : new HttpAgent(pooled)
  }

  /**
   * H(A1) of a user, lower-case hex; undefined when the service has no such user.
   * @throws MsrpError `unreachable` when it does not answer, `storage` when its answer is none
   */
  async ha1(username: string, realm: string, algorithm: DigestAlgorithm): Promise<string | undefined> {
    if (!isAskable(username)) return undefined
    const body = JSON.stringify({ username, realm, algorithm: digestAlgorithmName(algorithm) })
    const { status, text } = await this.#ask(body)
      .catch((error: unknown) => {
        // The service closed a connection that had been idle just when we used it again.
        if (error instanceof Broken) return this.#ask(body)
        throw error
      })
      .catch((error: unknown) => {
        throw error instanceof Broken ? this.#unreachable(error.message) : error
      })
    if (status === 404) return undefined
    if (status !== 200) throw new MsrpError('storage', `${this.description} answered ${status}, expected 200 or 404`)
    return this.#ha1In(text, algorithm)
  }

  async check(): Promise<void> {
    await this.ha1('nobody', 'invalid', 'md5')
  }

  async close(): Promise<void> {
    this.#agent.destroy()
  }

  #ha1In(text: string, algorithm: DigestAlgorithm): string {
    let answer: unknown
    try {
      answer = JSON.parse(text)
    } catch {
      // Not JSON: the same as JSON without the one thing that is wanted.
    }
    const found: unknown = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'ha1') : undefined
    const digits = algorithm === 'md5' ? 32 : 64
    if (typeof found === 'string' && found.length === digits && /^[\da-f]+$/i.test(found)) return found.toLowerCase()
    const expected = `{"ha1": "…"} with ${digits} hexadecimal digits for ${digestAlgorithmName(algorithm)}`
    throw new MsrpError('storage', `${this.description} answered 200 without ${expected}`)
  }

  #ask(body: string): Promise<{ status: number; text: string }> {
    const { timeout, token } = this.#options
    const isTls = this.#url.protocol === 'https:'
    return new Promise((resolve, reject) => {
      const request: ClientRequest = (isTls ? requestHttps : requestHttp)(this.#url, {
        method: 'POST',
        agent: this.#agent,
        headers: {
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(body),
          Accept: 'application/json',
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        },
      })
      // Over all of it: a service that sends a byte now and then would never be idle.
      const timer = setTimeout(() => {
        reject(new MsrpError('timeout', `${this.description} did not answer within ${timeout} s`))
        request.destroy()
      }, timeout * 1000)
      const settle = (act: () => void): void => {
        clearTimeout(timer)
        act()
      }
      request.on('error', (error: NodeJS.ErrnoException) => {
        const reason = error.message || error.code || 'for an unknown reason'
        const broken = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
        settle(() => reject(broken ? new Broken(reason) : this.#unreachable(reason)))
      })
      request.on('response', (response) => {
        this.#read(response).then(
          (text) => settle(() => resolve({ status: response.statusCode ?? 0, text })),
          (error: unknown) => {
            request.destroy()
            settle(() => reject(error))
          },
        )
      })
      request.end(body)
    })
  }

  async #read(response: IncomingMessage): Promise<string> {
    const pieces: Buffer[] = []
    let size = 0
    try {
      for await (const piece of response as AsyncIterable<Buffer>) {
        size += piece.byteLength
        if (size > LONGEST_ANSWER)
          throw new MsrpError('storage', `${this.description} answers more than ${LONGEST_ANSWER} bytes`)
        pieces.push(piece)
      }
    } catch (error) {
      throw error instanceof MsrpError ? error : this.#unreachable((error as Error).message)
    }
    return Buffer.concat(pieces).toString('utf8')
  }

  #unreachable(reason: string): MsrpError {
    return new MsrpError('unreachable', `${this.description} cannot be reached: ${reason}`)
  }
}

/** A connection that was used again was closed already. */
class Broken extends Error {}
