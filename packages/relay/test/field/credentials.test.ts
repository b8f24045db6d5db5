import { describe, expect, it } from 'vitest'
import { idOf, lines, piecesOf } from '../../../msrp/test/field/arrivals.ts'
import { authorization, Network, type Node, RELAY, settle } from '../forwarding/network.ts'

type Change = (authorization: string) => string

async function setUp(): Promise<Node> {
  const network = new Network({ tokensPerConnection: 100_000, authFailures: 100_000 })
  return network.connect({ uri: 'msrps://alice.invalid:9000/alice;tcp' })
}

/** The statuses that an AUTH gets in every way in which it can arrive; its nonce is used with a higher count each time. */
async function statuses(client: Node, change: Change, uri: string = RELAY): Promise<Set<number>> {
  const challenged = await client.challenge()
  const seen = new Set<number>()
  for (let attempt = 0, length = 1; attempt <= length; attempt++) {
    const nc = (attempt + 1).toString(16).padStart(8, '0')
    const value = change(authorization(challenged, 'alice', 'wonderland', { nc, toPath: [uri] }))
    const id = idOf(attempt)
    const bytes = Buffer.from(
      lines(
        `MSRP ${id} AUTH`,
        `To-Path: ${RELAY}`,
        `From-Path: ${client.uri}`,
        `Authorization: ${value}`,
        `-------${id}$`,
      ),
    )
    ;({ length } = bytes)
    for (const piece of piecesOf(bytes, attempt)) {
      client.write(piece)
      await settle()
    }
    seen.add((await client.response(id)).head.status)
  }
  return seen
}

const without =
  (name: string): Change =>
  (value) =>
    value.replace(new RegExp(`,? *\\b${name}=("[^"]*"|[^," ]+)`), '')

describe('credentials are taken, however they arrive,', () => {
  it.each<[string, Change]>([
    ['with uri (FIELD-liberal-2)', (value) => value],
    ['without uri (FIELD-liberal-2)', without('uri')],
    ['with nc and qop that are not quoted (FIELD-liberal-3)', (value) => value],
    ['with nc in quotes (FIELD-liberal-3)', (value) => value.replace(/nc=(\w+)/, 'nc="$1"')],
    ['with qop in quotes (FIELD-liberal-3)', (value) => value.replace('qop=auth', 'qop="auth"')],
    ['with opaque (FIELD-liberal-4)', (value) => value],
    ['without opaque (FIELD-liberal-4)', without('opaque')],
    ['with algorithm in quotes (FIELD-liberal-3)', (value) => value.replace('algorithm=MD5', 'algorithm="MD5"')],
    ['with no blank behind the commas (FIELD-liberal-3)', (value) => value.replaceAll(', ', ',')],
  ])('%s', async (_, change) => {
    const client = await setUp()
    expect(change('Digest uri="u", qop=auth, nc=00000001, opaque="o", algorithm=MD5')).toBeTypeOf('string')
    expect(await statuses(client, change)).toEqual(new Set([200]))
  })
})

describe('credentials are refused, however they arrive, though their response is right for their uri,', () => {
  it.each([
    ['that of another relay', 'msrps://other.example.com:2855;tcp'],
    ['that of the relay in other letters', 'msrps://RELAY.example.com:2855;tcp'],
    ['that of a token', 'msrps://relay.example.com:2855/token;tcp'],
  ])('%s (FIELD-liberal-2)', async (_, uri) => {
    const same: Change = (value) => value
    expect(await statuses(await setUp(), same, uri)).toEqual(new Set([401]))
    // Nor is it right for To-Path when it says no uri.
    expect(await statuses(await setUp(), without('uri'), uri)).toEqual(new Set([401]))
  })
})

it('the response of credentials is over the rightmost URI of To-Path as it was written (FIELD-strict-10)', async () => {
  const client = await setUp()
  for (const written of [RELAY, 'msrps://RELAY.example.com:2855;tcp', 'msrps://relay.example.com:2855;tcp;flag']) {
    const response = await client.authenticate('alice', 'wonderland', { toPath: [written] })
    expect(response.head.status).toBe(200)
  }
})
