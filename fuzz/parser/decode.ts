import {
  EndLineSearch,
  encodePaths,
  type Field,
  FieldLines,
  formatAuthenticationInfo,
  formatByteRange,
  formatChallenge,
  formatContentDisposition,
  formatCredentials,
  formatPath,
  formatQuotedString,
  formatStatus,
  type Head,
  isAnswerable,
  MsrpError,
  MsrpUri,
  newTransactionId,
  parseAuthenticationInfo,
  parseByteRange,
  parseChallenge,
  parseContentDisposition,
  parseCredentials,
  parseNickname,
  parsePath,
  parseQuotedString,
  parseStatus,
  requestFlaw,
  rewriteRequestHead,
  rewriteResponse,
} from 'msrp/wire'
import { ByteSearch } from '../../packages/msrp/src/wire/byte-search.ts'
import { trace } from './trace.ts'

const OWN = parsePath('msrps://relay.example.com:2855/t0ken;tcp msrp://far.example:1/x;tcp')
const ID = newTransactionId((size) => new Uint8Array(size).fill(7))

/**
 * Reads everything that a head holds, and writes what was read and reads it again: it has to come out the same.
 * @returns what was read, for comparing.
 * @throws an Error that is no MsrpError when something is wrong with the code.
 */
export function decode(head: Head): unknown[] {
  const { fields } = head
  const valueIn = <T>(name: string, parse: (value: string) => T): T | undefined => {
    const value = fields.get(name)
    return value === undefined ? undefined : parse(value)
  }
  const read: unknown[] = [
    fields.malformedLine,
    fields.repeated,
    attempt(() => fields.messageId),
    attempt(() => fields.successReport),
    attempt(() => fields.failureReport),
    attempt(() => fields.expires),
    attempt(() => fields.seconds('Min-Expires')),
    attempt(() => fields.seconds('Max-Expires')),
    attempt(() => fields.mediaType?.type),
    attempt(() => fields.usePath?.map(again)),
    attempt(() =>
      againAs(fields.byteRange, formatByteRange, parseByteRange, ({ start, end, total }) => [start, end, total]),
    ),
    attempt(() =>
      againAs(
        fields.status,
        ({ code, comment }) => formatStatus(code, comment),
        parseStatus,
        (it) => it.code,
      ),
    ),
    attempt(() =>
      againAs(
        valueIn('Use-Nickname', parseNickname),
        formatQuotedString,
        (text) => parseQuotedString(text) ?? '',
        (it) => it,
      ),
    ),
    attempt(() =>
      againAs(
        valueIn('Authorization', parseCredentials),
        formatCredentials,
        parseCredentials,
        (it) => [it.username, it.nonce],
        true,
      ),
    ),
    attempt(() =>
      againAs(fields.authenticationInfo, formatAuthenticationInfo, parseAuthenticationInfo, (it) => it.nextnonce, true),
    ),
    attempt(() =>
      fields.wwwAuthenticate.map((one) => [
        isAnswerable(one),
        againAs(one, formatChallenge, parseChallenge, ({ realm, nonce, opaque }) => [realm, nonce, opaque], true),
      ]),
    ),
    disposition(head),
    fields.toPath.map(again),
    fields.fromPath.map(again),
    fields.all('www-authenticate').length,
    fields.get('x-note'),
    [...fields.entries()].length,
  ]
  if (new FieldLines(fields.bytes).kinds.join() !== fields.lines.kinds.join())
    throw new Error('fields change their kind')
  const flaw = head.kind === 'request' ? requestFlaw(head) : undefined
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a comment may not hold
  if (flaw !== undefined && /[\u0000-\u001f\u007f]/.test(flaw))
    throw new Error(`a flaw with a control character: ${flaw}`)
  read.push(flaw)
  if (fields.malformedLine === undefined) rewritten(head)
  return read
}

/**
 * That a body leaves in chunks none of which holds its own end-line, and with all its bytes.
 * @throws Error when not.
 */
