// A `tls.Server` that holds silent connections:  bare-tls-server.ts PORT CERTIFICATE KEY

import { readFileSync } from 'node:fs'
import { createServer } from 'node:tls'

const [port, chain = '', key = ''] = process.argv.slice(2)

const server = createServer({ cert: readFileSync(chain), key: readFileSync(key) }, (socket) => {
  // Without somebody who reads, Node.js would not see its end.
  socket.resume()
  socket.on('error', () => socket.destroy())
})
server.listen(Number(port), '127.0.0.1')
