import { spawnSync } from 'node:child_process'
import type { TestContext } from 'vitest'
import { requires } from '../requires.ts'
import { NetworkNamespace } from './namespace.ts'

/** Where servers are, in the public segment; an address for documentation (RFC 5737). */
export const PUBLIC_ADDRESS = '192.0.2.1'

/** A machine behind a NAT. Every one has the same address. */
export interface NattedHost {
  readonly host: NetworkNamespace
  readonly nat: Nat
}

/** A public segment with one host for servers, and two private ones, each behind a NAT of its own, with the same addresses. */
export interface TwoNats {
  readonly server: NetworkNamespace
  readonly alice: NattedHost
  readonly bob: NattedHost
}

/** `remembers`: how many seconds the NATs keep a silent TCP connection in mind. */
export async function twoNats(remembers: number): Promise<TwoNats> {
  const server = await NetworkNamespace.create()
  server.run(`ip link add segment type bridge; ip address add ${PUBLIC_ADDRESS}/24 dev segment; ip link set segment up`)
  const [alice, bob] = await Promise.all([behindNat(server, 'a', 11, remembers), behindNat(server, 'b', 12, remembers)])
  return { server, alice, bob }
}

async function behindNat(
  server: NetworkNamespace,
  port: string,
  address: number,
  remembers: number,
): Promise<NattedHost> {
  const [router, host] = await Promise.all([NetworkNamespace.create(), NetworkNamespace.create()])
  router.connect('public', server, `port-${port}`)
  router.connect('private', host, 'ethernet')
  server.run(`ip link set port-${port} master segment up`)
  router.run(`
    ip address add 192.0.2.${address}/24 dev public; ip link set public up
    ip address add 10.0.0.1/24 dev private; ip link set private up
  `)
  host.run('ip address add 10.0.0.2/24 dev ethernet; ip link set ethernet up; ip route add default via 10.0.0.1')
  router.run('nft -f -', rules)
  router.run(`
    echo 1 > /proc/sys/net/ipv4/ip_forward
    echo ${remembers} > /proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established
    echo 0 > /proc/sys/net/netfilter/nf_conntrack_tcp_loose
  `)
  return { host, nat: new Nat(router) }
}

/** As in a router at home: from the inside everything may go out, from the outside only answers come in. No word to others. */
const rules = `
  table ip translation {
    chain outwards { type nat hook postrouting priority srcnat; oifname "public" masquerade; }
  }
  table ip filter {
    chain through {
      type filter hook forward priority filter; policy drop;
      ct state established,related accept
      iifname "private" ct state new accept
    }
    chain in { type filter hook input priority filter; policy drop; iifname "private" accept; }
  }
`

/** Skips the test where such networks cannot be made. */
export function requiresNats(context: Pick<TestContext, 'skip'>): void {
  requires(context, 'ip', 'nft', 'conntrack', 'unshare', 'nsenter')
  const trial = 'ip link add one type bridge; ip link add two type veth peer name three; nft -f -; conntrack --count'
  const { status, stderr } = spawnSync('unshare', ['--net', 'sh', '-ec', trial], { input: rules, encoding: 'utf8' })
  if (status === 0) return
  context.skip(`network namespaces with NAT are not permitted here (${stderr.trim().replace(/\n.*/s, '')})`)
}

/** What a NAT remembers. */
export class Nat {
  readonly #router: NetworkNamespace

  constructor(router: NetworkNamespace) {
    this.#router = router
  }

  /** Ports of the private host whose connections it has in mind. */
  get mappings(): readonly number[] {
    const list = this.#router.run('conntrack --dump --proto tcp --state ESTABLISHED --orig-src 10.0.0.2 2>/dev/null')
    return [...list.matchAll(/ESTABLISHED src=10\.0\.0\.2 \S+ sport=(\d+)/g)].map((match) => Number(match[1]))
  }

  /** Forgets everything at once, as when it is switched off and on. */
  forget(): void {
    this.#router.run('conntrack --flush 2>/dev/null')
  }
}
