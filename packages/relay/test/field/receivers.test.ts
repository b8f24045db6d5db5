import { describe, expect, it } from 'vitest'
import { idOf, inEveryWay, piecesOf } from '../../../msrp/test/field/arrivals.ts'
import { named, type ReceiverText, reports, responses } from '../../../msrp/test/field/written-by-receivers.ts'
import { type Arrived, Network, type Node, settle } from '../forwarding/network.ts'

async function setUp(): Promise<{ network: Network; alice: Node; bob: Node; path: string[] }> {
  const network = new Network()
  const alice = await network.client('alice')
  const bob = await network.client('bob')
  return { network, alice, bob, path: [alice.token, ...bob.path] }
}

/** Bob writes `text` about a message of Alice's, in every way in which it can arrive, a new message each time. */
async function aboutEach(
  { alice, bob, path }: { alice: Node; bob: Node; path: string[] },
  text: ReceiverText,
  after: (text: string) => void = () => {},
): Promise<void> {
  for (let attempt = 0, length = 1; attempt <= length; attempt++) {
    alice.send(path, 'hello', [['Message-ID', idOf(attempt, 'mid')]])
    await settle()
    await settle()
    const { head } = bob.requests.at(-1) as Arrived & (typeof bob.requests)[number]
    const written = text.text({
      transactionId: head.transactionId,
      messageId: idOf(attempt, 'mid'),
      fromPath: head.fields.fromPath.map(String),
      toPath: head.fields.toPath.map(String),
      ownId: idOf(attempt),
    })
    const bytes = Buffer.from(written)
    ;({ length } = bytes)
    for (const piece of piecesOf(bytes, attempt)) {
      bob.write(piece)
      await settle()
    }
    await settle()
    after(written)
  }
}

/** The lines behind the paths of each REPORT in a text. */
function reportFields(text: string): string[] {
  return [...text.matchAll(/ REPORT\r\nTo-Path: .*\r\nFrom-Path: .*\r\n((?:(?!-------).*\r\n)*)/g)].map(
    ([, fields]) => fields!,
  )
}

describe('a relay passes on as it is, however it arrives,', () => {
  it.each(named(reports))('%s', async (_, text) => {
    const { network, alice, bob, path } = await setUp()
    const before = alice.received.length
    let passed: string[] = []
    await aboutEach({ alice, bob, path }, text, (written) => {
      passed = [...passed, ...reportFields(written)]
    })
    expect(reportFields(alice.received.subarray(before).toString())).toEqual(passed)
    expect(bob.responses.filter(({ head }) => head.status !== 401 && head.status !== 200)).toEqual([])
    expect([alice.closed, bob.closed]).toEqual([false, false])
    await network.relay.close(0)
  })
})

describe('a relay counts a response with', () => {
  it.each(named(responses))('%s, however it arrives', async (_, text) => {
    const { network, alice, bob, path } = await setUp()
    await aboutEach({ alice, bob, path }, text)
    // Otherwise each would be reported by now.
    await network.clock.advance(31_000)
    expect(alice.reports).toEqual([])
    expect([alice.closed, bob.closed]).toEqual([false, false])
  })
})

it('a 200 to a REPORT goes no further, however it arrives (FIELD-liberal-11)', async () => {
  const { alice, bob, path } = await setUp()
  alice.send(path, 'hello')
  await settle()
  bob.respond(bob.requests[0])
  bob.report(bob.requests[0])
  await settle()
  const { transactionId, fields } = alice.requests[0]!.head
  const before = bob.received.length
  const paths = `To-Path: ${fields.fromPath.join(' ')}\r\nFrom-Path: ${fields.toPath.join(' ')}\r\n`
  await inEveryWay(
    () => `MSRP ${transactionId} 200 Report received\r\n${paths}-------${transactionId}$\r\n`,
    async (piece) => {
      alice.write(piece)
      await settle()
    },
  )
  expect(bob.received).toHaveLength(before)
  expect([alice.closed, bob.closed]).toEqual([false, false])
  const more = alice.send(path, 'more')
  expect((await alice.response(more)).head.status).toBe(200)
})

it.each(['no', 'partial'])(
  'a 200 that Failure-Report %s did not ask for does no harm (FIELD-liberal-17)',
  async (value) => {
    const { network, alice, bob, path } = await setUp()
    const sent = alice.send(path, 'hello', [['Failure-Report', value]])
    await settle()
    bob.respond(bob.requests[0])
    await settle()
    expect(alice.statuses(sent)).toEqual([])
    await network.clock.advance(31_000)
    expect(alice.reports).toEqual([])
    expect([alice.closed, bob.closed]).toEqual([false, false])
  },
)
