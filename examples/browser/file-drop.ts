// Two people, one page each: what one drops the other has, of any size, without it ever being all in memory. See serve.ts.

import { Endpoint, fileSink, type IncomingMessage, type PreparedSession, type Session } from 'msrp/browser'

const endpoint = new Endpoint()
let prepared: PreparedSession
let session: Session

onSubmit('login', async ({ url = '', username = '', password = '' }) => {
  prepared = await endpoint.prepare({ relay: { uri: url, username, password }, remotePath: 'first' })
  find('#address').textContent = prepared.localPath
  for await (const arrived of prepared.sessions()) void exchange(arrived)
})

onSubmit('connect', async ({ address = '' }) => exchange(await prepared.complete(address, { active: true })))

async function exchange(begun: Session): Promise<void> {
  session = begun
  find('#drop').inert = false
  for await (const message of begun) {
    const name = message.fileName ?? 'a text'
    void show(name, message.size, () => message.received, receive(message))
  }
  find('#drop').inert = true
}

function send(files: Iterable<File>): void {
  for (const file of files) {
    const sent = session.send(file, { fileName: file.name })
    const delivered = sent.delivered.then(() => 'delivered')
    void show(file.name, file.size, () => sent.confirmed.bytes, delivered)
  }
}

async function receive(message: IncomingMessage): Promise<HTMLElement> {
  const file = await stored(message)
  // The name is a stranger's, but as that of a download a browser takes it for a name and nothing else.
  const link = { href: URL.createObjectURL(file), download: message.fileName ?? '', textContent: 'save' }
  return Object.assign(document.createElement('a'), link)
}

/** Takes a message to the page's own part of the disk, or where the browser does not let it, into a Blob. */
async function stored(message: IncomingMessage): Promise<Blob> {
  if (!('createWritable' in FileSystemFileHandle.prototype)) return message.blob()
  const folder = await navigator.storage.getDirectory()
  const handle = await folder.getFileHandle(crypto.randomUUID(), { create: true })
  await message.saveTo(await fileSink(handle, { created: true }))
  return handle.getFile()
}

/** A line with a bar for as long as something is under way, and then with what came of it. */
async function show(
  name: string,
  size: number | undefined,
  done: () => number,
  outcome: Promise<string | HTMLElement>,
): Promise<void> {
  const line = document.createElement('li')
  const bar = Object.assign(document.createElement('progress'), { max: size || 1 })
  const result = document.createElement('span')
  line.append(name, bar)
  find('#files').append(line)
  const timer = setInterval(() => {
    bar.value = done()
  }, 100)
  try {
    result.append(await outcome)
    line.className = 'done'
  } catch (error) {
    result.append((error as Error).message)
    line.className = 'failed'
  }
  clearInterval(timer)
  bar.replaceWith(result)
}

const area = find('#drop')
area.addEventListener('change', ({ target }) => send((target as HTMLInputElement).files ?? []))
for (const type of ['dragover', 'dragleave', 'drop'] as const) {
  area.addEventListener(type, (event) => {
    event.preventDefault()
    area.classList.toggle('over', type === 'dragover')
    if (type === 'drop') send(event.dataTransfer?.files ?? [])
  })
}

function onSubmit(id: string, action: (fields: Record<string, string>) => Promise<void>): void {
  find(`#${id}`).addEventListener('submit', (event) => {
    event.preventDefault()
    const fields = Object.fromEntries(new FormData(event.target as HTMLFormElement)) as Record<string, string>
    action(fields).catch((error: Error) => show(id, 0, () => 0, Promise.reject(error)))
  })
}

function find(selector: string): HTMLElement {
  return document.querySelector(selector) as HTMLElement
}
