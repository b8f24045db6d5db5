import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A request as a peer sees it that knows just enough of MSRP to answer, and to answer wrongly on purpose. */
export interface RawRequest {
  method: string
  hasBody: boolean
  body: string
  /** A response to it. */
  answer(status: number): string
  /** A success REPORT for bytes of it. */
  report(start: number, end: number): string
}

export interface RawPeer {
  /** For `--to`. */
  path: string
  /** Bodies of the requests so far. */
  bodies: string[]
  /** Resolves when what came matches. */
  received(pattern: RegExp): Promise<void>
  close(): Promise<void>
}

/**
 * A TCP server on loopback that answers each request with whatever `onRequest` returns, or the first bytes, whatever they
 * are, with `noise`. With neither it is silent.
 */
export async function rawPeer(
  options: {
    /** `write` is for what comes later than the answer that is returned. */
    onRequest?: (request: RawRequest, write: (text: string) => void) => string
    noise?: string
    hangUpAfter?: number
    resetAfter?: number
  } = {},
): Promise<RawPeer> {
  const sockets = new Set<Socket>()
  const bodies: string[] = []
  let all = ''
  let count = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    let text = ''
    socket.setEncoding('latin1')
    socket.on('error', () => {})
    socket.on('data', (piece: string) => {
      if (options.noise !== undefined) {
        socket.end(options.noise)
        return
      }
      text += piece
      all += piece
      for (;;) {
        const [whole, id] = /^MSRP (\S+) [A-Z]+\r\n.*?\r\n-------\1[$+#]\r\n/s.exec(text) ?? []
        if (whole === undefined || id === undefined) break
        text = text.slice(whole.length)
        const request = parse(whole, id)
        if (request.hasBody) bodies.push(request.body)
        count++
        socket.write(options.onRequest?.(request, (later) => socket.write(later, 'latin1')) ?? '', 'latin1')
        if (count === options.hangUpAfter) socket.end()
        if (count === options.resetAfter) socket.resetAndDestroy()
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    if (server.listening) await new Promise((resolve) => server.close(resolve))
  }
  onTestFinished(close)
  return {
    path: `msrp://127.0.0.1:${port}/raw;tcp`,
    bodies,
    close,
    async received(pattern) {
      const deadline = Date.now() + 10_000
      while (!pattern.test(all)) {
        if (Date.now() > deadline) throw new Error(`${pattern} did not come, but: ${all}`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
  }
}

function parse(whole: string, id: string): RawRequest {
  const field = (name: string): string => new RegExp(`^${name}: (.*)\r$`, 'm').exec(whole)?.[1] ?? ''
  const [head = '', rest] = split(whole, '\r\n\r\n')
  const body = rest === undefined ? '' : rest.slice(0, rest.lastIndexOf(`\r\n-------${id}`))
  const back = `To-Path: ${field('From-Path')}\r\nFrom-Path: ${field('To-Path')}\r\n`
  return {
    method: head.split(/[ \r]/)[2] ?? '',
    hasBody: rest !== undefined,
    body,
    answer: (status) => `MSRP ${id} ${status} As told\r\n${back}-------${id}$\r\n`,
    report: (start, end) => {
      const total = field('Byte-Range').split('/')[1]
      const fields = `Message-ID: ${field('Message-ID')}\r\nByte-Range: ${start}-${end}/${total}\r\nStatus: 000 200 OK\r\n`
      return `MSRP r${id} REPORT\r\n${back}${fields}-------r${id}$\r\n`
    },
  }
}

function split(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)]
}
