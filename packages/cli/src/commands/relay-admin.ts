import { Command } from 'commander'
import { MsrpError } from 'msrp'
import type { ListedSession, RelayStatus, SessionPage, TraceLine } from 'msrp-relay'
import { SessionTable } from '../admin/session-table.ts'
import type { Context } from '../context.ts'
import { type AdminOptions, adminClient, withAdmin } from '../options/admin.ts'
import { readCount } from '../options/values.ts'
import { printableLine } from '../terminal/printable.ts'
import { formatBytes, formatDuration } from '../terminal/units.ts'

/** Sessions that are asked for at once. */
const PAGE = 1000

const secretCalls = `
It needs the token of the relay's configuration, [admin] token: named by --config, or given by --token-file.`

/** The commands that talk to the admin port of a relay that runs. */
export function adminCommands(context: Context): Command[] {
  return [
    statusCommand(context),
    sessionsCommand(context),
    kickCommand(context),
    traceCommand(context),
    reloadCommand(context),
    drainCommand(context),
  ]
}

function statusCommand(context: Context): Command {
  const { output } = context
  return withAdmin(new Command('status').summary('tell how a relay is').description('Tell how a relay that runs is.'))
    .addHelpText('after', '\nExample:\n  msrp relay status --config /etc/msrp-relay/relay.toml')
    .action(async (options: AdminOptions) => {
      const client = await adminClient(options, context)
      const status = await client.call<RelayStatus>('GET', '/status')
      output.event({ event: 'status', ...status })
      if (!output.json) for (const line of statusLines(status)) output.print(line)
    })
}

function statusLines(status: RelayStatus): string[] {
  const { version, state, started, users, sessions, connections, buffer, forwarded, certificateExpires } = status
  const open = Object.entries(connections)
    .filter(([, { inbound, outbound }]) => inbound + outbound > 0)
    .map(([protocol, { inbound, outbound }]) => `${protocol} ${inbound} in, ${outbound} out`)
  const running = formatDuration((Date.now() - Date.parse(started)) / 1000)
  const share = ((100 * buffer.bytes) / Math.max(1, buffer.limit)).toFixed(0)
  const facts: [string, string][] = [
    ['state', `${state}, for ${running}, version ${version}`],
    ['users', users === 'reachable' ? 'can be looked up' : 'CANNOT be looked up: nobody can log in'],
    ['sessions', String(sessions)],
    ['connections', open.join('; ') || 'none'],
    ['forwarded', `${formatBytes(forwarded.bytes)} in ${forwarded.chunks} chunks`],
    ['buffer', `${formatBytes(buffer.bytes)} of ${formatBytes(buffer.limit)} (${share} %)`],
    ['certificate', certificateExpires === null ? 'unknown' : `until ${certificateExpires.slice(0, 10)}`],
  ]
  return facts.map(([name, value]) => printableLine(`${name.padEnd(12)} ${value}`))
}

function sessionsCommand(context: Context): Command {
  const { output } = context
  return withAdmin(
    new Command('sessions')
      .summary('list the sessions of a relay')
      .description('List the sessions of a relay that runs, oldest first.'),
  )
    .option('--account <NAME@DOMAIN>', 'those of one account alone')
    .option('--domain <DOMAIN>', 'those of one domain alone')
    .addHelpText('after', secretCalls)
    .action(async (options: AdminOptions & { account?: string; domain?: string }) => {
      const client = await adminClient(options, context)
      const table = new SessionTable(Date.now())
      let count = 0
      for (let after: string | null | undefined; after !== null; ) {
        const query = new URLSearchParams({ limit: String(PAGE) })
        for (const [name, value] of Object.entries({ account: options.account, domain: options.domain, after })) {
          if (typeof value === 'string') query.set(name, value)
        }
        const page = await client.call<SessionPage>('GET', `/sessions?${query}`)
        for (const session of page.sessions) output.event(sessionEvent(session))
        if (!output.json && page.sessions.length > 0) for (const line of table.lines(page.sessions)) output.print(line)
        count += page.sessions.length
        after = page.next
      }
      if (count === 0) output.say('There are no sessions.')
    })
}

function sessionEvent({ sent, received, peers, ...session }: ListedSession) {
  return {
    event: 'session' as const,
    ...session,
    sentMessages: sent.messages,
    sentChunks: sent.chunks,
    sentBytes: sent.bytes,
    receivedMessages: received.messages,
    receivedChunks: received.chunks,
    receivedBytes: received.bytes,
    peers,
  }
}

