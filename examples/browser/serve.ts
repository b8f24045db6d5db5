// A page that chats and exchanges files by MSRP, from a browser through a relay (RFC 7977).
//
//   npx node examples/browser/serve.ts [PORT]      (/ for the chat, /file-drop.html for files alone)
//
// Start the relay of relay.toml first: npx msrp relay --config examples/browser/relay.toml. docs/browser.md says what comes
// next. There is no build: the sources are served as they are, without their types.

import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'

/** What a path begins with, and where that lies. */
const folders = {
  '/msrp/': new URL('../', import.meta.resolve('msrp/browser')),
  '/noble/': new URL('./', import.meta.resolve('@noble/hashes/utils.js')),
  '/': new URL('./', import.meta.url),
}

const types: Record<string, string> = { html: 'text/html', ts: 'text/javascript', js: 'text/javascript' }

const server = createServer(async (request, response) => {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname.replace(/\/$/, '/index.html')
  const type = types[path.slice(path.lastIndexOf('.') + 1)]
  const [prefix, folder] = Object.entries(folders).find(([prefix]) => path.startsWith(prefix)) ?? []
  try {
    if (type === undefined || prefix === undefined || folder === undefined) throw new Error('not served')
    const text = await readFile(fileURLToPath(new URL(path.slice(prefix.length), folder)), 'utf8')
    response.setHeader('Content-Type', `${type}; charset=utf-8`)
    response.end(path.endsWith('.ts') ? stripTypeScriptTypes(text) : text)
  } catch {
    response.writeHead(404).end()
  }
})

server.on('error', ({ message }) => {
  console.error(`${message}: another port can be given`)
  process.exit(1)
})
server.listen(Number(process.argv[2] ?? 8080), '127.0.0.1', () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}/`)
})
