import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { settle } from '../forwarding/network.ts'
import { AdminNetwork } from './admin.ts'
import { readExposition, valueIn } from './exposition.ts'

const farUri = 'msrps://far.example.net:7000/f;tcp'
const document = (path: string): string => readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8')
const own = async (): Promise<string[]> =>
  [...(await new AdminNetwork().metrics()).keys()].filter((name) => name.startsWith('msrp_relay_'))

describe('/metrics', () => {
  it('is what Prometheus reads, with the type that it asks for', async () => {
    const response = await new AdminNetwork().call('GET /metrics')
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    const metrics = readExposition(await response.text())
    expect(metrics.has('process_cpu_seconds_total')).toBe(true)
    expect(metrics.has('nodejs_eventloop_lag_p99_seconds')).toBe(true)
  })

  it('has all series from the start, with 0, and the same ones later', async () => {
    const series = async (admin: AdminNetwork): Promise<Map<string, number>> =>
      new Map(
        [...(await admin.metrics())]
          .filter(([name]) => name.startsWith('msrp_relay_'))
          .flatMap(([, { samples }]) => [...samples]),
      )
    const starting = await series(new AdminNetwork({ relay: undefined, state: 'starting' }))
    const constant = ['msrp_relay_info', 'msrp_relay_buffer_limit', 'msrp_relay_certificate']
    for (const [name, value] of starting)
      if (!constant.some((one) => name.startsWith(one))) expect([name, value]).toEqual([name, 0])
    const admin = new AdminNetwork()
    const client = await admin.network.client('alice')
    client.send([client.token, farUri], 'hello')
    client.request('FROBNICATE', { toPath: [client.token, farUri] })
    await settle()
    admin.network.connect().request('SEND', { toPath: ['msrps://elsewhere.example.net:1/x;tcp'] })
    await settle()
    await client.authenticate('alice', 'guess')
    client.close()
    await settle()
    expect([...(await series(admin)).keys()].sort()).toEqual([...starting.keys()].sort())
  })

  it('counts exactly what happened', async () => {
    const admin = new AdminNetwork()
    const client = await admin.network.client('alice')
    const far = admin.network.within(farUri)
    far.answers = true
    client.send([client.token, farUri], 'hello')
    await settle()
    far.send(client.path, 'and hello to you')
    await settle()
    const first = client.all('SEND')[0]
    client.respond(first)
    client.report(first, '000 200 OK', '1-16/16')
    await settle()
    const peer = admin.network.connect()
    await peer.response(peer.send(['msrps://relay.example.com:2855/nobody;tcp', client.uri], 'hello'))
    const metrics = await admin.metrics()
    const values = Object.fromEntries(
      [
        'msrp_relay_sessions',
        'msrp_relay_sessions_started_total',
        'msrp_relay_connections{transport="tls",direction="inbound"}',
        'msrp_relay_connections{transport="tls",direction="outbound"}',
        'msrp_relay_chunks_total{transport="tls",direction="received"}',
        'msrp_relay_chunks_total{transport="tls",direction="sent"}',
        'msrp_relay_body_bytes_total',
        'msrp_relay_requests_total{method="AUTH"}',
        'msrp_relay_requests_total{method="SEND"}',
        'msrp_relay_requests_total{method="REPORT"}',
        'msrp_relay_responses_total{direction="received",status="200"}',
        'msrp_relay_responses_total{direction="sent",status="200"}',
        'msrp_relay_responses_total{direction="sent",status="401"}',
        'msrp_relay_responses_total{direction="sent",status="481"}',
        'msrp_relay_reports_total{origin="forwarded",status="200"}',
        'msrp_relay_turned_away_total{reason="unknown_token"}',
        'msrp_relay_auth_total{result="ok"}',
        'msrp_relay_auth_total{result="challenged"}',
        'msrp_relay_dials_total{result="connected"}',
        'msrp_relay_auth_seconds_count',
        'msrp_relay_answer_seconds_count',
        'msrp_relay_answer_seconds_bucket{le="0.001"}',
      ].map((series) => [series.replace('msrp_relay_', ''), valueIn(metrics, series)]),
    )
    expect(values).toEqual({
      sessions: 1,
      sessions_started_total: 1,
      'connections{transport="tls",direction="inbound"}': 2,
      'connections{transport="tls",direction="outbound"}': 1,
      'chunks_total{transport="tls",direction="received"}': 3,
      'chunks_total{transport="tls",direction="sent"}': 2,
      body_bytes_total: 21,
      'requests_total{method="AUTH"}': 2,
      'requests_total{method="SEND"}': 3,
      'requests_total{method="REPORT"}': 1,
      'responses_total{direction="received",status="200"}': 2,
      'responses_total{direction="sent",status="200"}': 3,
      'responses_total{direction="sent",status="401"}': 1,
      'responses_total{direction="sent",status="481"}': 1,
      'reports_total{origin="forwarded",status="200"}': 1,
      'turned_away_total{reason="unknown_token"}': 1,
      'auth_total{result="ok"}': 1,
      'auth_total{result="challenged"}': 1,
      'dials_total{result="connected"}': 1,
      auth_seconds_count: 2,
      answer_seconds_count: 2,
      'answer_seconds_bucket{le="0.001"}': 2,
    })
  })

  it('has as many series after a hundred made-up methods, statuses and users', async () => {
    const admin = new AdminNetwork()
    const size = async (): Promise<number> =>
      [...(await admin.metrics())]
        .filter(([name]) => name.startsWith('msrp_relay_'))
        .reduce((sum, [, { samples }]) => sum + samples.size, 0)
    const before = await size()
    const client = await admin.network.client('alice')
    const far = admin.network.within(farUri)
    client.send([client.token, farUri], 'hello')
    await settle()
    for (let status = 200; status < 999; status += 7) {
      client.request(`METHOD${'X'.repeat(status % 100)}`, { toPath: [client.token, farUri] })
      await settle()
      far.respond(far.requests.at(-1), status)
    }
    await settle()
    expect(await size()).toBe(before)
    expect(valueIn(await admin.metrics(), 'msrp_relay_requests_total{method="other"}')).toBe(115)
  })
})

