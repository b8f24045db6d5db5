/** What the options of a session or endpoint ask for, loaded before there is any: see `Parts`. */
export { decisionOn } from './decisions.ts'
export { IdleWatch } from './idle-watch.ts'
export { InterruptedMessages } from './interrupted-messages.ts'
export { KeepAlive } from './keep-alive.ts'
export { NicknameRequests } from './nickname.ts'
export { StallWatch } from './stall-watch.ts'
export { traceOf } from './wire-trace.ts'
export { checkWrappedTypes, typesInside, unwantedIn } from './wrapped-types.ts'
