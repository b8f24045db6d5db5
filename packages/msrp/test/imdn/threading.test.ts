import { describe, expect, test } from 'vitest'
import { buildCpim, type CpimHead, parseCpim } from '../../src/cpim/index.ts'
import { readThreading, type Threading, withThreading } from '../../src/imdn/index.ts'

const parties = { from: 'sip:a@example.com', to: 'sip:b@example.com' }

function head(lines: readonly string[]): CpimHead {
  const text = ['From: <sip:a@example.com>', ...lines, '', 'Content-Type: text/plain', '', 'x'].join('\r\n')
  return parseCpim(new TextEncoder().encode(text)).head
}

describe('threading is read from', () => {
  test.each<[string, string[], Threading]>([
    [
      'a reaction of the Universal Profile, prefixes chosen by its sender',
      [
        'NS: n1 <http://www.gsma.com>',
        'NS: n2 <urn:rcs:message:reactions:>',
        'n1.Reference-ID: msg-42',
        'n1.Reference-Type: +Reaction',
        'n2.Origin-Surface-Type: 1',
      ],
      { reference: { messageId: 'msg-42', type: '+Reaction' } },
    ],
    [
      'a reaction in the manner before that',
      [
        'NS: r <urn:rcs:message:reactions:>',
        'r.In-Reply-To-Message-Id: msg-42',
        'r.Message-Reply-Type: message-reaction-add',
      ],
      { reference: { messageId: 'msg-42', type: '+Reaction' } },
    ],
    [
      'one that is taken back',
      [
        'NS: r <urn:rcs:message:reactions:>',
        'r.In-Reply-To-Message-Id: msg-42',
        'r.Message-Reply-Type: message-reaction-remove',
      ],
      { reference: { messageId: 'msg-42', type: '-Reaction' } },
    ],
    [
      'a reply in the same manner',
      ['NS: r <urn:rcs:message:replies:>', 'r.In-Reply-To-Message-Id: msg-42'],
      { reference: { messageId: 'msg-42', type: 'Reply' } },
    ],
    [
      'ids in the namespace of CPM',
      [
        'NS: cpm <http://www.openmobilealliance.org/cpm/>',
        'cpm.Payload-Type: text/plain',
        'cpm.Conversation-ID: 4f93',
        'cpm.Contribution-ID: 94d8',
        'cpm.InReplyTo-Contribution-ID: 01c7',
      ],
      { conversationId: '4f93', contributionId: '94d8', inReplyToContributionId: '01c7' },
    ],
    [
      'ids that a gateway copied from SIP as they were',
      ['Conversation-ID: 4f93', 'Contribution-ID: 94d8'],
      { conversationId: '4f93', contributionId: '94d8' },
    ],
    ['a message of its own', ['NS: imdn <urn:ietf:params:imdn>', 'imdn.Message-ID: x'], {}],
    ['a prefix that means something else', ['NS: n1 <urn:x:y>', 'n1.Reference-ID: x'], {}],
  ])('%s', (_, lines, expected) => {
    expect(readThreading(head(lines))).toEqual(expected)
  })
})

test('threading is written, and read again', () => {
  const threading: Threading = {
    conversationId: '4f93f0fe-86d6-462c-9ba2-e4bc3d1cafcc',
    contributionId: '94d850fb-ed40-437e-9609-de9ea0e393d9',
    inReplyToContributionId: 'a<b>"c"',
    reference: { messageId: 'msg-42', type: '-Reaction' },
  }
  const parts = withThreading({ ...parties, namespaces: { x: 'urn:x:y' }, headers: [['x.Y', 'z']] }, threading)
  const { head: read } = parseCpim(buildCpim(parts, '👍'))
  expect(readThreading(read)).toEqual(threading)
  expect(read.find('urn:x:y', 'Y')?.value).toBe('z')
  expect(withThreading({}, {})).toEqual({ namespaces: {}, headers: [] })
})
