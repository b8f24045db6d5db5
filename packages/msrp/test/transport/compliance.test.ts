import { transportCompliance } from './compliance.ts'
import { memoryPair } from './memory-transport.ts'
import { socketPair } from './socket-pair.ts'
import { browserWebSocketPair, webSocketPair } from './web-socket-pair.ts'

const stop = async (): Promise<void> => {}

transportCompliance({ name: 'memory', secure: false, connect: async () => ({ ...memoryPair(), stop }) })
transportCompliance({
  name: 'memory in small pieces',
  secure: true,
  connect: async () => ({ ...memoryPair({ split: 1777, capacity: 5000, secure: true }), stop }),
})
transportCompliance({ name: 'TCP', secure: false, connect: () => socketPair(false) })
transportCompliance({ name: 'TLS', secure: true, connect: () => socketPair(true) })
transportCompliance({ name: 'WebSocket', secure: false, connect: () => webSocketPair(false) })
transportCompliance({ name: 'WebSocket over TLS', secure: true, connect: () => webSocketPair(true) })
transportCompliance({ name: 'WebSocket of a browser', secure: false, sendsOn: true, connect: browserWebSocketPair })