function kickCommand(context: Context): Command {
  const { output } = context
  return withAdmin(
    new Command('kick')
      .summary('end sessions')
      .description('End sessions of a relay that runs. Senders are told of what was under way.')
      .argument('<TARGET...>', 'the ID of a session, or NAME@DOMAIN for all of an account'),
  )
    .addHelpText('after', `${secretCalls}\nWho is not to come back has to be removed from the users first.`)
    .action(async (targets: string[], options: AdminOptions) => {
      const client = await adminClient(options, context)
      for (const target of targets) {
        const named = encodeURIComponent(target)
        const path = target.includes('@') ? `/sessions?account=${named}` : `/sessions/${named}`
        const { ended } = await client.call<{ ended: number }>('DELETE', path)
        if (ended === 0) throw new MsrpError('refused', `${target} has no session`)
        output.event({ event: 'kicked', target, sessions: ended })
        if (!output.json)
          output.print(printableLine(`${target}: ended ${ended === 1 ? 'one session' : `${ended} sessions`}`))
      }
    })
}

function traceCommand(context: Context): Command {
  const { output } = context
  return withAdmin(
    new Command('trace')
      .summary('show what goes over the wire')
      .description(
        'Show requests and responses of a session or account, for a while. Credentials are masked, bodies counted.',
      )
      .argument('<TARGET>', 'the ID of a session, or NAME@DOMAIN'),
  )
    .option('--seconds <N>', 'for so long, an hour at most', readCount, 60)
    .addHelpText('after', `${secretCalls}\nCtrl-C ends it. Meanwhile each message costs the relay a little more.`)
    .action(async (target: string, options: AdminOptions & { seconds: number }) => {
      const client = await adminClient(options, context)
      for await (const line of client.lines('GET', `/trace/${encodeURIComponent(target)}?seconds=${options.seconds}`)) {
        if (isTraceLine(line)) {
          output.event({ event: 'trace', ...line })
          if (!output.json) for (const text of traceLines(line)) output.print(text)
        } else if (typeof line === 'object' && line !== null && 'leftOut' in line) {
          output.warn(`${line.leftOut} lines were left out: they came faster than they could be shown`)
        }
      }
    })
}

function isTraceLine(value: unknown): value is TraceLine {
  return typeof value === 'object' && value !== null && 'lines' in value && Array.isArray(value.lines)
}

function traceLines({ time, connection, far, direction, lines }: TraceLine): string[] {
  const arrow = direction === 'in' ? '<' : '>'
  const [clock = ''] = /\d\d:\d\d:\d\d\.\d+/.exec(time) ?? []
  // An end-line names its request, so the time and the connection need not stand there again.
  const heading = lines[0]?.startsWith('MSRP ') ? [`${clock} ${arrow} ${far} (connection ${connection})`] : []
  return [...heading, ...lines.map((line) => `${arrow}   ${line}`)].map(printableLine)
}

function reloadCommand(context: Context): Command {
  const { output } = context
  return withAdmin(
    new Command('reload')
      .summary('have a relay read its configuration again')
      .description('Have a relay that runs read its configuration, certificates and users again, as SIGHUP does.'),
  )
    .addHelpText('after', secretCalls)
    .action(async (options: AdminOptions) => {
      const client = await adminClient(options, context)
      const { later } = await client.call<{ later: readonly string[] }>('POST', '/reload')
      output.event({ event: 'reloaded', later })
      const rest = later.length === 0 ? '' : ` These wait for its next start: ${later.join(', ')}.`
      if (!output.json) output.print(printableLine(`The relay has read its configuration again.${rest}`))
    })
}

function drainCommand(context: Context): Command {
  const { output } = context
  return withAdmin(
    new Command('drain')
      .summary('have a relay stop in order')
      .description(
        'Have a relay that runs take no new sessions, let what is under way go out, and stop, as SIGTERM does.',
      ),
  )
    .addHelpText('after', secretCalls)
    .action(async (options: AdminOptions) => {
      const client = await adminClient(options, context)
      await client.call('POST', '/drain')
      output.event({ event: 'draining' })
      if (!output.json) output.print('The relay drains; it stops when nothing is left, or its time is over.')
    })
}
