import { type IncomingMessage, type RequestOptions, request } from 'node:http'
import { MsrpError } from 'msrp'
import { printableLine } from '../terminal/printable.ts'

/** Bytes of an answer: a page of a thousand sessions is far smaller. */
const LARGEST = 16 * 1024 * 1024

/** How long an answer may take to begin, in milliseconds. */
const PATIENCE = 15_000

/** Where a relay's admin port is. */
export type AdminPlace = { readonly host: string; readonly port: number } | { readonly socketPath: string }

/** Calls a relay's admin port. */
export class AdminClient {
  readonly #place: AdminPlace
  readonly #token: string | undefined
  readonly #signal: AbortSignal

  constructor(place: AdminPlace, token: string | undefined, signal: AbortSignal) {
    this.#place = place
    this.#token = token
    this.#signal = signal
  }

  /** For errors. */
  get name(): string {
    if ('socketPath' in this.#place) return this.#place.socketPath
    const { host, port } = this.#place
    return `${host.includes(':') ? `[${host}]` : host}:${port}`
  }

  /**
   * Makes a call and gives the answer.
   * @param allowed statuses beside 200 and 202 that are answers as well
   * @throws MsrpError `unreachable`, `unauthorized`, `refused` with the relay's own words, `timeout`
   */
  async call<Answer>(method: string, path: string, allowed: readonly number[] = []): Promise<Answer> {
    const response = await this.#open(method, path)
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of response) {
      size += chunk.length
      if (size > LARGEST)
        throw new MsrpError('limit-exceeded', `${this.name} answers with too much; is it a relay's admin port?`)
      chunks.push(chunk)
    }
    const status = response.statusCode ?? 0
    const value = this.#read(Buffer.concat(chunks).toString(), status)
    if (status === 200 || status === 202 || allowed.includes(status)) return value as Answer
    throw this.#refusal(status, value)
  }

  /** Makes a call whose answer comes line by line, for as long as it lasts. */
  async *lines(method: string, path: string): AsyncGenerator<unknown> {
    const response = await this.#open(method, path)
    if (response.statusCode !== 200) {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk)
      const status = response.statusCode ?? 0
      throw this.#refusal(status, this.#read(Buffer.concat(chunks).toString(), status))
    }
    response.setEncoding('utf8')
    let rest = ''
    for await (const text of response) {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) yield this.#read(line, 200)
      if (rest.length > LARGEST) throw new MsrpError('limit-exceeded', `${this.name} sends a line without end`)
    }
    if (rest !== '') yield this.#read(rest, 200)
  }

  async #open(method: string, path: string): Promise<IncomingMessage> {
    const headers: Record<string, string> = { Host: 'localhost' }
    if (this.#token !== undefined) headers.Authorization = `Bearer ${this.#token}`
    const options: RequestOptions = { ...this.#place, method, path, headers, signal: this.#signal }
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const asked = request(options, resolve)
    asked.setTimeout(PATIENCE, () => asked.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })))
    asked.on('error', (error) => reject(this.#failure(error)))
    asked.end()
    const response = await promise
    asked.setTimeout(0)
    response.on('error', () => {})
    return response
  }

  #failure(error: NodeJS.ErrnoException): unknown {
    if (this.#signal.aborted) return this.#signal.reason
    if (error.code === 'ETIMEDOUT') return new MsrpError('timeout', `${this.name} does not answer`)
    const remedy = 'is the relay running, and is this its admin port ([admin] in its configuration)?'
    const reasons: Readonly<Record<string, string>> = {
      ECONNREFUSED: 'nobody listens there',
      ENOENT: 'there is no such socket',
      EACCES: 'this user may not use it',
      ENOTFOUND: 'there is no such host',
    }
    const reason = reasons[error.code ?? ''] ?? error.message
    return new MsrpError('unreachable', `cannot reach the admin port at ${this.name}: ${reason}; ${remedy}`, {
      cause: error,
    })
  }

  #read(text: string, status: number): unknown {
    try {
      return JSON.parse(text)
    } catch (cause) {
      const said = `${this.name} answers ${status} with something that is not JSON; is it a relay's admin port?`
      throw new MsrpError('refused', said, { cause })
    }
  }

  #refusal(status: number, value: unknown): MsrpError {
    const said = typeof value === 'object' && value !== null ? Reflect.get(value, 'message') : undefined
    const message = typeof said === 'string' ? printableLine(said) : `it answers ${status}`
    if (status === 401) {
      const remedy = 'give the right one with --token-file, or name the configuration of the relay with --config'
      return new MsrpError('unauthorized', `${this.name} wants its token: ${remedy}`)
    }
    return new MsrpError('refused', `${this.name}: ${message}`)
  }
}