export function sendOn(body: Buffer, id: string, piece: number): void {
  const needle = Buffer.from(`-------${id}`)
  // Browsers have no search of their own; ours has to find the same.
  const found = new ByteSearch(needle, null).indexIn(body, 0)
  if (found !== body.indexOf(needle)) throw new Error(`a search without the platform's finds the end-line at ${found}`)
  let search = new EndLineSearch(id)
  let begun = 0
  for (let at = 0; at < body.length; ) {
    const room = body.subarray(at, at + piece)
    const taken = search.next(room)
    if (taken > room.length) throw new Error('more was taken than there is')
    at += taken
    if (taken === room.length) continue
    if (Buffer.from(body.subarray(begun, at)).includes(needle)) throw new Error('a chunk holds its own end-line')
    // The next chunk may use the same id here: what was cut is not whole in either.
    search = new EndLineSearch(id)
    begun = at
  }
  if (Buffer.from(body.subarray(begun)).includes(needle)) throw new Error('the last chunk holds its own end-line')
}

function attempt(get: () => unknown): unknown {
  try {
    return get()
  } catch (error) {
    if (error instanceof MsrpError) return error.code
    throw error
  }
}

/** Formats and parses. What is read more liberally than it is written may be refused then, when `liberal` says so. */
function againAs<T>(
  value: T | undefined,
  format: (it: T) => string,
  parse: (text: string) => T,
  part: (it: T) => unknown,
  liberal = false,
): unknown {
  if (value === undefined) return undefined
  let text: string
  try {
    text = format(value)
  } catch (error) {
    if (liberal && error instanceof MsrpError && error.code === 'invalid-argument') return 'cannot be written'
    throw error instanceof MsrpError ? new Error(`what was read cannot be written: ${error.message}`) : error
  }
  const [before, after] = [part(value), part(parse(text))].map((it) => JSON.stringify(it))
  if (before !== after) throw new Error(`written as ${text}, ${before} is read as ${after}`)
  return before
}

function again(uri: MsrpUri): string {
  if (MsrpUri.parse(String(uri)).key !== uri.key) throw new Error(`${uri} is another URI when read again`)
  const { scheme, userinfo, host, port, sessionId, transport, parameters, isNumericHost, secure } = uri
  try {
    const built = MsrpUri.build({ scheme, userinfo, host, port, sessionId, transport, parameters })
    if (!built.equals(uri)) throw new Error(`${uri} is built as ${built}`)
  } catch (error) {
    if (!(error instanceof MsrpError) || error.code !== 'invalid-argument') throw error
  }
  return `${formatPath([uri])} ${uri.key} ${uri.authorityKey} ${isNumericHost} ${secure} ${JSON.stringify(uri)}`
}

function disposition({ fields }: Head): unknown {
  const found = parseContentDisposition(fields.get('Content-Disposition') ?? '')
  return againAs(
    found,
    formatContentDisposition,
    (text) => parseContentDisposition(text) ?? { type: '' },
    (it) => it.type,
    true,
  )
}

// What a relay makes of a head has the same lines but the paths, and nothing more: nothing can be smuggled in.
function rewritten(head: Head): void {
  const paths = { transactionId: ID, paths: encodePaths(OWN.slice(1), OWN) }
  const written =
    head.kind === 'response'
      ? rewriteResponse(head, paths)
      : Buffer.concat([
          rewriteRequestHead(head, paths),
          Buffer.from(head.hasBody ? `\r\n-------${ID}$\r\n` : `-------${ID}$\r\n`),
        ])
  const { chunks, error } = trace(written, [], { headerBlockBytes: 1 << 20, headerLineBytes: 1 << 20 })
  const [one] = chunks
  const same = one?.head.kind === head.kind && one.flag === '$' && lines(one.head) === lines(head)
  if (error !== undefined || chunks.length !== 1 || !same)
    throw new Error(`rewritten, it is read as something else: ${error}`)
}

function lines(head: Head): string {
  const others: Field[] = [...head.fields.entries()].filter(([name]) => !/^(to|from)-path$/i.test(name))
  return JSON.stringify(others)
}
