import type { MemoryTransport } from '../transport/memory-transport.ts'
import type { MemoryPlatform } from './memory-platform.ts'

/** Notes what is written in one go on the connections that are dialled. */
export function noteWrites(platform: MemoryPlatform): Buffer[] {
  const writes: Buffer[] = []
  const dial = platform.dial.bind(platform)
  platform.dial = async (target) => {
    const transport = (await dial(target)) as MemoryTransport
    const write = transport.write.bind(transport)
    transport.write = (bytes) => {
      writes.push(Buffer.from(bytes))
      write(bytes)
    }
    return transport
  }
  return writes
}
