import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startProgram } from './support/process.ts'
import { repositoryRoot } from './support/repository.ts'
import { expectExit } from './support/transfer.ts'

test('examples/room.ts gives out nicknames, passes messages on, and refuses what is not to go through', async () => {
  const program = startProgram(process.execPath, [join(repositoryRoot, 'examples/room.ts')])
  await expectExit(program)
  // Who reads first is not said, nor whether somebody reads before a refusal is there.
  expect(program.stdout.lines.toSorted()).toEqual([
    'The message was refused: 403 From is not the sender',
    'The message was refused: 404 To is nobody in this chat room',
    'The message was refused: 428 Private Messages Not Supported',
    'The nickname " " was not given: it is no nickname (424)',
    'The nickname "Nobody" was not given: the chat room has no nicknames, or none for this user (403)',
    'The nickname "alice  the great" was not given: it is taken or reserved, choose another one (425)',
    'sip:alice@example.com reads alone: sip:bob@example.com: Hello Alice',
    'sip:anonymous-7@anonymous.invalid reads: sip:alice@example.com: Hello all',
    'sip:bob@example.com reads: sip:alice@example.com: Hello all',
  ])
})