describe('docs/monitoring.md', () => {
  it('has a row for each metric of the relay, and for no other', async () => {
    const rows = [...document('docs/monitoring.md').matchAll(/^\| `(msrp_relay_\w+)` \| (\w+) \|/gm)]
    const metrics = await new AdminNetwork().metrics()
    const exposed = [...metrics].filter(([name]) => name.startsWith('msrp_relay_'))
    expect(rows.map(([, name, type]) => [name, type])).toEqual(exposed.map(([name, { type }]) => [name, type]))
  })

  it('names the labels of each', async () => {
    for (const [name, { samples }] of await new AdminNetwork().metrics()) {
      if (!name.startsWith('msrp_relay_')) continue
      const labels = new Set(
        [...samples.keys()].flatMap((series) => [...series.matchAll(/(\w+)="/g)].map(([, label]) => label)),
      )
      labels.delete('le')
      const row = new RegExp(`^\\| \`${name}\` \\| \\w+ \\| ([^|]*) \\|`, 'm').exec(document('docs/monitoring.md'))
      expect([name, row?.[1]?.trim()]).toEqual([name, [...labels].map((label) => `\`${label}\``).join(', ')])
    }
  })
})

describe('the dashboard', () => {
  interface Panel {
    id: number
    type: string
    title: string
    description?: string
    gridPos: { h: number; w: number; x: number; y: number }
    datasource?: unknown
    targets?: { expr: string; refId: string }[]
  }
  const read = (): Record<string, unknown> & { panels: Panel[] } =>
    JSON.parse(document('packages/relay/grafana/msrp-relay.json'))

  it('is one that Grafana imports: its schema, its inputs, its grid', () => {
    const dashboard = read()
    expect(dashboard).toMatchObject({ schemaVersion: expect.any(Number), uid: 'msrp-relay', editable: true, id: null })
    expect(Number(dashboard.schemaVersion)).toBeGreaterThanOrEqual(39)
    const ids = dashboard.panels.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const taken = new Set<string>()
    for (const { title, gridPos, type, targets = [], datasource } of dashboard.panels) {
      expect(title).not.toBe('')
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect([title, taken.has(`${x} ${y}`)]).toEqual([title, false])
          taken.add(`${x} ${y}`)
        }
      }
      if (type === 'row') continue
      expect(datasource).toEqual({ type: 'prometheus', uid: `\${datasource}` })
      expect(targets.length).toBeGreaterThan(0)
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length)
    }
  })

  it('shows metrics that exist, with labels that they have, and forgets none of the relay', async () => {
    const metrics = await new AdminNetwork().metrics()
    const series = [...metrics.values()].flatMap(({ samples }) => [...samples.keys()])
    const names = new Set(series.map((one) => one.replace(/\{.*/, '')))
    const expressions = read().panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
    const shown = new Set<string>()
    for (const expression of expressions) {
      for (const [, name = '', labels = ''] of expression.matchAll(
        /\b((?:msrp_relay|process|nodejs)_\w+)(?:\{([^}]*)\})?/g,
      )) {
        expect([expression, names.has(name)]).toEqual([expression, true])
        shown.add(name.replace(/_(bucket|sum|count)$/, ''))
        for (const [, label = ''] of labels.matchAll(/(\w+)\s*[=!]~?"/g)) {
          if (label === 'instance' || label === 'job') continue
          const isThere = series.some((one) => one.startsWith(`${name}{`) && one.includes(`${label}="`))
          expect([expression, label, isThere]).toEqual([expression, label, true])
        }
      }
    }
    expect((await own()).filter((name) => !shown.has(name))).toEqual([])
  })
})
