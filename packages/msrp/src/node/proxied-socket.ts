import type { Socket } from 'node:net'
import { asMsrpError } from '../wire/as-msrp-error.ts'
import { MsrpError } from '../wire/index.ts'
import { type ProxyHeader, readProxyHeader } from './proxy-header.ts'

/**
 * Takes the header of the PROXY protocol off a connected socket that nobody has read from. What follows it stays there to
 * be read, be it by a TLS handshake. `done` is called once, never at once: with the header, or with MsrpError `malformed`,
 * `timeout` (ms) or `connection-lost`, and whoever is called then closes the socket.
 */
export function takeProxyHeader(
  socket: Socket,
  timeout: number,
  done: (header: ProxyHeader | MsrpError) => void,
): void {
  let bytes: Buffer = Buffer.alloc(0)
  const settle = (header: ProxyHeader | MsrpError): void => {
    clearTimeout(timer)
    socket.off('readable', look)
    socket.off('end', onEnd)
    socket.off('close', onEnd)
    done(header)
  }
  const look = (): void => {
    try {
      for (let piece: Buffer | null = socket.read(); piece !== null; piece = socket.read()) {
        bytes = Buffer.concat([bytes, piece])
        const header = readProxyHeader(bytes)
        if (header === undefined) continue
        if (bytes.length > header.length) socket.unshift(bytes.subarray(header.length))
        settle(header)
        return
      }
    } catch (error) {
      settle(asMsrpError(error, 'internal', 'The PROXY header could not be read'))
    }
  }
  const onEnd = (): void => {
    settle(new MsrpError('connection-lost', 'closed before its PROXY header was complete'))
  }
  const timer = setTimeout(() => settle(new MsrpError('timeout', 'no PROXY header in time')), timeout)
  // Stays: what a socket reports after it was given up must not end the process.
  socket.on('error', () => {})
  socket.on('readable', look)
  socket.on('end', onEnd)
  socket.on('close', onEnd)
}
