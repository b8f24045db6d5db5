import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'

/** Set in the processes of the namespace. */
const INSIDE = 'MSRP_BENCH_INSIDE'

/** Whether this is the process that measures. */
export const inside: boolean = process.env[INSIDE] !== undefined

/**
 * Runs this program again in namespaces of its own, and resolves with its exit code.
 *
 * Network: loopback carries nothing else, and TCP's congestion control is `reno`; others, such as `bbr`, pace what goes over
 * loopback, at twice the cost. Processes: when the first one in there ends, the kernel ends all others, so that nothing of a
 * run outlives it however it ends. Who is not root is root in there alone.
 */
export async function runInNamespace(): Promise<number> {
  const setUp =
    'ulimit -n "$(ulimit -Hn)" && ip link set lo up && sysctl -qw net.ipv4.tcp_congestion_control=reno net.ipv4.tcp_tw_reuse=1 && "$0" "$@"'
  const own = ['--net', '--pid', '--fork', '--kill-child', '--mount-proc', ...(process.getuid?.() === 0 ? [] : ['-r'])]
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  const child = spawn('unshare', [...own, 'sh', '-c', setUp, ...command], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, [INSIDE]: '1' },
    // Out of reach of Ctrl-C: what is measured must not end before this process says so.
    detached: true,
  })
  let stopped: NodeJS.Signals | undefined
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      stopped = signal
      child.kill('SIGKILL')
    })
  }
  const [code] = (await once(child, 'exit')) as [number | null]
  return stopped === undefined ? (code ?? 1) : 128 + constants.signals[stopped]
}
