import { createSocket } from 'node:dgram'
import { once } from 'node:events'

/** What a name server answers for a name: records, an answer code (3: no such name), or nothing at all. */
export type SrvAnswer =
  | readonly (readonly [priority: number, weight: number, port: number, target: string])[]
  | number
  | 'silence'

/** A name server on loopback that knows SRV records and nothing else. */
export async function srvServer(
  answers: Readonly<Record<string, SrvAnswer>>,
): Promise<{ address: string; stop(): void }> {
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    const { name, end } = readName(query)
    const answer = answers[name] ?? 3
    if (answer === 'silence') return
    const records = typeof answer === 'number' ? [] : answer.map(srvRecord)
    const header = Buffer.alloc(12)
    query.copy(header, 0, 0, 2)
    header.writeUInt16BE(0x8180 | (typeof answer === 'number' ? answer : 0), 2)
    header.writeUInt16BE(1, 4)
    header.writeUInt16BE(records.length, 6)
    socket.send(Buffer.concat([header, query.subarray(12, end + 4), ...records]), from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return { address: `127.0.0.1:${socket.address().port}`, stop: () => socket.close() }
}

function readName(query: Buffer): { name: string; end: number } {
  const labels: string[] = []
  let at = 12
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 }
}

function srvRecord([priority, weight, port, target]: readonly [number, number, number, string]): Buffer {
  const labels = target.split('.').filter((label) => label !== '')
  const name = Buffer.from(`${labels.map((label) => String.fromCharCode(label.length) + label).join('')}\0`, 'latin1')
  const record = Buffer.alloc(18)
  record.writeUInt16BE(0xc00c, 0)
  record.writeUInt16BE(33, 2)
  record.writeUInt16BE(1, 4)
  record.writeUInt32BE(0, 6)
  record.writeUInt16BE(6 + name.length, 10)
  record.writeUInt16BE(priority, 12)
  record.writeUInt16BE(weight, 14)
  record.writeUInt16BE(port, 16)
  return Buffer.concat([record, name])
}
