import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { type Program, startProgram } from '../../../test/support/process.ts'
import { startRelay } from '../../../test/support/relay.ts'
import { requires } from '../../../test/support/requires.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { ServiceManager } from '../src/service-manager.ts'

// A service manager is a unix datagram socket, which Node cannot open: python3 does, and prints what comes as JSON.

const listening = `
import json, os, socket, sys
address = sys.argv[1]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind('\\0' + address[1:] if address[0] == '@' else address)
print('listening', flush=True)
while True:
    message, descriptors, _, _ = socket.recv_fds(receiver, 65536, 8)
    for descriptor in descriptors: os.close(descriptor)
    print(json.dumps(message.decode().split('\\n')), flush=True)
`

beforeEach((context) => requires(context, 'python3', 'systemd-notify'))

test('what the relay does arrives in the order in which it was said', async () => {
  const { address, socket } = await openSocket()
  const manager = new ServiceManager({ environment: { ...process.env, NOTIFY_SOCKET: address }, warn: expect.fail })
  await Promise.all([
    manager.ready('Serves all.'),
    manager.reloading(),
    manager.ready('Again.'),
    manager.stopping(12.5),
  ])
  const [ready, reloading, again, stopping] = told(socket)
  expect(ready).toEqual(['READY=1', 'STATUS=Serves all.'])
  expect(reloading?.[0]).toBe('RELOADING=1')
  const now = Number(process.hrtime.bigint() / 1000n)
  const at = Number(/^MONOTONIC_USEC=(\d+)$/.exec(reloading?.[1] ?? '')?.[1])
  expect(now - at).toBeGreaterThan(0)
  expect(now - at).toBeLessThan(60_000_000)
  expect(again).toEqual(['READY=1', 'STATUS=Again.'])
  expect(stopping?.slice(0, 2)).toEqual(['STOPPING=1', 'EXTEND_TIMEOUT_USEC=12500000'])
})

test('an abstract socket is one too', async () => {
  const { address, socket } = await openSocket(`@msrp-test-${process.pid}-${performance.now()}`)
  const manager = new ServiceManager({ environment: { ...process.env, NOTIFY_SOCKET: address }, warn: expect.fail })
  await manager.ready('Serves.')
  expect(told(socket)).toEqual([['READY=1', 'STATUS=Serves.']])
})

test('a relay says when clients can connect, and when it stops with the time that it may take', async () => {
  const { address, socket } = await openSocket()
  const relay = await startRelay({ settings: { drain: 7 }, env: { NOTIFY_SOCKET: address } })
  await socket.line(/READY=1/)
  await relay.login(relay.alice)
  relay.program.kill('SIGTERM')
  await socket.line(/STOPPING=1.*EXTEND_TIMEOUT_USEC=12000000/)
  expect((await relay.program.exit()).code).toBe(0)
})

test('without a service manager nothing is started, and nobody waits', async () => {
  const manager = new ServiceManager({ environment: {}, warn: expect.fail, program: '/missing' })
  await manager.ready('Serves.')
})

test('a service manager that cannot be told is complained about once, and harms nobody', async () => {
  const complaints: string[] = []
  const environment = { PATH: process.env.PATH, NOTIFY_SOCKET: join(temporaryFolder(), 'nobody') }
  const manager = new ServiceManager({ environment, warn: (message) => complaints.push(message) })
  await manager.ready('Serves.')
  await manager.reloading()
  expect(complaints).toHaveLength(1)
  expect(complaints[0]).toMatch(/^cannot tell the service manager/)
})

test('a missing systemd-notify is complained about by its name', async () => {
  const complaints: string[] = []
  const options = { environment: { NOTIFY_SOCKET: '/run/nobody' }, warn: (text: string) => complaints.push(text) }
  await new ServiceManager({ ...options, program: 'no-such-notify' }).ready('Serves.')
  expect(complaints.join()).toContain('no-such-notify')
})

async function openSocket(name?: string): Promise<{ address: string; socket: Program }> {
  const address = name ?? join(temporaryFolder(), 'notify')
  const socket = startProgram('python3', ['-c', listening, address])
  onTestFinished(() => socket.stop())
  await socket.line(/^listening$/)
  return { address, socket }
}

/** systemd-notify ends when the receiver has closed the descriptor that it sends last, so all has been printed by then. */
function told(socket: Program): string[][] {
  return socket.stdout.lines
    .slice(1)
    .map((line): string[] => JSON.parse(line))
    .filter(([first]) => first !== 'BARRIER=1')
}
