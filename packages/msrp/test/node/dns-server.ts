import { createSocket } from 'node:dgram'
import { once } from 'node:events'

/** Types of records (RFC 1035, 3596, 2782). */
const A = 1
const AAAA = 28
const SRV = 33

/** What a name server answers for a name: records, an answer code (3: no such name), or nothing at all. */
export type SrvAnswer =
  | readonly (readonly [priority: number, weight: number, port: number, target: string])[]
  | number
  | 'silence'

/** What it answers for the addresses of a host, by family; a family that is absent has none. */
export interface HostAnswer {
  readonly four?: readonly string[] | 'silence'
  readonly six?: readonly string[] | 'silence'
}

/** A name server on loopback that knows what it is given, and that no other name exists. */
export interface DnsServer {
  readonly address: string
  /** The names that it was asked for, as often as it was. */
  readonly asked: readonly string[]
  stop(): void
}

/** Starts one. */
export async function dnsServer(answers: {
  services?: Readonly<Record<string, SrvAnswer>>
  hosts?: (name: string) => HostAnswer | undefined
}): Promise<DnsServer> {
  const socket = createSocket('udp4')
  const asked: string[] = []
  const answerOf = (name: string, type: number): Buffer[] | number | 'silence' => {
    if (type === SRV) {
      const answer = answers.services?.[name] ?? 3
      return typeof answer === 'object' ? answer.map(srvRecord) : answer
    }
    const host = answers.hosts?.(name)
    if (host === undefined) return 3
    const addresses = (type === A ? host.four : host.six) ?? []
    return addresses === 'silence' ? addresses : addresses.map((address) => addressRecord(type, address))
  }
  socket.on('message', (query, from) => {
    const { name, end } = readName(query)
    asked.push(name)
    const answer = answerOf(name, query.readUInt16BE(end))
    if (answer === 'silence') return
    const records = typeof answer === 'number' ? [] : answer
    const header = Buffer.alloc(12)
    query.copy(header, 0, 0, 2)
    header.writeUInt16BE(0x8180 | (typeof answer === 'number' ? answer : 0), 2)
    header.writeUInt16BE(1, 4)
    header.writeUInt16BE(records.length, 6)
    socket.send(Buffer.concat([header, query.subarray(12, end + 4), ...records]), from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return { address: `127.0.0.1:${socket.address().port}`, asked, stop: () => socket.close() }
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
  const data = Buffer.alloc(6)
  data.writeUInt16BE(priority, 0)
  data.writeUInt16BE(weight, 2)
  data.writeUInt16BE(port, 4)
  return record(SRV, Buffer.concat([data, name]))
}

/** IPv6 addresses are given with all their eight groups. */
function addressRecord(type: number, address: string): Buffer {
  if (type !== AAAA) return record(A, Buffer.from(address.split('.').map(Number)))
  const groups = address.split(':').map((group) => group.padStart(4, '0'))
  return record(AAAA, Buffer.from(groups.join(''), 'hex'))
}

/** A record for the name that was asked for. */
function record(type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(12)
  head.writeUInt16BE(0xc00c, 0)
  head.writeUInt16BE(type, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt32BE(0, 6)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}
