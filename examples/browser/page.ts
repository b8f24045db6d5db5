// What runs in the page: see serve.ts.

import { Endpoint, type IncomingMessage, type PreparedSession, type RelayOptions, type Session } from 'msrp/browser'

const endpoint = new Endpoint()
let prepared: PreparedSession | undefined
let session: Session | undefined

onSubmit('login', async (form) => {
  const relay: RelayOptions = {
    uri: field(form, 'url').value,
    username: field(form, 'username').value,
    password: field(form, 'password').value,
    // Many peers refuse a path that ends with ;ws.
    localTransport: field(form, 'tcp').checked ? 'tcp' : 'ws',
  }
  prepared = await endpoint.prepare({ relay, remotePath: 'first' })
  element('path').textContent = prepared.localPath
  enable('call')
  void awaitCalls(prepared)
})

onSubmit('call', async (form) => {
  if (prepared === undefined) return
  void talk(await prepared.complete(field(form, 'path').value, { active: true }))
})

onSubmit('talk', async (form) => {
  const [text, file] = [field(form, 'text'), field(form, 'file')]
  if (text.value !== '') await send(text.value)
  for (const one of file.files ?? []) await send(one)
  form.reset()
})

async function awaitCalls(waiting: PreparedSession): Promise<void> {
  for await (const called of waiting.sessions()) void talk(called)
}

async function talk(begun: Session): Promise<void> {
  session = begun
  enable('talk')
  line('', 'connected')
  for await (const message of begun) await receive(message)
  line('', 'the session has ended')
}

async function send(body: string | File): Promise<void> {
  if (session === undefined) return
  const isFile = typeof body !== 'string'
  const entry = line('sent', isFile ? body.name : body)
  const bar = isFile ? progress(entry, body.size) : undefined
  const sent = session.send(body, {
    ...(isFile ? { fileName: body.name } : {}),
    onProgress: ({ confirmed }) => {
      if (bar) bar.value = confirmed
    },
  })
  await sent.delivered
  entry.dataset.state = 'delivered'
  entry.append(' ✓')
}

async function receive(message: IncomingMessage): Promise<void> {
  if (message.fileName === undefined) {
    line('received', await message.text())
    return
  }
  const entry = line('received', '')
  const bar = progress(entry, message.size)
  const pieces: Uint8Array<ArrayBuffer>[] = []
  let received = 0
  const reader = message.stream().getReader()
  for (let { value, done } = await reader.read(); !done; { value, done } = await reader.read()) {
    if (value === undefined) continue
    pieces.push(new Uint8Array(value))
    received += value.length
    bar.value = received
  }
  const blob = new Blob(pieces, { type: message.contentType })
  const link = document.createElement('a')
  // The name is a stranger's, but as that of a download a browser takes it for a name and nothing else.
  link.download = message.fileName
  link.href = URL.createObjectURL(blob)
  link.textContent = message.fileName
  const digest = document.createElement('small')
  digest.textContent = `${blob.size} bytes, SHA-256 ${await sha256(blob)}`
  entry.append(link, document.createElement('br'), digest)
  entry.dataset.state = 'complete'
}

async function sha256(blob: Blob): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer())
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

function line(kind: string, text: string): HTMLLIElement {
  const entry = document.createElement('li')
  entry.className = kind
  entry.textContent = text
  element('log').append(entry)
  return entry
}

function progress(entry: HTMLElement, size: number | undefined): HTMLProgressElement {
  const bar = document.createElement('progress')
  if (size !== undefined) bar.max = size
  entry.append(bar)
  return bar
}

function onSubmit(id: string, action: (form: HTMLFormElement) => Promise<void>): void {
  const form = element(id) as HTMLFormElement
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    action(form).catch((error: Error) => line('failed', error.message))
  })
}

function field(form: HTMLFormElement, name: string): HTMLInputElement {
  return form.elements.namedItem(name) as HTMLInputElement
}

function enable(id: string): void {
  const fieldset = element(id).querySelector('fieldset')
  if (fieldset) fieldset.disabled = false
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no #${id}`)
  return found
}
