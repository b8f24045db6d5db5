import { MsrpError } from '../wire/index.ts'
import { shown } from '../wire/shown.ts'
import type { MediaChanges, MediaWishes } from './api.ts'
import { DIRECTIONS } from './direction.ts'

/** What a value has to be, in words, and whether it is. */
type Rule = readonly [words: string, holds: (value: unknown) => boolean]

const YES_OR_NO: Rule = ['true or false', (value) => typeof value === 'boolean']
const LIST: Rule = ['a list', Array.isArray]
const TEXT: Rule = ['a text', (value) => typeof value === 'string']
const DIRECTION: Rule = [`one of ${DIRECTIONS.join(', ')}`, (value) => DIRECTIONS.some((one) => one === value)]
const BYTES: Rule = ['a whole number of bytes', (value) => Number.isSafeInteger(value) && Number(value) >= 0]
/** Looked at where it is used: by `prepare`, or by the session. */
const ELSEWHERE: Rule = ['', () => true]

const CHANGES: Readonly<Record<keyof MediaChanges, Rule>> = {
  direction: DIRECTION,
  chatroom: LIST,
  attributes: LIST,
  information: TEXT,
}

/** Each wish by its name. What a description says of the peer is none: it would be passed over. */
const WISHES: Readonly<Record<keyof MediaWishes, Rule>> = {
  ...CHANGES,
  acceptTypes: LIST,
  acceptWrappedTypes: LIST,
  maxMessageSize: BYTES,
  cema: YES_OR_NO,
  secure: YES_OR_NO,
  setup: ["'active' or left out", (value) => value === 'active'],
  local: ELSEWHERE,
  relay: ELSEWHERE,
  listen: ELSEWHERE,
  tls: ELSEWHERE,
  containers: ELSEWHERE,
  envelope: ELSEWHERE,
  resumeKey: ELSEWHERE,
  sessmatch: ELSEWHERE,
  onRequest: ELSEWHERE,
  onNickname: ELSEWHERE,
  reportOn: ELSEWHERE,
  reportTimeout: ELSEWHERE,
  chunkSize: ELSEWHERE,
  keepAlive: ELSEWHERE,
  idleTimeout: ELSEWHERE,
  closeTimeout: ELSEWHERE,
  limits: ELSEWHERE,
}

/** @throws MsrpError `invalid-argument` naming the wish that there is not, or that has a value which it cannot have */
export function checkWishes(wishes: MediaWishes): void {
  check('wishes', wishes, WISHES)
}

/** @throws MsrpError `invalid-argument` as `checkWishes` */
export function checkChanges(changes: MediaChanges): void {
  check('change', changes, CHANGES)
}

function check(what: string, values: object, rules: Readonly<Record<string, Rule>>): void {
  for (const [name, value] of Object.entries(values)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (rule === undefined) {
      const known = Object.keys(rules).join(', ')
      throw new MsrpError('invalid-argument', `${what}: ${name} is none of ${known}`)
    }
    const [words, holds] = rule
    if (value === undefined || holds(value)) continue
    throw new MsrpError('invalid-argument', `${what}: ${name} has to be ${words}, not ${shown(String(value))}`)
  }
}
