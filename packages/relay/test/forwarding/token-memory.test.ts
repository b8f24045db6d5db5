import { queryObjects } from 'node:v8'
import { nodeHash, nodeRandom } from 'msrp/node'
import {
  digestResponse,
  encodeEndLine,
  encodeRequest,
  formatCredentials,
  ha1,
  newTransactionId,
  parsePath,
} from 'msrp/wire'
import { describe, expect, it } from 'vitest'
import { memoryPair } from '../../../msrp/test/transport/memory-transport.ts'
import { Token } from '../../src/forwarding/token.ts'
import { Network, RELAY, settle } from './network.ts'

const TOKENS = 4000
/** Long enough to be a part of the header that it came in, and not a text by itself. */
const USERNAME = 'alice-with-a-long-name'

/** Bytes in use. */
function heap(): number {
  // Collects the garbage as well.
  queryObjects(Token, { format: 'count' })
  return process.memoryUsage().heapUsed
}

/** What each of many tokens costs that a client gets with such a header, in bytes. */
async function costOf({ uri, padding }: { uri: (count: number) => string; padding: number }): Promise<number> {
  const network = new Network({ tokensPerConnection: TOKENS })
  network.passwords.set(USERNAME, 'wonderland')
  const pair = memoryPair({ secure: true })
  network.relay.accept(pair.right, [])
  let last = ''
  pair.left.start({
    onData: (bytes) => {
      last = Buffer.from(bytes).toString()
    },
    onDrain: () => {},
    onClose: () => {},
  })
  const ask = async (count: number, fields: [string, string][]): Promise<void> => {
    const transactionId = newTransactionId(nodeRandom)
    const [toPath, fromPath] = [parsePath(RELAY), parsePath(uri(count))]
    pair.left.write(encodeRequest({ transactionId, method: 'AUTH', toPath, fromPath, fields }))
    pair.left.write(encodeEndLine(transactionId, '$', { afterBody: false }))
    await settle()
  }
  await ask(0, [])
  const nonce = /nonce="([^"]+)"/.exec(last)?.[1] ?? ''
  const before = heap()
  for (let count = 1; count <= TOKENS; count++) {
    const nc = count.toString(16).padStart(8, '0')
    const [realm, cnonce, algorithm] = ['example.com', 'c0ffee', 'md5'] as const
    const input = { algorithm, ha1: ha1(nodeHash, 'md5', USERNAME, realm, 'wonderland'), nonce, nc, cnonce, uri: RELAY }
    const response = digestResponse(nodeHash, input)
    const value = formatCredentials({ username: USERNAME, realm, nonce, uri: RELAY, response, algorithm, cnonce, nc })
    await ask(count, [['Authorization', `${value}, padding="${'x'.repeat(padding)}"`]])
  }
  expect(network.relay.tokens).toBe(TOKENS)
  return (heap() - before) / TOKENS
}

describe('a token', () => {
  // See "Memory" there: by this many tokens are limited.
  it.each([
    ['that is as short as usual', (count: number) => `msrps://alice.invalid:9000/${count};tcp`, 0],
    [
      'that is as long as it may be',
      (count: number) => `msrps://alice.invalid:9000/${'a'.repeat(980)}${count};tcp`,
      7000,
    ],
  ])('costs no more memory than docs/relay.md says, for a header %s', async (_, uri, padding) => {
    expect(await costOf({ uri, padding })).toBeLessThan(4096)
  })
})
