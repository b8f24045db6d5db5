// Something that speaks MSRP and is no session: it answers every request that comes in with 200, and prints what it is.
// For gateways, tests and tools, on the parts that sessions and the relay are made of.
//
//   npx node examples/responder.ts

import { MsrpConnection } from 'msrp/connection'
import { listenSockets, nodeClock, nodeRandom, type SocketTransport } from 'msrp/node'
import {
  ChunkParser,
  encodeResponse,
  type MsrpError,
  MsrpUri,
  newSessionId,
  type RequestHead,
  requestFlaw,
} from 'msrp/wire'

function serve(transport: SocketTransport): void {
  let head: RequestHead | undefined
  let bodyBytes = 0
  // Nothing is sent here that would be answered, hence nothing is remembered for requests of our own.
  const connection = new MsrpConnection<never>({
    transport,
    clock: nodeClock,
    random: nodeRandom,
    reader: ChunkParser,
    handler: {
      request: (next) => {
        head = next
        bodyBytes = 0
      },
      // The bytes are lent: whoever wants them later copies them.
      requestBody: (bytes) => {
        bodyBytes += bytes.length
      },
      requestEnd: (flag) => {
        if (head === undefined) return
        console.log(`${head.method} ${head.fields.get('Message-ID') ?? ''}: ${bodyBytes} bytes, ${flag}`)
        // RFC 4975 §7.1.2: no response to REPORT.
        if (head.method !== 'REPORT') connection.send(answer(head))
      },
      response: () => {},
      timeout: () => {},
      unsent: () => {},
      closed: (error: MsrpError | undefined) => console.log(`closed${error === undefined ? '' : `: ${error.message}`}`),
    },
  })
  connection.start()
}

/** RFC 4975 §7.2: to the hop that the request came from, under the URI that it names us by. */
function answer(head: RequestHead): Uint8Array {
  const { toPath, fromPath } = head.fields.paths
  const flaw = requestFlaw(head)
  return encodeResponse({
    transactionId: head.transactionId,
    status: flaw === undefined ? 200 : 400,
    ...(flaw !== undefined && { comment: flaw }),
    toPath: fromPath.slice(0, 1),
    fromPath: toPath.slice(0, 1),
  })
}

const listener = await listenSockets({ host: '127.0.0.1', port: 0, onTransport: serve })
const { port } = listener.address
const uri = MsrpUri.build({ scheme: 'msrp', host: '127.0.0.1', port, sessionId: newSessionId(nodeRandom) })
console.log(`${uri}`)
process.once('SIGINT', () => listener.close())
