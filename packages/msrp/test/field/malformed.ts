import { lines } from './arrivals.ts'
import type { Paths } from './sent-by-peers.ts'

/** A SEND that is wrong. `paths`: the lines of its paths, right when absent. */
export interface MalformedRequest {
  readonly name: string
  readonly paths?: (to: string, from: string) => string[]
  readonly fields?: readonly string[]
}

const RIGHT = ['Message-ID: m1234', 'Byte-Range: 1-5/5', 'Content-Type: text/plain']

/** Nobody knows where an answer would have to go, or whether the next hop reads the same. */
export const withoutSoundPaths: readonly MalformedRequest[] = [
  { name: 'no To-Path', paths: (_, from) => [`From-Path: ${from}`] },
  { name: 'no From-Path', paths: (to) => [`To-Path: ${to}`] },
  { name: 'two To-Paths', paths: (to, from) => [`To-Path: ${to}`, `From-Path: ${from}`, `To-Path: ${to}`] },
  {
    name: 'two To-Paths, one in other letters',
    paths: (to, from) => [`To-Path: ${to}`, `TO-PATH: ${to}`, `From-Path: ${from}`],
  },
  { name: 'two From-Paths', paths: (to, from) => [`To-Path: ${to}`, `From-Path: ${from}`, `From-Path: ${from}`] },
  {
    name: 'two From-Paths, one in other letters',
    paths: (to, from) => [`To-Path: ${to}`, `from-path: ${from}`, `From-Path: ${from}`],
  },
  { name: 'an empty To-Path', paths: (_, from) => ['To-Path: ', `From-Path: ${from}`] },
  { name: 'an empty From-Path', paths: (to) => [`To-Path: ${to}`, 'From-Path:'] },
  { name: 'a To-Path of another scheme', paths: (to, from) => [`To-Path: ${to} http://x/;tcp`, `From-Path: ${from}`] },
  { name: 'a To-Path without transport', paths: (to, from) => [`To-Path: ${to} msrp://x:1/y`, `From-Path: ${from}`] },
  { name: 'a From-Path with a password', paths: (to) => [`To-Path: ${to}`, 'From-Path: msrp://a:b@x:1/y;tcp'] },
]

/** Everything else can be answered. */
export const withSoundPaths: readonly MalformedRequest[] = [
  { name: 'no Message-ID', fields: RIGHT.slice(1) },
  { name: 'two Message-IDs', fields: [...RIGHT, 'message-id: m1235'] },
  { name: 'a Message-ID that is none', fields: ['Message-ID: <m1234@x>', ...RIGHT.slice(1)] },
  { name: 'a Message-ID of 65 characters', fields: [`Message-ID: ${'m'.repeat(65)}`, ...RIGHT.slice(1)] },
  { name: 'a Byte-Range from 0 on', fields: ['Message-ID: m1234', 'Byte-Range: 0-5/5', 'Content-Type: text/plain'] },
  { name: 'a Byte-Range that is none', fields: ['Message-ID: m1234', 'Byte-Range: all', 'Content-Type: text/plain'] },
  { name: 'two Byte-Ranges', fields: [...RIGHT, 'Byte-Range: 1-5/5'] },
  { name: 'a Success-Report that is none', fields: [...RIGHT, 'Success-Report: perhaps'] },
  { name: 'a Failure-Report that is none', fields: [...RIGHT, 'Failure-Report: perhaps'] },
  { name: 'a line without colon', fields: [...RIGHT, 'a line of its own'] },
  { name: 'a name with a blank', fields: [...RIGHT, 'X Name: x'] },
  { name: 'a body and no Content-Type', fields: RIGHT.slice(0, 2) },
]

export function malformedText(request: MalformedRequest, { to, from }: Paths, transactionId: string): string {
  const { paths = (toPath, fromPath) => [`To-Path: ${toPath}`, `From-Path: ${fromPath}`], fields = RIGHT } = request
  return lines(
    `MSRP ${transactionId} SEND`,
    paths(to.join(' '), from),
    fields,
    ['', 'hello'],
    `-------${transactionId}$`,
  )
}

/** For `test.each`: what there is twice is a mistake of relays as well. */
export function named(requests: readonly MalformedRequest[]): (readonly [name: string, request: MalformedRequest])[] {
  return requests.map((request) => [
    request.name.startsWith('two ') && request.paths !== undefined ? `${request.name} (FIELD-relay-18)` : request.name,
    request,
  ])
}
