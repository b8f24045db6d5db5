import { checkOptions, LIST, type OptionRule, oneOf, TEXT, TYPES, YES_OR_NO } from '../session/option-rules.ts'
import { checkObject } from '../session/read-argument.ts'
import { MsrpError } from '../wire/index.ts'
import type { MediaChanges, MediaWishes } from './api.ts'
import { DIRECTIONS } from './direction.ts'

const BYTES: OptionRule = [
  'a whole number of bytes above 0',
  (value) => Number.isSafeInteger(value) && Number(value) > 0,
]
/** Looked at where it is used: by `prepare`, or by the session. */
const ELSEWHERE: OptionRule = ['', () => true]

const CHANGES: Readonly<Record<keyof MediaChanges, OptionRule>> = {
  direction: oneOf(...DIRECTIONS),
  chatroom: LIST,
  attributes: LIST,
  information: TEXT,
}

/** Each wish by its name. What a description says of the peer is none: it would be passed over. */
const WISHES: Readonly<Record<keyof MediaWishes, OptionRule>> = {
  ...CHANGES,
  acceptTypes: TYPES,
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

function check(what: string, values: object, rules: Readonly<Record<string, OptionRule>>): void {
  checkObject(what, values)
  const unknown = Object.keys(values).find((name) => !Object.hasOwn(rules, name))
  if (unknown !== undefined) {
    const known = Object.keys(rules).join(', ')
    throw new MsrpError('invalid-argument', `${what}: ${unknown} is none of ${known}`)
  }
  checkOptions(what, values, rules)
}
